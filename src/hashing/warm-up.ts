/**
 * Runs some 2 000 frames through the hot path before there is a pool, so that the first real block finds compiled code:
 * uncompiled, a block takes several times as long. Everything is of the real classes; both far ends are memory.
 */
import { silentLog } from "../lib/log.ts";
import type { Aead } from "../noise/aead.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entropy } from "../ports/entropy.ts";
import { NewMiningJob, SetNewPrevHash, SubmitSharesSuccess } from "../sv2/mining-messages.ts";
import { encodeMessage } from "../sv2/protocols.ts";
import { PoolAccount } from "../upstream/account.ts";
import { BIP320_MASK } from "../work/work.ts";
import { ChainMiner } from "./chain-miner.ts";
import type { HashChain } from "./hash-chain.ts";
import { type LinkPorts, openLink } from "./open-link.ts";
import type { Pool } from "./pool.ts";
import type { PoolSpec } from "./pool-groups.ts";
import { type PoolOptions, SILENCE_V2_MS } from "./pool-options.ts";
import { PoolSet } from "./pool-set.ts";
import { GROUP_CHANNEL_ID, WarmUpPool } from "./warm-up-pool.ts";

/** A chain of the class that will mine, whose chips are memory and report every nonce that they are told to. */
export interface WarmUpChain {
  /** Its `ticketZeroBits` are 0: any nonce will do. */
  readonly chain: HashChain;
  /** A chip found this nonce for the job dispatched last: its answer passes through the UART before `report` returns. */
  report(nonce: number): void;
}

export interface WarmUpOptions {
  readonly clock: Pick<Clock, "nowMs" | "unixSeconds">;
  readonly entropy: Entropy;
  readonly aead: Aead;
  /** The chain must not use any other clock, so that nothing is left behind. */
  openChain(clock: Clock): WarmUpChain;
}

export interface WarmUpResult {
  readonly blocks: number;
  /** Shares that the memory pool took; one for each nonce reported, or the warm-up has a bug. */
  readonly shares: number;
  readonly durationMs: number;
}

const BLOCKS = 400;
/** A slow processor has something better to do: its first block is late then. */
const LONGEST_MS = 3_000;
const NONCES_PER_BLOCK = 2;
/** More than the promises between `start` and an open channel. */
const CONNECT_TURNS = 20;
const MIN_NTIME = 1_700_000_000;
const NBITS = 0x1d00ffff;
const ANY_HASH = new Uint8Array(32).fill(0xff);

/** Touches nothing but its own objects and sets no timer. Throws Error when it did not come through: a bug of ours. */
export async function warmUpHotPath(options: WarmUpOptions): Promise<WarmUpResult> {
  const { entropy, aead } = options;
  const startedMs = options.clock.nowMs();
  const clock = new TimerlessClock(options.clock);
  const pool = new WarmUpPool(entropy, aead);
  const ports = { clock, entropy, aead, dial: async () => pool.stream };
  const set = new PoolSet(
    [{ name: "", warmStandby: false, pools: [memoryPool(ports)] }],
    clock,
    silentLog,
  );
  const [{ link }] = set.pools as [Pool];
  const { chain, report } = options.openChain(clock);
  set.addChain(new ChainMiner(0, chain, clock));
  set.start();
  for (let turn = 0; turn < CONNECT_TURNS && link.phase !== "waiting-for-job"; turn++) {
    await null;
    pool.answer();
  }
  let sent = 0;
  const endMs = options.clock.nowMs() + LONGEST_MS;
  for (; sent < BLOCKS && (sent < 1 || options.clock.nowMs() < endMs); sent++) {
    sendBlock(pool, sent);
    for (let nonce = 0; nonce < NONCES_PER_BLOCK; nonce++) report(nonce);
    pool.answer();
    acknowledge(pool);
  }
  const result = {
    // The first of them is where the channels begin.
    blocks: 1 + link.counts.blocksSeen,
    shares: link.counts.accepted,
  };
  await set.stop();
  await chain[Symbol.asyncDispose]();
  if (result.blocks !== sent || result.shares !== sent * NONCES_PER_BLOCK)
    throw new Error(`warm-up: ${result.blocks} blocks and ${result.shares} shares came through`);
  return { ...result, durationMs: options.clock.nowMs() - startedMs };
}

function memoryPool(ports: LinkPorts): PoolSpec {
  const identity = { vendor: "", hardwareVersion: "", firmware: "", deviceId: "" };
  const options: PoolOptions = {
    name: "memory",
    url: "",
    address: {
      protocol: "sv2",
      endpoint: { host: "memory", port: 0, authorityKey: undefined, secure: true },
    },
    user: "",
    password: "",
    versionMask: BIP320_MASK,
    silenceMs: SILENCE_V2_MS,
    redirectHosts: [],
    maxTarget: ANY_HASH,
    channel: "standard",
    tolerateFlagEcho: false,
    extensions: [],
    workerName: "",
  };
  return {
    key: options.name,
    name: options.name,
    url: options.url,
    protocol: "sv2",
    encrypted: true,
    part: 1,
    account: new PoolAccount({ protocol: "sv2", host: "memory", port: 0, user: "" }),
    openLink: (handlers) => openLink(options, identity, ports, handlers, silentLog),
  };
}

/** A future job and its activation for each channel, in turn by its own id and by the group's; then a job on that tip. */
function sendBlock(pool: WarmUpPool, block: number): void {
  const job = { version: 0x2000_0000, merkleRoot: new Uint8Array(32).fill(block) };
  const futureJobId = 2 * block;
  const tip = {
    jobId: futureJobId,
    prevHash: new Uint8Array(32).fill(block + 1),
    minNtime: MIN_NTIME + block,
    nbits: NBITS,
  };
  const futures = pool.channelIds.map((channelId) =>
    encodeMessage(NewMiningJob, { ...job, channelId, jobId: futureJobId, minNtime: undefined }),
  );
  const addressees = block % 2 === 0 ? pool.channelIds : [GROUP_CHANNEL_ID];
  pool.send(...futures);
  pool.send(...addressees.map((channelId) => encodeMessage(SetNewPrevHash, { ...tip, channelId })));
  const jobs = pool.channelIds.map((channelId) =>
    encodeMessage(NewMiningJob, {
      ...job,
      channelId,
      jobId: futureJobId + 1,
      minNtime: tip.minNtime,
    }),
  );
  pool.send(...jobs);
}

function acknowledge(pool: WarmUpPool): void {
  for (const { channelId, sequenceNumber, count } of pool.takeShares()) {
    pool.send(
      encodeMessage(SubmitSharesSuccess, {
        channelId,
        lastSequenceNumber: sequenceNumber,
        newSubmitsAcceptedCount: count,
        newSharesSum: 0n,
      }),
    );
  }
}

/** Reads the real time and never calls back. */
class TimerlessClock implements Clock {
  readonly #time: Pick<Clock, "nowMs" | "unixSeconds">;

  constructor(time: Pick<Clock, "nowMs" | "unixSeconds">) {
    this.#time = time;
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  unixSeconds(): number {
    return this.#time.unixSeconds();
  }

  sleep(): Promise<void> {
    return new Promise(() => {});
  }

  after(): Disposable {
    return NOTHING_TO_DISPOSE;
  }

  every(): Disposable {
    return NOTHING_TO_DISPOSE;
  }
}

const NOTHING_TO_DISPOSE: Disposable = { [Symbol.dispose]() {} };
