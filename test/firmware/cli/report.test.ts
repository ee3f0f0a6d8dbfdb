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

test("wire counters are the chain's, and their sum; windows, latency and step are there, too", () => {
  const { wire } = sampleChain();
  const latency = { count: 2, p50: 0.1, p99: 0.2, max: 0.2 };
  const report = reportJson(
    sampleSnapshot({
      chains: [
        sampleChain({ chipHashrateHps: [1, 2], newBlockLatencyMs: latency }),
        sampleChain({
          phase: "bringing-up",
          bringUpStep: "ramping",
          wire: { ...wire, crcErrors: 2, bytesDropped: 7 },
        }),
      ],
    }),
  );
  expect(report).toMatchObject({
    wire: { framesReceived: 736, bytesDropped: 7, crcErrors: 2 },
    hashrateWindowsHps: { s5: 0, m1: 0, m5: 0, m15: 0, h24: 0 },
    newBlockLatencyMs: { count: 3 },
  });
  expect(report.chains).toMatchObject([
    {
      wire: { crcErrors: 0 },
      chipHashrateHps: [1, 2],
      newBlockLatencyMs: latency,
      hashrateWindowsHps: { s5: 1_000_000 },
      bringUpStep: null,
    },
    { wire: { crcErrors: 2 }, newBlockLatencyMs: null, bringUpStep: "ramping" },
  ]);
});

test("each chain has every key that the totals have", () => {
  const report = reportJson(sampleSnapshot({ chains }));
  const { simulated, uptimeS, pool, pools, withoutPool, machine, ...rest } = report;
  const { chains: chainReports, ...totals } = rest;
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

test("the text counts the blocks seen, not the measured ones", () => {
  const { pool } = sampleSnapshot();
  expect(reportText(sampleSnapshot({ pool: { ...pool, blocksSeen: 5 } }))).toContain("(5 blocks)");
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
