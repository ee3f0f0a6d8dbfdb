/**
 * Connects to a pool exactly as the miner would, up to the first job, and tells each step. Whoever may ask for it may also
 * set pools, so it reaches nothing that they could not; nothing that a server says is repeated but its own refusal.
 */
import { lookup } from "node:dns/promises";
import type { PoolTester, PoolTestResult, PoolTestStep } from "../../src/api/pool-test.ts";
import { listedPools } from "../../src/config/pool-groups.ts";
import { checkAgainst } from "../../src/config/problems.ts";
import { type Config, configSchema } from "../../src/config/schema.ts";
import { openLink } from "../../src/hashing/open-link.ts";
import { printable } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Dialer } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { DeviceIdentity } from "../../src/upstream/endpoint.ts";
import { isEncrypted } from "../../src/upstream/pool-address.ts";
import type { LinkHandlers, PoolLink } from "../../src/upstream/pool-link.ts";
import { nodeAead } from "../node-aead.ts";

const WITHIN_MS = 10_000;
/** A small miner's; it only decides how hard the first shares would be. */
const NOMINAL_HPS = 1e12;

export interface PoolTestPorts extends Dialer {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly identity: DeviceIdentity;
  /** Of a host name; rejects with the system's error. Absent: the system's. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** One test at a time. */
export function poolTester(ports: PoolTestPorts): PoolTester {
  let isBusy = false;
  return async ({ url, user, password }) => {
    if (isBusy) return "busy";
    const pool = poolOptions(url, user, password);
    isBusy = true;
    try {
      return await new PoolTrial(ports, pool).run();
    } finally {
      isBusy = false;
    }
  };
}

type TestedOptions = ReturnType<typeof poolOptions>;

/** By the rules of the settings themselves. Throws ConfigError with every problem. */
function poolOptions(url: string, user: string, password: string | undefined) {
  const pool = { url, user, ...(password === undefined ? {} : { password }) };
  const { value, problems } = checkAgainst(configSchema, { version: 1, pool });
  const own = (path: string) => path.replace(/^pool\./, "");
  const named = problems.map((problem) => ({ ...problem, path: own(problem.path) }));
  if (named.length > 0) throw new ConfigError(named);
  try {
    const listed = listedPools(value as Config)[0]?.pools[0];
    if (listed === undefined) throw new Error("a checked pool is gone");
    return listed.options;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map((one) => ({ ...one, path: own(one.path) })));
  }
}

class PoolTrial {
  readonly #ports: PoolTestPorts;
  readonly #pool: TestedOptions;
  readonly #steps: PoolTestResult["steps"] = [];
  #stepMs: number;
  #timer: Disposable | undefined;
  #result: PoolTestResult | undefined;

  constructor(ports: PoolTestPorts, pool: TestedOptions) {
    this.#ports = ports;
    this.#pool = pool;
    this.#stepMs = ports.clock.nowMs();
  }

  async run(): Promise<PoolTestResult> {
    const { clock, resolve = systemResolve } = this.#ports;
    const { host } = this.#pool.address.endpoint;
    const deadline = new Promise<"late">((late) => {
      this.#timer = clock.after(WITHIN_MS, () => late("late"));
    });
    try {
      const found = await Promise.race([
        resolve(host).catch((error: unknown) => error as Error),
        deadline,
      ]);
      if (found === "late") return this.#fail("resolve", "the name server did not answer in time");
      if (found instanceof Error) return this.#fail("resolve", explained(found, host));
      this.#pass("resolve", `${printable(host, 80)} is ${found.join(", ")}`);
      return await this.#connect(deadline);
    } finally {
      this.#timer?.[Symbol.dispose]();
    }
  }

  async #connect(deadline: Promise<"late">): Promise<PoolTestResult> {
    const { clock } = this.#ports;
    const { address } = this.#pool;
    const secured = isEncrypted(address)
      ? "encrypted and proven to be the pool"
      : "not encrypted: anyone on the way can read and change it";
    return new Promise<PoolTestResult>((resolve) => {
      let isOver = false;
      let link: PoolLink | undefined;
      const finish = (result: PoolTestResult) => {
        if (isOver) return;
        isOver = true;
        resolve(result);
        // Not from within its own callback.
        clock.after(0, () => void link?.stop("test is over"));
      };
      /** Steps that the link has left behind. */
      const catchUp = () => {
        const at = stepOf(link?.phase ?? "idle");
        if (at === undefined) return;
        for (const step of ["connect", "handshake", "set-up"] as const) {
          if (at === step) return;
          if (step === "handshake" && address.protocol === "sv1") continue;
          if (this.#has(step)) continue;
          this.#pass(
            step,
            step === "connect" ? "connected" : step === "handshake" ? secured : "agreed",
          );
        }
      };
      const handlers: LinkHandlers = {
        onReady: ({ versionMask }) => {
          this.#passAllBefore("set-up", secured, address.protocol);
          this.#pass("set-up", versionMask === 0 ? "agreed, without version rolling" : "agreed");
          link?.openChannel(NOMINAL_HPS);
        },
        onDown: ({ reason }) => {
          catchUp();
          finish(this.#fail(this.#next(address.protocol), printable(reason, 200)));
        },
        onChannelOpened: (_id, channel) => {
          this.#pass("channel", "opened");
          if (channel.work !== undefined) finish(this.#passJob());
        },
        onChannelRefused: (_id, code) =>
          finish(this.#fail("channel", `refused: ${printable(code, 100)}`)),
        onWork: (channel) => {
          if (channel.work !== undefined && this.#has("channel")) finish(this.#passJob());
        },
        onChannelClosed: (_channel, reason) =>
          finish(this.#fail("channel", `closed: ${printable(reason, 100)}`)),
        onShareAccepted() {},
        onShareRejected() {},
        onSharesLost() {},
      };
      link = openLink(
        this.#pool,
        this.#ports.identity,
        { ...this.#ports, aead: nodeAead, dial: this.#watchedDial(catchUp) },
        handlers,
        silentLog,
      );
      void deadline.then(() => {
        catchUp();
        finish(
          this.#fail(this.#next(address.protocol), `nothing came within ${WITHIN_MS / 1_000} s`),
        );
      });
      link.start();
    });
  }

  /** The link says nothing of its steps, but each of them begins with something to send. */
  #watchedDial(onWrite: () => void): Dialer["dial"] {
    return async (...terms) => {
      const stream = await this.#ports.dial(...terms);
      this.#pass("connect", `connected to ${printable(stream.remote, 100)}`);
      return {
        remote: stream.remote,
        write(bytes) {
          onWrite();
          stream.write(bytes);
        },
        onData: (listener) => stream.onData(listener),
        onEnd: (listener) => stream.onEnd(listener),
        close: () => stream.close(),
        destroy: () => stream.destroy(),
      };
    };
  }

  #passAllBefore(step: PoolTestStep, secured: string, protocol: "sv2" | "sv1"): void {
    while (this.#next(protocol) !== step) {
      const next = this.#next(protocol);
      this.#pass(next, next === "connect" ? "connected" : secured);
    }
  }

  #passJob(): PoolTestResult {
    this.#pass("job", "the pool gives work");
    this.#result ??= { ok: true, steps: [...this.#steps] };
    return this.#result;
  }

  #pass(step: PoolTestStep, text: string): void {
    if (!this.#has(step)) this.#note(step, true, text);
  }

  /** What the link says while it is being closed is no part of the test. */
  #fail(step: PoolTestStep, text: string): PoolTestResult {
    if (this.#result === undefined) {
      this.#note(step, false, text);
      this.#result = { ok: false, steps: [...this.#steps] };
    }
    return this.#result;
  }

  #note(step: PoolTestStep, ok: boolean, text: string): void {
    const nowMs = this.#ports.clock.nowMs();
    this.#steps.push({ step, ok, text, ms: Math.round(nowMs - this.#stepMs) });
    this.#stepMs = nowMs;
  }

  #has(step: PoolTestStep): boolean {
    return this.#steps.some((one) => one.step === step);
  }

  /** What has not been done yet. */
  #next(protocol: "sv2" | "sv1"): PoolTestStep {
    const all = ["connect", "handshake", "set-up", "channel", "job"] as const;
    const due = all.find(
      (step) => !this.#has(step) && (step !== "handshake" || protocol === "sv2"),
    );
    return due ?? "job";
  }
}

/** Which step a link's phase belongs to; `undefined`: none. */
function stepOf(phase: PoolLink["phase"]): PoolTestStep | undefined {
  switch (phase) {
    case "connecting":
      return "connect";
    case "handshake":
      return "handshake";
    case "setting-up":
      return "set-up";
    default:
      return undefined;
  }
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function explained(error: Error & { readonly code?: string }, host: string): string {
  const name = printable(host, 80);
  if (error.code === "ENOTFOUND") return `there is no host ${name}`;
  if (error.code === "EAI_AGAIN") return `${name}: no name server answers`;
  return `${name}: ${error.code ?? error.message}`;
}
