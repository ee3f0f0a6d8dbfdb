/** The server side of Stratum V1 connections, one line at a time under a test's control, and who listens to a session. */
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { toHex } from "../../src/lib/bytes.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { swappedWords } from "../../src/sv1/notify-job.ts";
import type { V1Options } from "../../src/sv1/options.ts";
import { V1Session } from "../../src/sv1/session.ts";
import type {
  LinkEnd,
  LinkHandlers,
  LinkTerms,
  SentShare,
  WorkChannel,
} from "../../src/upstream/pool-link.ts";
import { BIP320_MASK, type Work } from "../../src/work/work.ts";
import { fixedEntropy } from "../support/scripted-server.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";

export const HOST = "pool.example.com";
export const PORT = 3_333;

export interface Line {
  readonly id: number | string | null;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

/** One accepted connection; answers nothing by itself. */
export class ServerEnd {
  readonly stream: ByteStream;
  readonly received: Line[] = [];
  onLine: (line: Line, server: ServerEnd) => void = () => {};
  ended = false;
  #pending = "";

  constructor(stream: ByteStream) {
    this.stream = stream;
    stream.onEnd(() => {
      this.ended = true;
    });
    stream.onData((chunk) => {
      this.#pending += new TextDecoder().decode(chunk);
      const lines = this.#pending.split("\n");
      this.#pending = lines.pop() ?? "";
      for (const text of lines) {
        const line = JSON.parse(text) as Line;
        this.received.push(line);
        this.onLine(line, this);
      }
    });
  }

  send(...messages: readonly object[]): void {
    this.raw(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }

  raw(text: string): void {
    this.stream.write(new TextEncoder().encode(text));
  }

  answer(line: Line, result: unknown, error: unknown = null): void {
    this.send({ id: line.id, result, error });
  }

  call(method: string, ...params: readonly unknown[]): void {
    this.send({ id: null, method, params });
  }

  notify(job: Partial<NotifyFields> = {}): void {
    this.call("mining.notify", ...notifyParams(job));
  }

  /** What was called with this method, in order. */
  calls(method: string): Line[] {
    return this.received.filter((line) => line.method === method);
  }

  /** Plays the part of an ordinary pool, as far as channels and shares go. */
  serve(options: Partial<ServeOptions> = {}): void {
    const { mask, extranonce1, extranonce2Size, verdict } = { ...SERVE, ...options };
    this.onLine = (line) => {
      if (line.method === "mining.configure")
        this.answer(line, { "version-rolling": true, "version-rolling.mask": mask });
      if (line.method === "mining.subscribe")
        this.answer(line, [[["mining.notify", "sub-1"]], extranonce1, extranonce2Size]);
      if (line.method === "mining.authorize" || line.method === "mining.extranonce.subscribe")
        this.answer(line, true);
      if (line.method === "mining.submit") verdict?.(line, this);
    };
  }
}

interface ServeOptions {
  readonly mask: string;
  readonly extranonce1: string;
  readonly extranonce2Size: number;
  /** Absent: shares stay without an answer. */
  readonly verdict?: (line: Line, server: ServerEnd) => void;
}

const SERVE: ServeOptions = { mask: "1fffe000", extranonce1: "08000002", extranonce2Size: 4 };

export interface NotifyFields {
  readonly name: string | number;
  /** Internal byte order. */
  readonly prevHash: Uint8Array;
  readonly prefix: string;
  readonly suffix: string;
  readonly branches: readonly string[];
  readonly version: string;
  readonly nbits: string;
  readonly ntime: string;
  readonly clean: boolean;
}

export function notifyParams(job: Partial<NotifyFields> = {}): unknown[] {
  const prevHash = job.prevHash ?? filled(1);
  return [
    job.name ?? "job-1",
    toHex(swappedWords(prevHash)),
    job.prefix ?? "0100",
    job.suffix ?? "ff00",
    job.branches ?? [],
    job.version ?? "20000000",
    job.nbits ?? "1d00ffff",
    job.ntime ?? "65000000",
    job.clean ?? false,
  ];
}

export function filled(value: number): Uint8Array {
  return new Uint8Array(32).fill(value);
}

/** What the session told its owner, as words; opens as many channels as wanted. */
export class Recorder implements LinkHandlers {
  readonly events: string[] = [];
  readonly opened: WorkChannel[] = [];
  readonly ends: LinkEnd[] = [];
  readonly accepted: SentShare[] = [];
  readonly rejected: string[] = [];
  readonly newBlockTimes: (number | undefined)[] = [];
  lost = 0;
  terms: LinkTerms | undefined;
  session: V1Session | undefined;
  wanted = 1;

  onReady(terms: LinkTerms): void {
    this.terms = terms;
    this.events.push(`ready ${terms.versionMask.toString(16)} ${terms.rollsExtranonce}`);
    for (let i = 0; i < this.wanted; i++) this.session?.openChannel(1e12);
  }
  onDown(end: LinkEnd): void {
    this.ends.push(end);
    this.events.push(`down ${end.kind}: ${end.reason}`);
  }
  onChannelOpened(_requestId: number, channel: WorkChannel): void {
    this.opened.push(channel);
    this.events.push(`opened ${channel.work === undefined ? "without" : "with"} work`);
  }
  onChannelRefused(_requestId: number, code: string): void {
    this.events.push(`refused ${code}`);
  }
  onWork(channel: WorkChannel, newBlockAtMs?: number): void {
    this.newBlockTimes.push(newBlockAtMs);
    this.events.push(
      `work ${channel.work === undefined ? "none" : toHex(channel.work.tip.prevHash.subarray(0, 1))}`,
    );
  }
  onChannelClosed(_channel: WorkChannel, reason: string): void {
    this.events.push(`closed ${reason}`);
  }
  onShareAccepted(share: SentShare): void {
    this.accepted.push(share);
  }
  onShareRejected(_share: SentShare, code: string): void {
    this.rejected.push(code);
  }
  onSharesLost(count: number): void {
    this.lost += count;
  }
}

/** Everything that is logged, as one text. */
export class LogText implements Logger {
  text = "";
  lines = 0;
  trace = (fields: object, message: string) => this.#add(fields, message);
  debug = (fields: object, message: string) => this.#add(fields, message);
  info = (fields: object, message: string) => this.#add(fields, message);
  warn = (fields: object, message: string) => this.#add(fields, message);
  error = (fields: object, message: string) => this.#add(fields, message);
  child = (): Logger => this;
  isLevelEnabled = () => true;

  #add(fields: object, message: string): void {
    this.lines++;
    this.text += `${message} ${JSON.stringify(fields)}\n`;
  }
}

/** A session, its owner, and a network with one pool. */
export class Bench {
  readonly clock = new VirtualClock();
  readonly network = new VirtualNetwork();
  readonly servers: ServerEnd[] = [];
  readonly recorder = new Recorder();
  readonly log = new LogText();
  readonly tls: unknown[] = [];
  session: V1Session | undefined;

  listen(prepare: (server: ServerEnd) => void = (s) => s.serve(), host = HOST, port = PORT) {
    return this.network.listen(host, port, (stream) => {
      const server = new ServerEnd(stream);
      this.servers.push(server);
      prepare(server);
    });
  }

  async start(overrides: Partial<V1Options> = {}): Promise<V1Session> {
    const session = new V1Session(
      {
        clock: this.clock,
        entropy: fixedEntropy(3),
        dial: (host, port, signal, tls) => {
          this.tls.push(tls);
          return this.network.dial(host, port, signal);
        },
      },
      {
        endpoint: { host: HOST, port: PORT },
        user: "acct.worker",
        password: "hunter2",
        userAgent: "asicd/0",
        versionMask: BIP320_MASK,
        subscribeExtranonce: false,
        redirects: { allowed: [] },
        ...overrides,
      },
      this.recorder,
      this.log,
    );
    this.session = session;
    this.recorder.session = session;
    session.start();
    await this.settle();
    return session;
  }

  /** A pool with a first job, hashed on. */
  async mining(
    options: { serve?: Partial<ServeOptions>; session?: Partial<V1Options> } = {},
  ): Promise<V1Session> {
    this.listen((server) => server.serve(options.serve));
    const session = await this.start(options.session);
    this.server.notify();
    await this.settle();
    return session;
  }

  /** Of the last connection. */
  get server(): ServerEnd {
    const last = this.servers.at(-1);
    if (last === undefined) throw new Error("nobody has connected");
    return last;
  }

  get work(): Work {
    const work = this.recorder.opened.at(-1)?.work;
    if (work === undefined) throw new Error("no work");
    return work;
  }

  /** Sends a share of the present work, as a chain would. */
  share(nonce: number, work = this.work, version = work.version): void {
    this.session?.submit(work, 0, nonce, work.minNtime, version);
  }

  settle(): Promise<void> {
    return this.clock.advance(1);
  }
}
