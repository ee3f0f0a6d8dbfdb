import { expect, test } from "vitest";
import { nothingCounted, SriLogReader } from "./sri-log.ts";

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

/** Lines of pool_sv2 0.7.0 and jd_client_sv2 0.6.0, after their time and module. */
test("shares count on standard and extended channels, of the pool and of the job declarator client", () => {
  const lines = [
    "Received OpenExtendedMiningChannel: OpenExtendedMiningChannel(request_id: 1, user_identity: a, nominal_hash_rate: 200000, max_target: U256(00))",
    "Sending OpenExtendedMiningChannel.Success (downstream_id: 1): OpenExtendedMiningChannelSuccess(request_id: 1)",
    "Received: OpenStandardMiningChannel(request_id: 1, user_identity: a, nominal_hash_rate: 100.5, max_target: U256(00)) downstream_id=0",
    "Received SubmitSharesExtended: SubmitSharesExtended(channel_id=2, sequence_number=1)",
    "SubmitSharesExtended: valid share | downstream_id: 1, channel_id: 2, sequence_number: 1 ✅",
    "SubmitSharesExtended: SubmitSharesSuccess(channel_id=2, last_sequence_number=2, new_submits_accepted_count=2, new_shares_sum=0) ✅",
    "SubmitSharesStandard on downstream channel: valid share | channel_id: 3, sequence_number: 1 ☑️",
    "SubmitSharesExtended on downstream channel: 💰 Block Found!!! 💰00ab",
    "SubmitSharesError: downstream_id: 1, channel_id: 2, sequence_number: 8, error_code: duplicate-share ❌",
    "❌ SubmitSharesError: ch=2, seq=3, error=difficulty-too-low",
    "❌ SubmitSharesError on downstream channel: ch=2, seq=4, error=invalid-job-id",
  ].map((line) => `2026-11-21T16:36:26.148329Z  INFO pool_sv2::channel_manager: ${line}`);
  expect(countsOf(lines)).toMatchObject({
    extendedChannels: 1,
    standardChannels: 1,
    claimedHps: 200_100.5,
    accepted: 4,
    acknowledged: 2,
    blocksFound: 1,
    rejections: ["duplicate-share", "difficulty-too-low", "invalid-job-id"],
  });
});

test("a stale share is apart only within a moment of a new block", () => {
  const block =
    "2026-11-21T16:36:26.000Z  INFO pool_sv2: Received: SetNewPrevHash { template_id: 4 }";
  const stale = (time: string) =>
    `2026-11-21T16:36:${time}Z ERROR pool_sv2: SubmitSharesError: downstream_id: 1, error_code: stale-share ❌`;
  expect(countsOf([block, stale("26.249"), stale("26.251")])).toMatchObject({
    crossedOnTheWire: 1,
    rejections: ["stale-share"],
  });
});
