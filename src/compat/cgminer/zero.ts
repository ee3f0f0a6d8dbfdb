/**
 * cgminer's `zero`: counts begin again. Ours are accounts of money, so they stay as they are; this interface alone shows what
 * came after the mark.
 */
import type { BoardStatus, PoolStatus, Status } from "../../api/status.ts";

export class ZeroMark {
  #all: Status | undefined;
  #bestDifficulty = 0;

  set(which: "all" | "bestshare", status: Status): void {
    if (which === "all") this.#all = status;
    this.#bestDifficulty = status.shares.total.bestDifficulty ?? 0;
  }

  /** Less what was there at the mark. */
  since(status: Status): Status {
    const mark = this.#all;
    // Counts that went back belong to another run of the miner: the mark means nothing any more.
    const isOver =
      mark !== undefined &&
      (status.processes.miner.uptimeS ?? 0) < (mark.processes.miner.uptimeS ?? 0);
    if (isOver) this.#all = undefined;
    const shown = mark === undefined || isOver ? status : less(status, mark);
    if (this.#bestDifficulty === 0) return shown;
    const best = shown.shares.total.bestDifficulty ?? 0;
    const total = {
      ...shown.shares.total,
      bestDifficulty: best > this.#bestDifficulty ? best : null,
    };
    return { ...shown, shares: { ...shown.shares, total } };
  }
}

function less(status: Status, mark: Status): Status {
  const { miner } = status.processes;
  const uptimeS =
    miner.uptimeS === null ? null : miner.uptimeS - (mark.processes.miner.uptimeS ?? 0);
  return {
    ...status,
    shares: { ...status.shares, run: minus(status.shares.run, mark.shares.run) },
    boards: status.boards.map((board, i) => boardLess(board, mark.boards[i])),
    pools: status.pools.map((pool) =>
      poolLess(
        pool,
        mark.pools.find(({ name }) => name === pool.name),
      ),
    ),
    processes: { ...status.processes, miner: { ...miner, uptimeS } },
  };
}

function minus<Counts extends Readonly<Record<string, number>>>(now: Counts, then: Counts): Counts {
  const entries = Object.entries(now).map(([key, value]) => [key, value - (then[key] ?? 0)]);
  return Object.fromEntries(entries) as Counts;
}

function boardLess(board: BoardStatus, mark: BoardStatus | undefined): BoardStatus {
  if (mark === undefined) return board;
  const { accepted, rejected, hardwareErrors, nonces } = board;
  const counts = { accepted, rejected, hardwareErrors, nonces };
  return {
    ...board,
    ...minus(counts, {
      accepted: mark.accepted,
      rejected: mark.rejected,
      hardwareErrors: mark.hardwareErrors,
      nonces: mark.nonces,
    }),
  };
}

function poolLess(pool: PoolStatus, mark: PoolStatus | undefined): PoolStatus {
  if (mark === undefined) return pool;
  return {
    ...pool,
    accepted: Math.max(0, pool.accepted - mark.accepted),
    rejected: Math.max(0, pool.rejected - mark.rejected),
  };
}
