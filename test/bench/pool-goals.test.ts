import { expect, test } from "vitest";
import { poolFigures } from "./pool-goals.ts";
import { summaryOf } from "./statistics.ts";

const blocks = (aloneMs: number, withStandbysMs: number) => ({
  chains: 3,
  standbys: "silent" as const,
  alone: summaryOf([aloneMs]),
  withStandbys: summaryOf([withStandbysMs]),
});
const shares = (ms: number) => ({
  noncesPerSecond: 300,
  program: summaryOf([ms]),
  floor: summaryOf([0.1]),
});

test("standby pools may cost a quarter of the median, and a tail of a millisecond or twice what it is without", () => {
  const met = (ms: number) =>
    poolFigures({
      standby: {
        blocks: [blocks(0.8, ms)],
        shares: { alone: shares(0.2), withStandbys: shares(0.2) },
      },
    }).map(({ goal }) => goal?.met);
  expect(met(1)).toEqual([true, true, true, true]);
  expect(met(1.1)).toEqual([false, true, true, true]);
  expect(met(1.7)).toEqual([false, false, true, true]);
});

test("only the handshake on its own thread has a goal, against no handshake at all", () => {
  const load = (handshake: "none" | "main thread" | "own thread", ms: number) => ({
    handshake,
    blocks: summaryOf([ms]),
    handshakeMs: summaryOf([20]),
  });
  const figures = poolFigures({
    handshakeLoad: [load("none", 0.8), load("main thread", 20), load("own thread", 1.7)],
  });
  expect(figures.map(({ goal }) => goal?.met)).toEqual([undefined, undefined, false]);
});

test("a second is allowed for a fail-over", () => {
  const figures = (ms: number) =>
    poolFigures({ failOver: [{ standby: "sv1", chains: 3, takenMs: summaryOf([1, ms]) }] });
  expect(figures(1_000)[0]?.goal?.met).toBe(true);
  expect(figures(1_001)[0]?.goal?.met).toBe(false);
});

test("costs are shown beside V1's, for the same number of chains", () => {
  const cost = (protocol: "V1" | "V2 standard", bytes: number) => ({
    protocol,
    chains: 1,
    blockBytes: bytes,
    jobBytes: bytes,
    shareBytes: bytes,
    acknowledgementBytes: 0,
    blockMs: 0.1,
    jobMs: 0.1,
    shareMs: 0.1,
    acknowledgementMs: 0,
  });
  const [first] = poolFigures({ protocolCost: [cost("V2 standard", 100), cost("V1", 850)] });
  expect(first?.value).toBe("100 bytes (V1: 8.5 ×), 100 µs (V1: 1.0 ×)");
});
