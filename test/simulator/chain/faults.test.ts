import { describe, expect, test } from "vitest";
import { bm1362 } from "../../../drivers/bm13xx/chips.ts";
import {
  at,
  bitErrorRate,
  type ChainFault,
  cutFrames,
  deadButForwarding,
  duplicateNonces,
  during,
  garbageAtBaudSwitch,
  hardwareErrors,
  missingChip,
  noise,
  overclocked,
  silent,
  stuckChip,
  stuckOldJob,
  type TimedFault,
  wrongChipId,
  wrongJob,
  wrongVersion,
} from "../../../simulator/chain/faults.ts";
import { hashHeader } from "../../../src/bitcoin/header.ts";
import { fromHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, jobFrame, TestHost } from "./host.ts";

const header = fromHex(vectors.jobs[0]?.header ?? "");
viewOf(header).setUint32(0, 0x20000000, true);
const goodId = "aa551362030000000d";

function chainWith(...faults: readonly (ChainFault | TimedFault)[]): TestHost {
  const scale = (50e6 * bm1362.smallCores) / 4_000;
  return new TestHost({ chip: bm1362, chipCount: 6, requiredZeroBits: 6, scale, faults });
}

function startHashing(host: TestHost): void {
  host.send(frames.writeAll(0xa4, 0x9000ffff), frames.chainInactive);
  for (let i = 0; i < 6; i++) host.send(frames.setAddress(2 * i));
  host.send(frames.writeAll(0x18, 0xb000c100), frames.writeAll(0x10, 0x1381));
  host.send(jobFrame({ idByte: 0, header }));
}

function isGoodHash(hex: string, base = header): boolean {
  const solved = base.slice();
  const view = viewOf(solved);
  view.setUint32(0, 0x20000000 | (Number.parseInt(hex.slice(16, 20), 16) << 13), true);
  view.setUint32(76, Number.parseInt(hex.slice(4, 12), 16));
  return (hashHeader(solved)[31] as number) < 4;
}

/** The header an hour later: another job. */
const laterHeader = header.slice();
laterHeader[70] = (laterHeader[70] as number) ^ 0x0e;

const addressOf = (hex: string) => (Number.parseInt(hex.slice(4, 12), 16) >>> 17) & 0xff;

describe("a chain with a fault", () => {
  test("behind a missing chip nobody answers or takes an address", async () => {
    const host = chainWith(missingChip(2));
    expect(await host.ask(frames.readAll(0))).toEqual([goodId, goodId]);
    startHashing(host);
    expect(new Set((await host.answersWithin(2_000)).map(addressOf))).toEqual(new Set([0, 2]));
  });

  test("a chain without its first chip is deaf", async () => {
    const host = chainWith(missingChip(0));
    expect(await host.ask(frames.readAll(0))).toEqual([]);
    expect(host.chain.counters.commandsReceived).toBe(0);
  });

  test("past a dead chip that forwards the others get the addresses", async () => {
    const host = chainWith(deadButForwarding(0), deadButForwarding(2));
    expect(await host.ask(frames.readAll(0))).toHaveLength(4);
    startHashing(host);
    host.send(frames.writeAll(0x28, 0x11300000));
    host.baudRate = 3_125_000;
    expect(new Set((await host.answersWithin(2_000)).map(addressOf))).toEqual(
      new Set([0, 2, 4, 6]),
    );
    expect(host.chain.chips.map(({ isAddressed }) => isAddressed)).toEqual([
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  test("a wrong chip names another family", async () => {
    const ids = await chainWith(wrongChipId(1)).ask(frames.readAll(0));
    expect(ids.map((hex) => hex.slice(4, 8))).toEqual([
      "1362",
      "1397",
      "1362",
      "1362",
      "1362",
      "1362",
    ]);
  });

  test("a silent chain hears all and says nothing", async () => {
    const host = chainWith(silent);
    startHashing(host);
    expect(await host.ask(frames.readAll(0))).toEqual([]);
    expect(host.chain.counters).toMatchObject({ jobsReceived: 1, checksumErrors: 0 });
  });

  test("a stuck chip gives its last nonce again and again", async () => {
    const host = chainWith(at(1_000, stuckChip(3)));
    startHashing(host);
    const before = (await host.answersWithin(1_000)).filter((hex) => addressOf(hex) === 6);
    host.send(jobFrame({ idByte: 0x40, header }));
    const after = (await host.answersWithin(1_000)).filter((hex) => addressOf(hex) === 6);
    expect(after.length).toBeGreaterThan(20);
    expect(new Set(after)).toEqual(new Set(before.slice(-1)));
  });

  test("hardware errors are answers whose hash is not good enough, as many as asked for", async () => {
    const host = chainWith(hardwareErrors(0.3));
    startHashing(host);
    const answers = await host.answersWithin(5_000);
    const bad = answers.filter((hex) => !isGoodHash(hex)).length;
    expect(Math.abs(bad / answers.length - 0.3)).toBeLessThan(0.05);
    const counted = host.chain.chips.map(({ index }) => frames.readOne(2 * index, 0x4c));
    let total = 0;
    for (const frame of counted)
      total += Number.parseInt(
        (await host.ask(frame, 30)).find((hex) => hex.slice(14, 16) === "4c")?.slice(4, 12) ?? "",
        16,
      );
    expect(total).toBeGreaterThanOrEqual(bad);
  });

  test("an overclocked chip makes more errors the farther its clock is above the limit", async () => {
    const host = chainWith(overclocked({ chip: 1, limitMHz: 45, errorsPerMHz: 0.1 }));
    startHashing(host);
    const badShare = async (address: number) => {
      const answers = (await host.answersWithin(10_000)).filter(
        (hex) => addressOf(hex) === address,
      );
      expect(answers.length).toBeGreaterThan(200);
      return answers.filter((hex) => !isGoodHash(hex)).length / answers.length;
    };
    // At 50 MHz, the clock after reset: 5 above the limit. Chance hits again once in 64 times.
    expect(Math.abs((await badShare(2)) - 0.5)).toBeLessThan(0.1);
    expect(await badShare(4)).toBe(0);
    // 25 × 0x50 / (1 × 7 × 6) = 47.6 MHz
    host.send(frames.writeAll(0x08, 0x40500165));
    expect(Math.abs((await badShare(2)) - 0.26)).toBeLessThan(0.08);
    host.send(frames.writeAll(0x08, 0x40400165));
    expect(await badShare(2)).toBe(0);
    host.chain.addFault(overclocked({ chip: "all", limitMHz: 20, errorsPerMHz: 1 }));
    expect(await badShare(4)).toBeGreaterThan(0.9);
  });

  test("a wrong nonce counts as the work that it stands for, in the unit of the hash counters", async () => {
    const host = chainWith(hardwareErrors(1));
    startHashing(host);
    host.send(frames.writeAll(0x14, 0x000000e0));
    const wrong = (await host.answersWithin(20_000)).length;
    host.send(frames.writeAll(0x10, 0));
    await host.clock.advance(50);
    let [errors, work] = [0, 0];
    for (let chip = 0; chip < 6; chip++)
      for (const hex of await host.ask(frames.readOne(2 * chip, 0x4c), 30))
        errors += Number.parseInt(hex.slice(4, 12), 16);
    for (let chip = 0; chip < 6; chip++)
      for (const hex of await host.ask(frames.readOne(2 * chip, 0x8c), 30))
        work += Number.parseInt(hex.slice(4, 12), 16);
    expect(wrong).toBeGreaterThan(500);
    // Three bits of ticket: each nonce is worth eight units. With every nonce wrong all work is errors, but for chance.
    expect(errors).toBe(8 * wrong);
    expect(Math.abs(errors / work - 1)).toBeLessThan(0.2);
  });

  test("a chip stuck on an old job reports what it finds for it, the others the new one", async () => {
    const host = chainWith();
    startHashing(host);
    await host.clock.advance(500);
    const fault = stuckOldJob(3);
    host.chain.addFault(fault);
    host.send(jobFrame({ idByte: 0x40, header: laterHeader }));
    host.send(jobFrame({ idByte: 0x48, header: laterHeader }));
    await host.clock.advance(50);
    const answers = await host.answersWithin(3_000);
    const seen = new Map<number, number>();
    for (const hex of answers) {
      const isStuck = addressOf(hex) === 6;
      expect(Number.parseInt(hex.slice(14, 16), 16) & 0xf8).toBe(isStuck ? 0 : 0x48);
      expect(isGoodHash(hex, isStuck ? header : laterHeader)).toBe(true);
      seen.set(addressOf(hex), (seen.get(addressOf(hex)) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    expect(seen.get(6)).toBeGreaterThan(100);
    // It goes on where it was: nothing is found twice.
    const old = answers.filter((hex) => addressOf(hex) === 6);
    expect(new Set(old).size).toBe(old.length);
    host.chain.removeFault(fault);
    host.send(jobFrame({ idByte: 0x50, header: laterHeader }));
    await host.clock.advance(50);
    for (const hex of await host.answersWithin(500))
      expect(Number.parseInt(hex.slice(14, 16), 16) & 0xf8).toBe(0x50);
  });

  test("a nonce of the wrong job carries the id of the one before", async () => {
    const host = chainWith(wrongJob(0.5));
    startHashing(host);
    host.send(jobFrame({ idByte: 0x40, header: laterHeader }));
    await host.clock.advance(20);
    const answers = await host.answersWithin(3_000);
    const ids = answers.map((hex) => Number.parseInt(hex.slice(14, 16), 16) & 0xf8);
    expect(new Set(ids)).toEqual(new Set([0x00, 0x40]));
    expect(Math.abs(ids.filter((id) => id === 0).length / ids.length - 0.5)).toBeLessThan(0.1);
    expect(answers.every((hex) => isGoodHash(hex, laterHeader))).toBe(true);
  });

  test("a nonce of the wrong version differs from a good one in one bit of it", async () => {
    const host = chainWith(wrongVersion(0.5));
    startHashing(host);
    const answers = await host.answersWithin(3_000);
    const bad = answers.filter((hex) => !isGoodHash(hex));
    expect(Math.abs(bad.length / answers.length - 0.5)).toBeLessThan(0.1);
    for (const hex of bad) {
      const field = Number.parseInt(hex.slice(16, 20), 16);
      const withField = (value: number) =>
        hex.slice(0, 16) + value.toString(16).padStart(4, "0") + hex.slice(20);
      const repaired = Array.from({ length: 16 }, (_, bit) => withField(field ^ (1 << bit)));
      expect(repaired.some((one) => isGoodHash(one))).toBe(true);
    }
  });

  test("garbage comes whenever the chips change their rate, and only then", async () => {
    const host = chainWith(garbageAtBaudSwitch);
    expect(await host.ask(frames.writeAll(0x58, 1))).toEqual([]);
    for (let i = 0; i < 5; i++) {
      const [word, baudRate] = i % 2 === 0 ? [0x11300000, 3_125_000] : [0x01301a00, 115_200];
      const chunks = await host.ask(frames.writeAll(0x28, word));
      expect(chunks).toHaveLength(1);
      expect(chunks[0]?.length).toBeLessThanOrEqual(32);
      host.baudRate = baudRate;
      expect(await host.ask(frames.writeAll(0x28, word))).toEqual([]);
      expect(await host.ask(frames.readAll(0))).toEqual(Array(6).fill(goodId));
    }
  });

  test("duplicates come at once behind the nonce", async () => {
    const host = chainWith(duplicateNonces(1));
    startHashing(host);
    const answers = await host.answersWithin(500);
    expect(answers.length).toBeGreaterThan(50);
    for (let i = 0; i + 1 < answers.length; i += 2) expect(answers[i + 1]).toBe(answers[i]);
  });

  test("cut frames are the beginnings of good ones", async () => {
    const ids = await chainWith(cutFrames(1)).ask(frames.readAll(0));
    expect(ids).toHaveLength(6);
    for (const hex of ids) {
      expect(hex.length).toBeLessThan(goodId.length);
      expect(goodId.startsWith(hex)).toBe(true);
    }
  });

  test("noise comes before frames and leaves them whole", async () => {
    const ids = await chainWith(noise(1)).ask(frames.readAll(0));
    for (const hex of ids) {
      expect(hex.length).toBeGreaterThan(goodId.length);
      expect(hex.endsWith(goodId)).toBe(true);
    }
  });

  test("bit errors hit both directions, as often as asked for", async () => {
    const host = chainWith(bitErrorRate(0.01));
    const clean = (await chainWith().ask(frames.readAll(0x58)))[0];
    let flipped = 0;
    let answered = 0;
    for (let i = 0; i < 200; i++)
      for (const hex of await host.ask(frames.readAll(0x58), 10)) {
        answered++;
        if (hex !== clean) flipped++;
      }
    const { commandsReceived, bytesDropped } = host.chain.counters;
    // A command has 56 bits, an answer 72.
    expect(Math.abs(commandsReceived / 200 - 0.99 ** 56)).toBeLessThan(0.12);
    expect(bytesDropped).toBeGreaterThan(0);
    expect(Math.abs(flipped / answered - (1 - 0.99 ** 72))).toBeLessThan(0.08);
  });

  test("faults come and go at their time", async () => {
    const host = chainWith(during(1_000, 2_000, missingChip(2)), at(3_000, silent));
    const answering = async () => (await host.ask(frames.readAll(0), 500)).length;
    const counts: number[] = [];
    for (let i = 0; i < 7; i++) counts.push(await answering());
    expect(counts).toEqual([6, 6, 2, 2, 6, 6, 0]);
  });

  test("a removed fault is gone, and disposal leaves no timer", async () => {
    const host = chainWith(silent, at(60_000, silent));
    host.chain.removeFault(silent);
    startHashing(host);
    expect((await host.answersWithin(100)).length).toBeGreaterThan(0);
    host.chain[Symbol.dispose]();
    expect(host.clock.pendingTimers).toBe(0);
    expect(await host.answersWithin(1_000)).toEqual([]);
  });

  test("the same seed gives the same damage", async () => {
    const run = async () => {
      const host = chainWith(at(100, bitErrorRate(0.02)), noise(0.5), cutFrames(0.3));
      startHashing(host);
      return host.answersWithin(1_000);
    };
    const first = await run();
    expect(first.length).toBeGreaterThan(100);
    expect(await run()).toEqual(first);
  });
});
