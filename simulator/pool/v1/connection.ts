/** One device's Stratum V1 connection to the simulated pool: each method to the desk that it concerns. */
import { printable, toHex } from "../../../src/lib/bytes.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { PoolChannel } from "../channel.ts";
import type { DeviceConnection, DeviceIdentity, PoolHost } from "../host.ts";
import type { QuirkName } from "../quirks.ts";
import { versionMasks } from "../share-validator.ts";
import { Answers, type RequestId } from "./answers.ts";
import { configure } from "./configure.ts";
import { unknownMethod, v1ErrorOf, v1Errors } from "./errors.ts";
import { LineLink } from "./line-link.ts";
import { V1ShareDesk } from "./share-desk.ts";
import { hex32 } from "./shared-lines.ts";
import type { Subscription } from "./subscriptions.ts";
import { readDifficulty, readTarget } from "./suggestions.ts";
import { VersionMask } from "./version-mask.ts";
import { WorkDesk } from "./work-desk.ts";

const SUBSCRIBE_WITHIN_MS = 10_000;
const AUTHORIZE_WITHIN_MS = 60_000;
/** The quirk "v1-late-authorize". */
const LATE_AUTHORIZE_MS = 1_000;
const MAX_WORKERS = 256;

/** Quirks under which a method is unknown. */
const missingUnder: Readonly<Record<string, QuirkName | undefined>> = {
  "mining.configure": "v1-no-configure",
  "mining.extranonce.subscribe": "v1-no-extranonce-subscribe",
};

export class V1Connection implements DeviceConnection {
  readonly id: number;
  readonly groupChannelId = 0;
  readonly link: LineLink;
  identity: DeviceIdentity;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #work: WorkDesk;
  readonly #shares: V1ShareDesk;
  readonly #versionMask: VersionMask;
  readonly #workers = new Set<string>();
  readonly #say: Answers;
  #subscription: Subscription | undefined;
  #takesExtranonces = false;
  #deadline: Disposable | undefined;
  readonly #late = new Set<Disposable>();

  constructor(id: number, stream: ByteStream, clock: Clock, host: PoolHost) {
    this.id = id;
    this.#host = host;
    this.#clock = clock;
    this.#versionMask = new VersionMask(clock);
    this.identity = {
      protocol: "v1",
      remote: stream.remote,
      connectedAtMs: clock.nowMs(),
      vendor: "",
      hardwareVersion: "",
      firmware: "",
    };
    host.emit({ event: "connected", connection: id, remote: stream.remote });
    this.#expectWithin(SUBSCRIBE_WITHIN_MS, "no mining.subscribe");
    const connection = this;
    this.#say = new Answers((line) => this.link.send(line), host.has);
    this.#work = new WorkDesk(id, host, clock, this.#say, (line) => this.link.send(line));
    this.#shares = new V1ShareDesk(id, host, clock, {
      get isSubscribed() {
        return connection.#subscription !== undefined;
      },
      get channel() {
        return connection.#work.channel;
      },
      versionMask: this.#versionMask,
      isAuthorized: (worker) => this.#workers.has(worker),
    });
    this.link = new LineLink(stream, {
      onValue: (value) => this.#receive(value),
      onEnd: (reason) => this.#ended(reason),
    });
  }

  get channels(): ReadonlyMap<number, PoolChannel> {
    return this.#work.channels;
  }

  catchUp(): void {
    this.#work.catchUp();
  }

  adjustTargets(): void {
    this.#work.adjust();
  }

  setTarget(channelId: number, target: Uint8Array): void {
    this.#channel(channelId).target = target;
    this.#work.announceDifficulty("control");
  }

  /** mining.set_extranonce; the length may change, and that of extranonce2 with it. */
  setExtranoncePrefix(channelId: number, prefix: Uint8Array): void {
    this.#channel(channelId);
    if (!this.#takesExtranonces)
      throw new RangeError("the device did not subscribe to changes of its extranonce");
    this.#work.setExtranonce(prefix);
  }

  /** mining.set_version_mask (BIP310). */
  setVersionMask(mask: number): void {
    if (!this.#versionMask.isAgreed) throw new RangeError("version rolling was not agreed on");
    this.#versionMask.change(mask);
    this.#say.notify("mining.set_version_mask", [hex32(mask)]);
  }

  /** The protocol has no word for it but the end of the connection. */
  closeChannel(channelId: number, reasonCode: string): void {
    this.#channel(channelId);
    this.link.close(reasonCode);
  }

  reconnect(host: string, port: number, waitS: number): void {
    this.#say.notify("client.reconnect", host === "" && port === 0 ? [] : [host, port, waitS]);
  }

  showMessage(text: string): void {
    this.#say.notify("client.show_message", [text]);
  }

  /** A request of ours, such as client.get_version or mining.ping; the answer becomes an event. */
  ask(method: string, params: readonly unknown[] = []): void {
    this.#say.ask(method, params);
  }

  readonly #methods: Readonly<Record<string, (id: RequestId, params: readonly unknown[]) => void>> =
    {
      "mining.configure": (id, params) => this.#configure(id, params),
      "mining.subscribe": (id, params) => this.#subscribe(id, params),
      "mining.authorize": (id, params) => this.#authorize(id, params),
      "mining.submit": (id, params) =>
        this.#shares.submit(params, (error) => this.#say.answerShare(id, error)),
      "mining.extranonce.subscribe": (id) => {
        this.#takesExtranonces = true;
        this.#say.answer(id, true);
      },
      "mining.suggest_difficulty": (id, params) => this.#suggest(id, readDifficulty(params[0])),
      "mining.suggest_target": (id, params) => this.#suggest(id, readTarget(params[0])),
      "mining.multi_version": (id) => this.#say.answer(id, true),
      "mining.ping": (id) => this.#say.answer(id, "pong"),
      "mining.get_transactions": (id) =>
        this.#say.refuse(id, [20, "Transactions are not given out"]),
    };

  #receive(value: unknown): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.link.destroy("a line that is no request");
      return;
    }
    const { id = null, method, params = [], result } = value as Record<string, unknown>;
    if (!isRequestId(id)) this.link.destroy("an id that is neither number nor string");
    else if (method === undefined) this.#answered(id, result);
    else if (typeof method !== "string") this.link.destroy("a method that is no string");
    else this.#dispatch(id, method, Array.isArray(params) ? params : []);
  }

  #dispatch(id: RequestId, method: string, params: readonly unknown[]): void {
    const isQuiet = method === "mining.configure" && this.#host.has("v1-silent-configure");
    const quirk = missingUnder[method];
    const isMissing = quirk !== undefined && this.#host.has(quirk);
    const run = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (run !== undefined && !isQuiet && !isMissing) {
      run(id, params);
      return;
    }
    this.#ignore(printable(method));
    if (!isQuiet) this.#say.refuse(id, unknownMethod(printable(method, 64)));
  }

  #configure(id: RequestId, params: readonly unknown[]): void {
    const serverMask =
      this.#host.has("v1-no-version-rolling") || this.#host.has("fixed-version")
        ? 0
        : versionMasks[this.#host.options.versionMask];
    const agreed = configure(params, serverMask);
    if (agreed === undefined) {
      this.#say.refuse(id, v1ErrorOf.malformed);
      return;
    }
    if (agreed.versionMask !== undefined) this.#versionMask.agree(agreed.versionMask);
    if (agreed.subscribesExtranonce) this.#takesExtranonces = true;
    this.#say.answer(id, agreed.result);
    if (agreed.minimumDifficulty !== undefined)
      this.#work.demandDifficulty(agreed.minimumDifficulty);
  }

  #subscribe(id: RequestId, [agent, session]: readonly unknown[]): void {
    const { subscriptions, options } = this.#host;
    const vendor = typeof agent === "string" ? printable(agent) : "";
    this.identity = { ...this.identity, vendor };
    if (this.#subscription === undefined) {
      const isResumable = typeof session === "string" && !this.#host.has("v1-no-resume");
      const resumed = isResumable ? subscriptions.resume(session) : undefined;
      this.#subscription = resumed ?? subscriptions.open(this.#host.nextExtranonce());
      const unknown = { hardwareVersion: "", firmware: "", flags: 0 };
      this.#host.emit({ event: "set-up", connection: this.id, vendor, ...unknown });
      this.#expectWithin(AUTHORIZE_WITHIN_MS, "no mining.authorize");
    }
    const { id: subscriptionId, extranonce1 } = this.#subscription;
    if (this.#host.has("v1-difficulty-first")) this.#work.sendDifficulty();
    const kinds = ["mining.set_difficulty", "mining.notify"];
    this.#say.answer(id, [
      kinds.map((kind) => [kind, subscriptionId]),
      toHex(extranonce1),
      options.extranonceSize,
    ]);
    const [worker] = this.#workers;
    if (worker !== undefined || this.#host.has("v1-jobs-at-subscribe")) this.#begin(worker ?? "");
  }

  #authorize(id: RequestId, [name]: readonly unknown[]): void {
    const isAllowed =
      typeof name === "string" && this.#host.mayMine(name) && this.#workers.size < MAX_WORKERS;
    if (!isAllowed) {
      this.#host.emit({ event: "channel-refused", connection: this.id, code: "24" });
      this.#say.refuse(id, v1Errors.unauthorized, false);
      return;
    }
    this.#workers.add(name);
    if (this.#host.has("v1-late-authorize")) {
      this.#begin(printable(name));
      this.#later(LATE_AUTHORIZE_MS, () => this.#say.answer(id, true));
    } else {
      this.#say.answer(id, true);
      this.#begin(printable(name));
    }
  }

  #begin(user: string): void {
    if (this.#subscription === undefined) return;
    if (this.#workers.size > 0) this.#deadline?.[Symbol.dispose]();
    this.#work.begin(user, this.#subscription.extranonce1);
  }

  #suggest(id: RequestId, difficulty: number | undefined): void {
    if (difficulty === undefined) {
      this.#say.refuse(id, v1ErrorOf.malformed);
      return;
    }
    this.#say.answer(id, true);
    this.#work.suggestDifficulty(difficulty);
  }

  #answered(id: RequestId, result: unknown): void {
    const method = this.#say.askedUnder(id);
    if (method === undefined) {
      this.#ignore("an answer to nothing");
      return;
    }
    const text = printable(typeof result === "string" ? result : `${JSON.stringify(result)}`);
    this.#host.emit({ event: "answer", connection: this.id, method, result: text });
  }

  #channel(channelId: number): PoolChannel {
    const channel = this.channels.get(channelId);
    if (channel !== undefined) return channel;
    throw new RangeError(
      `channel ${channelId}; open are: ${[...this.channels.keys()].join(", ") || "none"}`,
    );
  }

  #ignore(what: string): void {
    this.#host.emit({ event: "ignored", connection: this.id, what });
  }

  #expectWithin(durationMs: number, reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = this.#clock.after(durationMs, () =>
      this.link.close(`${reason} within ${durationMs / 1_000} s`),
    );
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#late.delete(timer);
      run();
    });
    this.#late.add(timer);
  }

  #ended(reason: string): void {
    this.#deadline?.[Symbol.dispose]();
    for (const timer of this.#late) timer[Symbol.dispose]();
    if (this.#subscription !== undefined) this.#subscription.isInUse = false;
    this.#work.channels.clear();
    this.#host.emit({ event: "disconnected", connection: this.id, reason: printable(reason) });
    this.#host.connectionEnded(this.id);
  }
}

function isRequestId(id: unknown): id is RequestId {
  return id === null || typeof id === "number" || typeof id === "string";
}
