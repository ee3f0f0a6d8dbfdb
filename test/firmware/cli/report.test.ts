import { expect, test } from "vitest";
import { reportJson, reportText } from "../../../firmware/cli/report.ts";
import { sampleChain, sampleSnapshot } from "./sample-snapshot.ts";

const chains = [
  sampleChain(),
  sampleChain({ index: 1, chipsFound: 120, accepted: 40, rejected: 2, hardwareErrors: 3 }),
];

test("the JSON report has the machine's totals at the top, under the promised keys", () => {
  expect(reportJson(sampleSnapshot({ chains }))).toMatchObject({
    simulated: true,
    scale: 2 ** 25,
    chipsExpected: 252,
    chipsFound: 246,
    hashrateHps: 2_019_624,
    accepted: 100,
    rejected: 2,
    hardwareErrors: 3,
    nonces: 487,
    newBlockLatencyMs: { count: 3, p50: 0.21, p99: 0.44, max: 0.44 },
    pool: { connects: 1, blocksSeen: 3, encrypted: true },
  });
});

test("each chain has every key that the totals have", () => {
  const report = reportJson(sampleSnapshot({ chains }));
  const { simulated, uptimeS, pool, chains: chainReports, ...totals } = report;
  expect(chainReports).toHaveLength(2);
  for (const chain of chainReports)
    expect(Object.keys(chain)).toEqual(expect.arrayContaining(Object.keys(totals)));
  expect(chainReports[1]).toMatchObject({
    index: 1,
    chipsFound: 120,
    accepted: 40,
    hardwareErrors: 3,
  });
});

test("the report survives a round through JSON: no NaN, no undefined", () => {
  const report = reportJson(sampleSnapshot({ chains }));
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test("the text for people names scale, shares, rate and latency", () => {
  const text = reportText(sampleSnapshot({ chains }));
  expect(text).toContain(
    "Ran 1 m 02 s against stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd…, simulated ÷ 2^25.",
  );
  expect(text).toContain("Chain 1 (/dev/pts/3): 120 of 126 BM1362 at 525 MHz");
  expect(text).toContain("60 accepted, 0 rejected, 1 unanswered");
  expect(text).toContain("p50 0.210 ms, p99 0.440 ms (3 blocks)");
  expect(text.endsWith("\n")).toBe(true);
});
