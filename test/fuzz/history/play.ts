/** Plays one history against a real link under virtual time, and holds what it does against the rules. */
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { ByteStream } from "../../../src/ports/byte-stream.ts";
import type { PoolLink } from "../../../src/upstream/pool-link.ts";
import { VirtualNetwork } from "../../support/virtual-network.ts";
import { demand, Violation } from "../target.ts";
import { growthSince, heldBytes } from "./heap.ts";
import { Recorder } from "./recorder.ts";
import type { Step } from "./step.ts";

export const HOST = "pool.test";
export const OTHER_HOST = "other.pool.test";
export const PORT = 3_333;
/** The longest pause between attempts is ten minutes; what is not well after three of them never will be. */
const HEALS_WITHIN_MS = 2_000_000;
const CONNECTS_PER_WAIT = 60;
const STORM_MESSAGES = 8_000;
/** A fifth of what a storm of the larger messages has. */
const STORM_GROWTH_BYTES = 6_000_000;

/** Watches the bytes of one connection as they reach the device and as they leave it. */
export interface Referee {
  fromServer(bytes: Uint8Array): void;
  fromDevice(bytes: Uint8Array): void;
  ended(): void;
  /** From here on it cannot know what holds. */
  lose(): void;
  /** What the device did against the rules, in words. */
  readonly broken: readonly string[];
}

/** The server of a history. */
export interface HistoryServer {
  accept(stream: ByteStream): void;
  /** A step of this protocol; others mean nothing to it. */
  take(step: Step): void;
  /** From now on everything is answered as it should be, and work is given again and again. */
  heal(): void;
  /** One of very many messages of a kind, each with something of its own. */
  storm(kind: number, number: number): void;
  /** Gives work to everybody who is connected. */
  giveWork(): void;
  /** Of the present connection, from the server's side. */
  readonly stream: ByteStream | undefined;
}

export interface Played {
  readonly network: VirtualNetwork;
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
}

export interface HistorySetup {
  readonly wanted: number;
  readonly steps: readonly Step[];
  readonly server: HistoryServer;
  /** Absent where the bytes are encrypted. */
  readonly referee: ((recorder: Recorder) => Referee) | undefined;
  readonly link: (played: Played & { dial: VirtualNetwork["dial"] }) => PoolLink;
}

export async function playHistory(setup: HistorySetup): Promise<void> {
  const clock = new VirtualClock();
  // Nothing is delivered while it is being written, as on a real network.
  const network = new VirtualNetwork({ clock });
  const recorder = new Recorder(() => clock.nowMs());
  const referees: Referee[] = [];
  const dial: VirtualNetwork["dial"] = async (host, port, signal) => {
    const stream = await network.dial(host, port, signal);
    const referee = setup.referee?.(recorder);
    if (referee === undefined) return stream;
    referees.push(referee);
    return tapped(stream, referee);
  };
  const link = setup.link({ clock, network, recorder, dial });
  recorder.link = link;
  recorder.wanted = Math.max(1, Math.min(3, setup.wanted));
  const { server } = setup;
  const listening = new Map<string, Disposable>();
  const listen = (isWanted: boolean) => {
    for (const host of [HOST, OTHER_HOST]) {
      if (isWanted && !listening.has(host))
        listening.set(
          host,
          network.listen(host, PORT, (stream) => server.accept(stream)),
        );
      if (!isWanted) listening.get(host)?.[Symbol.dispose]();
      if (!isWanted) listening.delete(host);
    }
  };
  const check = () => {
    for (const { broken } of referees) if (broken[0] !== undefined) throw new Violation(broken[0]);
    recorder.check();
  };
  let isStopped = false;
  const stop = async () => {
    isStopped = true;
    const stopping = link.stop("history");
    await clock.advance(5_000);
    await stopping;
    demand(link.phase === "stopped", "stopped, and the phase is another one");
  };
  const start = () => {
    if (isStopped) link.start();
    isStopped = false;
  };

  listen(true);
  // How the server is when the link first comes to it.
  const firstAct = setup.steps.findIndex((step) => step.do !== "mode");
  const opening = firstAct < 0 ? setup.steps.length : firstAct;
  for (const step of setup.steps.slice(0, opening)) server.take(step);
  link.start();
  await clock.advance(0);
  for (const step of setup.steps.slice(opening)) {
    const { connects } = link.counts;
    const present = link.channels[step.a % Math.max(1, link.channels.length)];
    switch (step.do) {
      case "wait":
        await clock.advance(Math.min(1e7, Math.max(0, step.a)));
        break;
      case "share":
      case "flood":
        recorder.submit(step.a, Math.min(5_000, step.b));
        break;
      case "open":
        if (recorder.isUp && link.channels.length < 8) recorder.ask(step.a);
        break;
      case "update":
        if (present !== undefined) link.updateChannel(present, step.b);
        break;
      case "close":
        if (present !== undefined && recorder.open.delete(present.channelId))
          link.closeChannel(present, "history");
        break;
      case "roll":
        for (let i = 0; i < Math.min(1_000, step.b) && present?.work !== undefined; i++)
          if (present.roll(clock.nowMs())) recorder.keepRolled(present);
        break;
      case "sever":
        network.severAll();
        break;
      case "server-closes":
        server.stream?.close();
        break;
      case "silent":
        network.silent(step.a === 1);
        break;
      case "listen":
        listen(step.a !== 0);
        break;
      case "chunking":
        network.chunking =
          (["as-written", "every-byte", "coalesced"] as const)[step.a] ?? "as-written";
        break;
      case "storm":
        for (const referee of referees) referee.lose();
        // While nothing arrives, all of it would wait in the network of the test.
        if (!network.isSilent) await storm(clock, server, step.a);
        break;
      case "fail":
        link.fail("history");
        break;
      case "stop":
        await stop();
        break;
      case "start":
        start();
        break;
      default:
        server.take(step);
    }
    await clock.advance(0);
    check();
    demand(
      link.counts.connects - connects <= CONNECTS_PER_WAIT,
      "the pool is hammered with connections",
    );
    demand(clock.pendingTimers < 100, () => `${clock.pendingTimers} timers`);
  }

  // Whatever happened: a pool that is well again gets its hash power back, and a link that is stopped leaves nothing.
  listen(true);
  network.silent(false);
  network.chunking = "as-written";
  server.heal();
  start();
  const untilMs = clock.nowMs() + HEALS_WITHIN_MS;
  const isWell = () => link.channels.some(({ work }) => work !== undefined);
  while (!isWell() && clock.nowMs() < untilMs) {
    await clock.advance(5_000);
    server.giveWork();
    if (recorder.isIdle) recorder.ask(1e12);
    await clock.advance(0);
    check();
  }
  demand(
    isWell(),
    () => `no work half an hour after the pool was well: ${link.phase}, ${link.reason}`,
  );
  await stop();
  check();
  demand(recorder.unanswered === 0, () => `${recorder.unanswered} shares without any answer`);
  demand(clock.pendingTimers === 0, () => `${clock.pendingTimers} timers are left`);
  demand(network.openEnds === 0, () => `${network.openEnds} ends of connections are left`);
}

/** Whatever a server says without end, the device holds no more of it than it needs. */
async function storm(clock: VirtualClock, server: HistoryServer, kind: number): Promise<void> {
  await clock.advance(0);
  const before = heldBytes();
  for (let number = 0; number < STORM_MESSAGES; number++) {
    server.storm(kind, number);
    if (number % 100 === 0) await clock.advance(1);
  }
  await clock.advance(0);
  const grownBytes = await growthSince(before, STORM_GROWTH_BYTES);
  demand(
    grownBytes < STORM_GROWTH_BYTES,
    () => `${STORM_MESSAGES} messages of kind ${kind} left ${(grownBytes / 1e6).toFixed(1)} MB`,
  );
}

function tapped(stream: ByteStream, referee: Referee): ByteStream {
  stream.onEnd(() => referee.ended());
  return {
    remote: stream.remote,
    write(bytes) {
      referee.fromDevice(bytes);
      stream.write(bytes);
    },
    onData: (listener) =>
      stream.onData((chunk) => {
        referee.fromServer(chunk.slice());
        listener(chunk);
      }),
    onEnd: (listener) => stream.onEnd(listener),
    close() {
      referee.ended();
      stream.close();
    },
    destroy() {
      referee.ended();
      stream.destroy();
    },
  };
}
