/**
 * The device under test: the whole miner from the socket to the seam where chips begin, under virtual time. Cases know no
 * more of it than its bytes, its chains, its log and its snapshot; how a miner is put together is known here alone.
 */
import { nodeAead } from "../../firmware/node-aead.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { encodeHeader, hashHeader } from "../../src/bitcoin/header.ts";
import { meetsTarget } from "../../src/bitcoin/target.ts";
import { Miner } from "../../src/hashing/miner.ts";
import type { ChannelKind } from "../../src/hashing/pool-options.ts";
import { alwaysAllowed } from "../../src/hashing/power.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import type { PoolSnapshot } from "../../src/telemetry/snapshot.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { oneGroup } from "../support/pool-options.ts";
import { RecordingChain } from "../support/recording-chain.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import { EASIEST } from "./frames.ts";
import { PoolEnd, type PoolScript } from "./pool-end.ts";
import { RecordedLog } from "./recorded-log.ts";

export const UNIX_NOW = 1_750_000_000;
export const HOST = "pool.test";
export const PORT = 34_254;

/** Slow enough that its silence is never suspicious: these chains find what a test hands them. */
const PATIENT_HPS = 1e-9;

export interface DeviceOptions {
  readonly chains?: number;
  readonly nominalHps?: number;
  readonly plaintext?: boolean;
  readonly host?: string;
  /** Pools for when that one fails, in order. */
  readonly laterHosts?: readonly string[];
  readonly channel?: ChannelKind;
  readonly extensions?: readonly number[];
  readonly workerName?: string;
  readonly deviceId?: string;
  readonly versionMask?: number;
  readonly tolerateFlagEcho?: boolean;
  readonly maxTarget?: Uint8Array;
  /** How long chips need for all of a job's headers; 10 s when absent. */
  readonly epochMs?: number;
  /** Leading zero bits of every nonce that a chip may report; none when absent. */
  readonly ticketZeroBits?: number;
  readonly entropy?: Entropy;
}

export class Device {
  readonly clock = new VirtualClock({ unixSeconds: UNIX_NOW });
  /** Without latency, but never before the writer has gone on: as sockets are. */
  readonly network = new VirtualNetwork({ clock: this.clock });
  readonly log = new RecordedLog();
  readonly chains: readonly RecordingChain[];
  readonly miner: Miner;
  readonly host: string;
  /** Every connection that was accepted, wherever it was. */
  readonly pools: PoolEnd[] = [];

  constructor(options: DeviceOptions = {}) {
    const { host = HOST, plaintext = false, nominalHps = PATIENT_HPS } = options;
    const { clock, network } = this;
    this.host = host;
    this.chains = Array.from(
      { length: options.chains ?? 1 },
      () =>
        new RecordingChain({
          nominalHps,
          epochMs: options.epochMs ?? 10_000,
          ticketZeroBits: options.ticketZeroBits ?? 0,
        }),
    );
    this.miner = new Miner(
      {
        clock,
        entropy: options.entropy ?? fixedEntropy(3),
        dial: (to, port, signal) => network.dial(to, port, signal),
        openUart: () => Promise.reject(new Error("no chain here has a line")),
      },
      { aead: nodeAead },
      {
        groups: oneGroup(
          [host, ...(options.laterHosts ?? [])].map((one) => ({
            url: plaintext
              ? `stratum2+tcp+insecure://${one}:${PORT}`
              : `stratum2+tcp://${one}:${PORT}/${AUTHORITY.text}`,
            user: "account.worker",
            versionMask: options.versionMask ?? BIP320_MASK,
            tolerateFlagEcho: options.tolerateFlagEcho ?? false,
            maxTarget: options.maxTarget ?? EASIEST,
            channel: options.channel ?? "standard",
            extensions: options.extensions ?? [],
            workerName: options.workerName ?? "",
          })),
        ),
        identity: {
          vendor: "asicd",
          hardwareVersion: "virtual",
          firmware: "test",
          deviceId: options.deviceId ?? "",
        },
        chains: this.chains.map((chain, index) => ({
          uart: `chain${index}`,
          chip: chain.chipName,
          chipsExpected: 1,
          frequencyMHz: chain.frequencyMHz,
          highestFrequencyMHz: 600,
          mayRunWithFewerChips: false,
          bringUp: async () => chain,
        })),
        simulated: true,
        scale: 1,
      },
      this.log.logger,
    );
    this.miner.allow(alwaysAllowed(this.chains.length));
  }

  listen(script: PoolScript = {}, host = this.host, port = PORT): Disposable {
    return this.network.listen(host, port, (stream) => {
      const unixSeconds = this.clock.unixSeconds();
      this.pools.push(new PoolEnd(stream, { unixSeconds, ...script }));
    });
  }

  /** Starts hashing, or trying to; everything that takes no time has happened when it resolves. */
  async start(): Promise<void> {
    void this.miner.start();
    await this.run(0);
  }

  run(durationMs: number): Promise<void> {
    return this.clock.advance(durationMs);
  }

  /** Lets the pool say this, and waits until the device has heard it. */
  tell(...frames: readonly Frame[]): Promise<void> {
    this.pool.send(...frames);
    return this.run(0);
  }

  /** Lets a chip report a nonce for the job that the chain was given last; the share, if any, has reached the pool. */
  find(nonce: number, versionBits = 0, chain = this.chain): Promise<void> {
    const job = chain.lastJob;
    if (job === undefined) throw new Error("the chain has no job");
    chain.report(job.chipJobId, nonce, versionBits);
    return this.run(0);
  }

  /** What the header of the last job hashes to with this nonce; internal byte order. */
  hash(nonce: number, versionBits = 0, chain = this.chain): Uint8Array {
    const job = chain.lastJob;
    if (job === undefined) throw new Error("the chain has no job");
    return hashHeader(encodeHeader({ ...job, version: (job.version | versionBits) >>> 0, nonce }));
  }

  /** The first nonce of the last job whose hash meets the target. */
  shareNonce(target: Uint8Array, chain = this.chain): number {
    for (let nonce = 0; nonce < 1_000_000; nonce++)
      if (meetsTarget(this.hash(nonce, 0, chain), target)) return nonce;
    throw new Error("no share among a million nonces");
  }

  /** The guard's word: no chain runs faster than this from now on. */
  throttle(frequencyCapMHz: number): void {
    this.miner.allow(
      alwaysAllowed(this.chains.length).map((one) => ({ ...one, frequencyCapMHz, reason: "hot" })),
    );
  }

  /** The latest connection. */
  get pool(): PoolEnd {
    const pool = this.pools.at(-1);
    if (pool === undefined) throw new Error("nobody has connected");
    return pool;
  }

  get chain(): RecordingChain {
    const [chain] = this.chains;
    if (chain === undefined) throw new Error("a device without chains");
    return chain;
  }

  /** What it says of the pool that has the hash power, or would have it first. */
  get told(): PoolSnapshot {
    return this.miner.snapshot().pool;
  }

  /** Whether each chain hashes, in order. */
  get hashing(): boolean[] {
    return this.chains.map(({ told }) => told.length > 0 && told.at(-1) !== "idle");
  }
}

/** A device that has connected to an honest pool, or to one with this script, and waits for its first job. */
export async function connected(
  script: PoolScript = {},
  options: DeviceOptions = {},
): Promise<Device> {
  const device = new Device(options);
  device.listen(script);
  await device.start();
  return device;
}

/** Timers that nobody else looks after would be a leak. */
export async function stopped(device: Device): Promise<void> {
  const stopping = device.miner.stop();
  await device.run(5_000);
  await stopping;
}
