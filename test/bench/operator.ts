/**
 * What people who look at the machine cost the hot path: a whole machine with all its processes, with twenty pages and
 * twenty pollers and without them, in turns.
 */
import { getPriority, setPriority } from "node:os";
import { interruptionsOf } from "../operator/soak/interruptions.ts";
import { raiseOwn } from "../operator/soak/process-tree.ts";
import { Child } from "./child.ts";
import type { ClientTasks } from "./client-process.ts";
import { processorMsOf } from "./machine.ts";
import type { NotedLatency } from "./measured-miner.ts";
import { FIRST_BLOCK, type MeasuredTree, openMeasuredTree } from "./measured-tree.ts";
import { latenciesOf } from "./new-block-match.ts";
import { pause } from "./pause.ts";
import type { PoolEnd } from "./pool-end.ts";
import { type Summary, summaryOf } from "./statistics.ts";

export interface OperatorSide {
  /** From the pool's write to the last chain's job in the kernel. */
  readonly outside: Summary;
  /** From the chunk that the miner received to the same. */
  readonly inside: Summary;
  /** What the operator process took of one processor. */
  readonly operatorShare: number;
}

export interface OperatorResult {
  readonly pages: number;
  readonly pollers: number;
  readonly without: OperatorSide;
  /** Every other phase without clients, outside: what differs between the two is the machine's noise. */
  readonly withoutHalves: readonly [Summary, Summary];
  readonly with: OperatorSide;
  /** What took power from a chain meanwhile, in words. */
  readonly interruptions: readonly string[];
  readonly pollsPerS: number;
  readonly messagesPerS: number;
}

export interface OperatorRounds {
  /** Each of them once with and once without clients. */
  readonly pairs: number;
  readonly seconds: number;
}

/** One slow hashing thread: what is measured must not be the simulator. */
const MACHINE = ["--workers", "1", "--frequency", "200"];
const CHAINS = 3;
const PAGES = 20;
const POLLERS = 20;
/** Pages load, and what the last phase left is done. */
const SETTLE_MS = 1_500;
const WARM_UP_BLOCKS = 200;
const LAST_BLOCK_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 250;
/** Between two blocks; not regular, so that they fall in step with nothing that is. */
const REST_MS = { min: 5, max: 25 };

interface Phases {
  /** Of each phase by itself. */
  readonly outsideMs: (readonly number[])[];
  readonly insideMs: number[];
  operatorMs: number;
  seconds: number;
}

export async function measureOperator(
  rounds: OperatorRounds,
  progress: (what: string) => void,
): Promise<OperatorResult> {
  // A stopwatch that waits for a processor tells its own lateness.
  const before = getPriority();
  try {
    raiseOwn();
    return await measure(rounds, progress);
  } finally {
    setPriority(before);
  }
}

async function measure(
  rounds: OperatorRounds,
  progress: (what: string) => void,
): Promise<OperatorResult> {
  progress("operator, machine comes up");
  await using tree = await openMeasuredTree(CHAINS, MACHINE);
  await using clients = new Child<ClientTasks>("clients");
  const blocks = new Blocks(tree.pool);
  await blocks.send(WARM_UP_BLOCKS);
  const sides = { without: noPhases(), with: noPhases() };
  let polls = 0;
  let messages = 0;
  let visitedS = 0;
  for (let pair = 0; pair < rounds.pairs; pair++)
    // Who begins changes, so that a machine that slowly gets busier is no advantage to either.
    for (const side of pair % 2 === 0
      ? (["without", "with"] as const)
      : (["with", "without"] as const)) {
      progress(`operator, ${pair + 1} of ${rounds.pairs}, ${side} clients`);
      const startedMs = performance.now();
      if (side === "with")
        await clients.ask("come", { machine: tree.machine.polled, pages: PAGES, pollers: POLLERS });
      await pause(SETTLE_MS);
      await measurePhase(tree, blocks, rounds.seconds, sides[side]);
      if (side === "without") continue;
      const visit = await clients.ask("leave", undefined);
      if (visit.failed.length > 0) throw new Error(`clients: ${visit.failed.join("; ")}`);
      polls += visit.polls;
      messages += visit.messages;
      visitedS += (performance.now() - startedMs) / 1_000;
    }
  const report = await tree.machine.finish();
  return {
    interruptions: interruptionsOf(report),
    ...{ pages: PAGES, pollers: POLLERS },
    without: sideOf(sides.without),
    withoutHalves: [halfOf(sides.without, 0), halfOf(sides.without, 1)],
    with: sideOf(sides.with),
    pollsPerS: polls / visitedS,
    messagesPerS: messages / visitedS,
  };
}

async function measurePhase(
  { machine, takeLatencies }: MeasuredTree,
  blocks: Blocks,
  seconds: number,
  phases: Phases,
): Promise<void> {
  await takeLatencies();
  const { operator } = machine.pids;
  const before = processorMsOf(operator);
  const startedMs = performance.now();
  const writtenMs = await blocks.sendFor(seconds * 1_000);
  phases.seconds += (performance.now() - startedMs) / 1_000;
  phases.operatorMs += processorMsOf(operator) - before;
  const noted: NotedLatency[] = [];
  // The last block may be on its way; where it does not arrive, it is found missing.
  for (let waitedMs = 0; waitedMs < LAST_BLOCK_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
    await pause(LOOK_EVERY_MS);
    noted.push(...(await takeLatencies()));
    const { atMs = 0, durationMs = 0 } = noted.at(-1) ?? {};
    if (atMs - durationMs >= (writtenMs.at(-1) ?? 0)) break;
  }
  const { outsideMs, insideMs } = latenciesOf(writtenMs, noted);
  phases.outsideMs.push(outsideMs);
  phases.insideMs.push(...insideMs);
}

/** New blocks at random times, as they come. */
class Blocks {
  readonly #pool: PoolEnd;
  #sent = FIRST_BLOCK;

  constructor(pool: PoolEnd) {
    this.#pool = pool;
  }

  async send(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#one();
  }

  /** Returns when each was written, by the clock that all processes share. */
  async sendFor(durationMs: number): Promise<readonly number[]> {
    const untilMs = performance.now() + durationMs;
    const writtenMs: number[] = [];
    while (performance.now() < untilMs) writtenMs.push(await this.#one());
    return writtenMs;
  }

  /** The job comes before, as pools send it; then some rest, as real blocks find a sleeping process. */
  async #one(): Promise<number> {
    this.#pool.announce();
    await pause(REST_MS.min + Math.random() * (REST_MS.max - REST_MS.min));
    this.#pool.activate(++this.#sent, "per-channel");
    const writtenMs = this.#pool.writtenMs + SHARED_CLOCK_AHEAD_MS;
    await pause(REST_MS.min);
    return writtenMs;
  }
}

/** CLOCK_MONOTONIC against this process's `performance.now()`: the largest of many, as a pause between two looks lessens it. */
const SHARED_CLOCK_AHEAD_MS = Math.max(
  ...Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
);

function noPhases(): Phases {
  return { outsideMs: [], insideMs: [], operatorMs: 0, seconds: 0 };
}

function sideOf({ outsideMs, insideMs, operatorMs, seconds }: Phases): OperatorSide {
  return {
    outside: summaryOf(outsideMs.flat()),
    inside: summaryOf(insideMs),
    operatorShare: operatorMs / 1_000 / seconds,
  };
}

function halfOf({ outsideMs }: Phases, remainder: number): Summary {
  return summaryOf(outsideMs.filter((_, phase) => phase % 2 === remainder).flat());
}
