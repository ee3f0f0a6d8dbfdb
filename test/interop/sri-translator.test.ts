import { expect, test } from "vitest";
import { readTranslatorLog } from "./sri-translator.ts";

test("the miner's calls, what went on to the pool and what came back are counted", () => {
  const counts = { calls: {}, forwarded: 0, dropped: 0, acknowledged: 0, refusedByPool: [] };
  for (const line of [
    "Received mining.configure from SV1 downstream",
    "Received mining.subscribe from Sv1 downstream",
    "Received mining.authorize from Sv1 downstream 1",
    "Received mining.submit from SV1 downstream for channel id: 1",
    "Received mining.submit from SV1 downstream for channel id: 1",
    "SubmitSharesExtended: valid share, forwarding it to upstream | channel_id: 2, sequence_number: 1 ☑️",
    "SubmitSharesExtended rejected by upstream channel validation channel_id=2 validation_error=Stale",
    "SubmitSharesExtended does not meet the upstream channel target channel_id=2 error_code=difficulty-too-low",
    "Received: SubmitSharesSuccess(channel_id=2, last_sequence_number=1, new_submits_accepted_count=1, new_shares_sum=0) ✅",
    "Received: SubmitSharesError(channel_id=2, sequence_number=8, error_code=stale-share) ❌",
  ])
    readTranslatorLog(`2026-11-21T16:36:26.147Z  INFO translator_sv2: ${line}`, counts);
  expect(counts).toEqual({
    calls: {
      "mining.configure": 1,
      "mining.subscribe": 1,
      "mining.authorize": 1,
      "mining.submit": 2,
    },
    forwarded: 1,
    dropped: 2,
    acknowledged: 1,
    refusedByPool: ["stale-share"],
  });
});
