/**
 * What a hashing worker does until it is terminated: hash a small batch, look for something new, again. It never returns
 * to its event loop; messages are fetched, and with nothing to do the thread sleeps in `Atomics.wait`.
 */
import { setPriority } from "node:os";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { ChainHit } from "./chain-searcher.ts";
import { ChainSweeper } from "./chain-sweeper.ts";
import { maxGroups, type NonceSearch } from "./nonce-search.ts";
import { createSearch } from "./sha256d-simd.ts";
import { SharedPlan } from "./shared-plan.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./worker-messages.ts";

/** About half a millisecond of hashing on either search, so that a new job is seen within one. */
const BATCH_HASHES = { simd: 2_048, plain: 768 } as const;
/** Chips hash in turns of this many; at their usual rates that is some 20 ms of work. */
const TURN_HASHES = 256;
/** What a pause of the thread costs beyond this is not made up for: no burst follows. */
const MAX_CREDIT_MS = 250;
/** How long to sleep when no chip has earned a turn. */
const NAP_MS = 2;
/** Mining, serving and testing go before simulated silicon; at 19 a busy host kept it from giving its locks back. */
const NICENESS = 10;

/** A chain's chips, as far as this worker cares for them. */
interface ChainTask {
  readonly chainId: number;
  readonly plan: SharedPlan;
  readonly sweeper: ChainSweeper;
  sequence: number;
  creditedMs: number;
}

/** Does not return. */
export function runWorkerLoop(port: MessagePort, setup: WorkerSetup): never {
  // On Linux priority belongs to the thread, and 0 means the calling one.
  if (process.platform === "linux") setPriority(0, NICENESS);
  const wake = new Int32Array(setup.wake);
  const tasks = new Map<number, ChainTask>();
  const tell = (message: FromWorker) => port.postMessage(message);
  const probe = createSearch(setup.search);
  tell({ tell: "ready", search: probe.name });
  for (;;) {
    const seen = Atomics.load(wake, 0);
    for (const message of waitingMessages(port)) {
      if (message.tell === "open") tasks.set(message.chainId, openTask(message, setup));
      else if (message.tell === "close") tasks.delete(message.chainId);
      else tell({ tell: "measured", hps: measureHps(probe, message.durationMs) });
    }
    for (const task of tasks.values()) takeUpPlan(task, setup.workerIndex);
    const active = [...tasks.values()].filter(({ sweeper }) => sweeper.isActive);
    const isNew = () => Atomics.load(wake, 0) !== seen;
    while (!isNew()) {
      const hashed = hashOneBatchEach(active, BATCH_HASHES[probe.name], isNew, tell);
      if (hashed === 0) Atomics.wait(wake, 0, seen, active.length > 0 ? NAP_MS : undefined);
    }
  }
}

function hashOneBatchEach(
  tasks: readonly ChainTask[],
  batchHashes: number,
  isNew: () => boolean,
  tell: (message: FromWorker) => void,
): number {
  let hashed = 0;
  for (const task of tasks) {
    if (isNew()) break;
    const nowMs = performance.now();
    task.sweeper.credit(nowMs - task.creditedMs);
    task.creditedMs = nowMs;
    const hits: ChainHit[] = [];
    hashed += task.sweeper.work(batchHashes, (hit) => hits.push(hit));
    if (hits.length > 0) tell({ tell: "hits", chainId: task.chainId, hits });
  }
  return hashed;
}

function openTask(message: ToWorker & { tell: "open" }, setup: WorkerSetup): ChainTask {
  const { chainId, geometry, memory } = message;
  const plan = new SharedPlan(memory);
  const ownChips = Array.from({ length: geometry.chipCount }, (_, i) => i).filter(
    (i) => i % setup.workerCount === setup.workerIndex,
  );
  const sweeper = new ChainSweeper({
    search: createSearch(setup.search),
    geometry,
    chipIndices: ownChips,
    hashesDone: plan.hashesDone,
    maxCreditMs: MAX_CREDIT_MS,
    turnHashes: TURN_HASHES,
  });
  return { chainId, plan, sweeper, sequence: 0, creditedMs: performance.now() };
}

/** A plan that is being written right now is read in the next round: its writer wakes us afterwards. */
function takeUpPlan(task: ChainTask, workerIndex: number): void {
  if (task.plan.sequence === task.sequence) return;
  const current = task.plan.read();
  if (current === undefined) return;
  if (!task.sweeper.isActive) task.creditedMs = performance.now();
  task.sweeper.load(current.plan);
  task.sequence = current.sequence;
  task.plan.markSeen(workerIndex, current.sequence);
}

function* waitingMessages(port: MessagePort): Generator<ToWorker> {
  for (let got = receiveMessageOnPort(port); got; got = receiveMessageOnPort(port))
    yield got.message as ToWorker;
}

/** Hashes per second of this thread, with whatever else the host does meanwhile. */
function measureHps(search: NonceSearch, durationMs: number): number {
  const lanes = [1, 2, 3, 4].map((seed) => new Int32Array(8).fill(seed));
  search.prepare(0, lanes, [1, 2, 3]);
  const groups = maxGroups / 8;
  const run = () => search.search(0, [0, 1, 2, 3], 4, groups, -1);
  // The first runs are slow: the engine still compiles.
  const warmUntilMs = performance.now() + durationMs / 4;
  while (performance.now() < warmUntilMs) run();
  const startMs = performance.now();
  let hashes = 0;
  let elapsedMs = 0;
  while (elapsedMs < (durationMs * 3) / 4) {
    run();
    hashes += 4 * groups;
    elapsedMs = performance.now() - startMs;
  }
  return (hashes * 1_000) / elapsedMs;
}
