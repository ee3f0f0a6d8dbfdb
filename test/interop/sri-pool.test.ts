import { expect, test } from "vitest";
import { nothingCounted, SriLogReader } from "./sri-pool.ts";

/** What vardiff logs of one channel when it changes the target. */
function change(channelId: number, before: string, after: string): string[] {
  return `2026-03-01T12:00:00.000000Z DEBUG vardiff: Hashrate update check triggered:
            - Elapsed time: 60s
            - Shares since last update: 3
            - Realized shares per minute: 3.0000
            - Current miner target: 0x${before}
2026-03-01T12:00:00.000100Z DEBUG pool_sv2: Updated target for standard channel channel_id=${channelId} to 0x${after}`.split(
    "\n",
  );
}

function countsOf(lines: readonly string[]) {
  const counts = nothingCounted();
  const reader = new SriLogReader(counts);
  for (const line of lines) reader.read(line);
  return counts;
}

test("a target is easier or harder than the one in force, the first of a channel than its opening target", () => {
  const lines = [...change(2, "00ff", "000f"), ...change(3, "0fff", "ffff")];
  expect(countsOf(lines)).toMatchObject({ easierTargets: 1, harderTargets: 1 });
  expect(countsOf(change(2, "00ff", "000f"))).toMatchObject({ easierTargets: 0, harderTargets: 1 });
});

test("a change from an unknown target, or to the same, is neither", () => {
  const [update = ""] = change(2, "00ff", "000f").slice(-1);
  for (const lines of [[update], change(2, "00ff", "00ff")])
    expect(countsOf(lines)).toMatchObject({ easierTargets: 0, harderTargets: 0 });
});
