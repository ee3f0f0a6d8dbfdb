import { describe, expect, test } from "vitest";
import { type Bm13xxChip, bm1362, bm1370, bm1397 } from "../../../drivers/bm13xx/chips.ts";
import { geometryOf } from "../../../simulator/chain/chain-model.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { hashHeader } from "../../../src/bitcoin/header.ts";
import { fromHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, jobFrame, TestHost } from "./host.ts";

const header = fromHex(vectors.jobs[0]?.header ?? "");
viewOf(header).setUint32(0, 0x20000000, true);

/** Chips of a real machine, so much slower that few hashes are due; found in random order. */
function machine(chip: Bm13xxChip, chipCount: number, scale: number, ticket: number): TestHost {
  const clock = new VirtualClock();
  const requiredZeroBits = Math.max(0, 32 - Math.log2(scale));
  const geometry = geometryOf(chip, chipCount, requiredZeroBits);
  const searcher = openSynchronousSearcher({ clock, geometry, order: "sampled" });
  const host = new TestHost({ chip, chipCount, requiredZeroBits, scale, clock, searcher });
  host.send(frames.writeAll(0xa4, 0x9000ffff), frames.chainInactive);
  for (let i = 0; i < chipCount; i++) host.send(frames.setAddress(2 * i));
  host.send(frames.writeAll(0x14, ticket));
  if (chip.jobFormat === "full")
    host.send(frames.writeAll(0x18, 0xf000c100), frames.writeAll(0x10, 0x1381));
  return host;
}

function zeroBitsOf(hex: string): number {
  const solved = header.slice();
  const view = viewOf(solved);
  view.setUint32(0, (0x20000000 | (Number.parseInt(hex.slice(16, 20), 16) << 13)) >>> 0, true);
  view.setUint32(76, Number.parseInt(hex.slice(4, 12), 16));
  const hash = hashHeader(solved).reverse();
  return Math.clz32(viewOf(hash).getUint32(0));
}

describe("a chain at a scale beyond 2^32", () => {
  // Real rate of 126 BM1362 at 50 MHz: 3.24 TH/s, i.e. 2.95 nonces per second with a ticket of 256.
  test.each([
    [32, 0x000000ff, 8],
    [36, 0x000000ff, 4],
    [36, 0x000000f0, 0],
    [40, 0x000000ff, 0],
    [40, 0x000080ff, 1],
  ])(
    "of 2^%i with ticket %i asks for %i zero bits and reports as often as a real one",
    async (log2, ticket, bits) => {
      const host = machine(bm1362, 126, 2 ** log2, ticket);
      host.send(jobFrame({ idByte: 0x28, header }));
      const answers = await host.answersWithin(200_000);
      const realRate = (126 * 514 * 50e6) / 2 ** 32 / 2 ** (bits + log2 - 32);
      const expected = 200 * realRate;
      expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
      for (const hex of answers) expect(zeroBitsOf(hex)).toBeGreaterThanOrEqual(bits);
      if (bits > 0) expect(answers.some((hex) => zeroBitsOf(hex) === bits)).toBe(true);
      const chips = new Set(
        answers.map((hex) => (Number.parseInt(hex.slice(4, 12), 16) >>> 17) & 0xff),
      );
      expect(chips.size).toBeGreaterThan(95);
      const cores = new Set(answers.map((hex) => Number.parseInt(hex.slice(4, 12), 16) >>> 25));
      expect(cores.size).toBeGreaterThan(60);
    },
  );

  test("counts its work in difficulty 1, as much as its nonces stand for", async () => {
    const host = machine(bm1370, 1, 2 ** 40, 0xff);
    host.send(frames.writeAll(0x08, 0x50c00230), jobFrame({ idByte: 0x18, header }));
    const nonces = (await host.answersWithin(1_000_000)).length;
    const [answer] = await host.ask(frames.readAll(0x8c));
    const counted = Number.parseInt(answer?.slice(4, 12) ?? "", 16);
    const expected = (1_000 * 2_040 * 600e6) / 2 ** 32;
    expect(Math.abs(counted / expected - 1)).toBeLessThan(0.01);
    expect(Math.abs(256 * nonces - counted)).toBeLessThan(5 * 256 * Math.sqrt(nonces));
  });

  test("reports midstates too", async () => {
    const host = machine(bm1397, 4, 2 ** 38, 0xff);
    host.send(vectors.exhaustive_nonces.job_frame_4midstate_bm1397);
    const answers = await host.answersWithin(1_000_000);
    const expected = (1_000 * 4 * 672 * 50e6) / 2 ** 40;
    expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    const addresses = answers.map((hex) => (Number.parseInt(hex.slice(4, 12), 16) >>> 14) & 0xff);
    expect(new Set(addresses)).toEqual(new Set([0, 2, 4, 6]));
    expect(new Set(answers.map((hex) => hex.slice(14, 16)))).toEqual(
      new Set(["08", "09", "0a", "0b"]),
    );
  });

  test("of 3 × 126 chips lives an hour with a job every second in less than a minute of processor time", {
    timeout: 120_000,
  }, async () => {
    const clock = new VirtualClock();
    const geometry = geometryOf(bm1362, 126, 0);
    const hosts = [1, 2, 3].map((seed) => {
      const searcher = openSynchronousSearcher({ clock, geometry, order: "sampled", seed });
      const options = { chip: bm1362, chipCount: 126, requiredZeroBits: 0, scale: 2 ** 40 };
      const host = new TestHost({ ...options, clock, searcher });
      host.send(frames.writeAll(0x18, 0xf000c100), frames.writeAll(0x14, 0xff));
      host.send(frames.writeAll(0x08, 0x40a80230), frames.writeAll(0x10, 0x1381));
      return host;
    });
    const before = process.cpuUsage();
    const later = header.slice();
    let activeMHz = 0;
    for (let second = 0; second < 3_600; second++) {
      viewOf(later).setUint32(68, second);
      const job = jobFrame({ idByte: (8 * second) & 0xf8, header: later });
      for (const host of hosts) host.send(job);
      for (let i = 0; i < 10; i++) {
        await clock.advance(100);
        for (const { chain } of hosts) activeMHz += chain.activeMHz;
      }
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(60);
    expect(activeMHz / 36_000).toBeCloseTo(3 * 126 * 525);
    const expected = (3_600 * 126 * 514 * 525e6) / 2 ** 40;
    for (const { answers } of hosts)
      expect(Math.abs(answers.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });
});
