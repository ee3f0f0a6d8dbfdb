/** A pool that dies every seven minutes, for a day: how often does the hash power move? */
import { Arena, type ArenaPool } from "./arena.ts";

const PERIOD_MS = 7 * 60_000;
const DOWN_FOR_MS = 20_000;

export interface Flapping {
  readonly hours: number;
  readonly deaths: number;
  /** Times at which the first pool got the hash power back. */
  readonly returns: number;
  readonly withoutPoolS: number;
}

export async function measureFlapping(hours: number): Promise<Flapping> {
  const quiet = { templateIntervalMs: 60_000, blockIntervalMs: 600_000 };
  const arena = new Arena({ protocols: ["sv2", "sv2"], pool: quiet });
  const [first] = arena.pools as [ArenaPool];
  let returns = 0;
  arena.machine.miner.onEvent(({ what, reason }) => {
    if (what === "pool-switch" && /returned to it/.test(reason)) returns++;
  });
  await arena.start();
  const deaths = Math.floor((hours * 3_600_000) / PERIOD_MS);
  for (let death = 0; death < deaths; death++) {
    first.refuse();
    first.network.severAll();
    await arena.clock.advance(DOWN_FOR_MS);
    first.listen();
    await arena.clock.advance(PERIOD_MS - DOWN_FOR_MS);
  }
  const withoutPoolS = arena.machine.miner.snapshot("chains").withoutPool.s;
  await arena.stop();
  return { hours, deaths, returns, withoutPoolS };
}
