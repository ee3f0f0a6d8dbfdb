/** The miner at its end of the link: beats, asks for power, obeys; without a guard it quiets the chips and ends. */
import { BEAT_PERIOD_MS, type GuardMessage, type MinerLink } from "../../src/control/guard-link.ts";
import type { Miner } from "../../src/hashing/miner.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** Counts and rates for people. */
const SNAPSHOT_PERIOD_MS = 500;
/** The rows of all chips take the miner's thread for milliseconds, in which a new block would wait: seldom. */
const WITH_CHIPS_EVERY = 20;

/**
 * Resolves when the miner has ended in order: told to, or because the guard is gone. `afterwards` is done while the guard
 * still hears that the miner lives: a disk may take its time.
 */
export async function runMiner(
  miner: Miner,
  link: MinerLink,
  clock: Clock,
  afterwards: () => Promise<void> = async () => {},
): Promise<void> {
  const ending = new AbortController();
  using _messages = link.onMessage((message) => obey(miner, message, ending));
  using _closed = link.onClosed(() => {
    // Nobody watches any more: first the chips, then everything else.
    miner.hashingOff("the guard is gone");
    ending.abort();
  });
  using _events = miner.onEvent((event) => link.send({ tell: "event", event }));
  const beat = () => link.send({ tell: "beat", chains: miner.chainReports() });
  beat();
  using _beats = clock.every(BEAT_PERIOD_MS, beat);
  let told = 0;
  const tell = (detail: "chips" | "chains") =>
    link.send({ tell: "snapshot", snapshot: miner.snapshot(detail) });
  const snapshots = clock.every(SNAPSHOT_PERIOD_MS, () =>
    tell(++told % WITH_CHIPS_EVERY === 0 ? "chips" : "chains"),
  );
  // Whether all chains came up is what its reports say.
  void miner.start();
  await new Promise<void>((resolve) => {
    if (ending.signal.aborted) resolve();
    else ending.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  // Counts of the live run are the last word: from now on channels and chips go away.
  tell("chips");
  snapshots[Symbol.dispose]();
  await miner.stop();
  await afterwards();
  link.send({ tell: "stopped" });
}

function obey(miner: Miner, message: GuardMessage, ending: AbortController): void {
  switch (message.tell) {
    case "allow":
      miner.allow(message.chains);
      return;
    case "hashing-off":
      miner.hashingOff(message.reason, message.chains);
      return;
    case "retry":
      miner.retry(message.chains);
      return;
    case "pools":
      miner.changePools(message.pools);
      return;
    case "stop":
      ending.abort();
      return;
    default:
      message satisfies never;
  }
}
