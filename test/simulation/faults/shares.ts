/** Whether every share that was found and sent has been judged by the pool, and found good. */
import type { VirtualPlant } from "../../support/virtual-plant.ts";

/** Shares of a second may be on their way, or wait for their acknowledgement. */
const UNDER_WAY_PER_CHAIN = 3;

export function lostShares(machine: VirtualPlant): readonly string[] {
  const problems: string[] = [];
  let submitted = 0;
  let credited = 0;
  let cutOff = 0;
  for (const { miner } of machine.miners) {
    const { total, pool } = miner.snapshot();
    submitted += total.submitted;
    credited += total.accepted;
    cutOff += pool.lostUnacknowledged;
    if (total.rejected > 0)
      problems.push(`the pool refused ${total.rejected}: ${JSON.stringify(pool.rejectedByReason)}`);
  }
  const { accepted, rejected } = machine.pool.statistics();
  if (rejected > 0) problems.push(`${rejected} shares were wrong`);
  if (accepted < credited) problems.push(`${credited} shares credited, ${accepted} accepted`);
  const missing = submitted - accepted - rejected;
  const underWay = UNDER_WAY_PER_CHAIN * machine.chains.length;
  if (missing > underWay + cutOff)
    problems.push(`${missing} of ${submitted} shares never reached the pool`);
  return problems;
}
