import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shortPoolUrl, statusLines } from "../../../firmware/cli/status-lines.ts";
import type { MinerSnapshot } from "../../../src/telemetry/snapshot.ts";
import { sampleChain, sampleSnapshot } from "./sample-snapshot.ts";

const render = (snapshot: MinerSnapshot, width: number) =>
  statusLines(snapshot, width).map(({ text }) => text);
const shown = (snapshot = sampleSnapshot(), width = 120) => render(snapshot, width).join("\n");

describe("the live status", () => {
  test("shows chips, frequency, hashrate, errors and shares of each chain", () => {
    const text = shown();
    expect(text).toMatch(
      /0 {2}BM1362 {2}126\/126 {2}525 {2}1\.010 MH\/s {2}1\.013 MH\/s +60 +0 +0 +242/,
    );
    expect(text).not.toContain("total");
  });

  test("shows pool, channel, difficulty, shares and the latency of new blocks", () => {
    const text = shown();
    expect(text).toContain("stratum2+tcp://127.0.0.1:34254/9auqWEzQDVyd…");
    expect(text).toContain("Channel  1 for chain 0  difficulty 3.00e-5  60 accepted");
    expect(text).toContain("Shares   60 accepted  0 rejected  1 unanswered");
    expect(text).toContain("3 seen");
    expect(text).toContain("p50 0.210 ms  p99 0.440 ms");
  });

  test("says that it is a simulation, and how far scaled down; real hardware says nothing of the kind", () => {
    expect(shown()).toContain("SIMULATED ÷ 2^25");
    expect(shown(sampleSnapshot({ simulated: false, scale: 1 }))).not.toContain("SIMULATED");
  });

  test("adds a total when there are several chains", () => {
    const chains = [sampleChain(), sampleChain({ index: 1, accepted: 7, chipsFound: 125 })];
    expect(shown(sampleSnapshot({ chains }))).toMatch(/total +251\/252 +2\.020 MH\/s .* 67 +0 +0/);
  });

  test("tells why a chain does not hash", () => {
    const chains = [
      sampleChain({ phase: "faulted", reason: "/dev/ttyS1: enumerate: wrong-id (0 of 126 chips)" }),
    ];
    const line = statusLines(sampleSnapshot({ chains }), 120).find(({ text }) =>
      text.includes("faulted"),
    );
    expect(line).toMatchObject({
      text: "       faulted: /dev/ttyS1: enumerate: wrong-id (0 of 126 chips)",
      tone: "bad",
    });
  });

  test("tells what bring-up is at", () => {
    const chains = [
      sampleChain({ phase: "bringing-up", bringUpStep: "ramping" }),
      sampleChain({ phase: "bringing-up" }),
    ];
    const lines = render(sampleSnapshot({ chains }), 120);
    expect(lines).toContain("       bringing-up, ramping");
    expect(lines).toContain("       bringing-up");
  });

  test("tells what went wrong on a chain's wire, and nothing when nothing did", () => {
    expect(shown()).not.toContain("wire");
    const { wire } = sampleChain();
    const chains = [sampleChain({ wire: { ...wire, bytesDropped: 12, crcErrors: 1 } })];
    expect(shown(sampleSnapshot({ chains }))).toContain(
      "       wire: 12 bytes dropped, 1 bad CRC\n".trimEnd(),
    );
  });

  test("tells when work repeats", () => {
    const chains = [sampleChain({ repeatedWork: 0.123 })];
    expect(shown(sampleSnapshot({ chains }))).toContain(
      "search space exhausted, 12.3 % of work repeats",
    );
  });

  test("tells why shares were rejected and why the pool is away", () => {
    const { pool } = sampleSnapshot();
    const text = shown(
      sampleSnapshot({
        pool: {
          ...pool,
          phase: "backing-off",
          reason: "connection refused",
          encrypted: false,
          rejectedByReason: { "difficulty-too-low": 1, "stale-share": 3 },
          lostUnacknowledged: 2,
        },
      }),
    );
    expect(text).toContain("backing-off: connection refused");
    expect(text).toContain("Rejected stale-share 3, difficulty-too-low 1");
    expect(text).toContain("NOT ENCRYPTED");
    expect(text).toContain("3 unanswered (2 lost with a connection)");
  });

  test("a hostile reason cannot move the cursor", () => {
    const { pool } = sampleSnapshot();
    const text = shown(
      sampleSnapshot({
        pool: {
          ...pool,
          phase: "opening",
          reason: "\x1b[2Jgone",
          rejectedByReason: { "\x1b]0;x\x07": 1 },
        },
      }),
    );
    expect(text).not.toContain("\x1b");
  });

  test("a narrow terminal loses columns from the right, never part of one, and no line is too wide", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 140 }), (width) => {
        const lines = render(sampleSnapshot({ chains: [sampleChain(), sampleChain()] }), width);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        const header = lines.find((line) => line.startsWith("chain"));
        if (width >= 5)
          expect(
            " chain chip chips MHz hashrate nominal accepted rejected errors nonces ",
          ).toContain(` ${header?.trim().split(/\s+/).join(" ")} `);
      }),
    );
  });
});

test("the key of a pool is shortened, its name is not", () => {
  expect(shortPoolUrl("stratum2+tcp://pool.example:3333")).toBe("stratum2+tcp://pool.example:3333");
});
