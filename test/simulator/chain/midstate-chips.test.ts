import { describe, expect, test } from "vitest";
import { bm1397, bm1398 } from "../../../drivers/bm13xx/chips.ts";
import { wrongVersion } from "../../../simulator/chain/faults.ts";
import { CommandFramer } from "../../../simulator/chain/wire.ts";
import { fromHex, viewOf } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { frames, sealed, TestHost } from "./host.ts";

const probe = "55aa520500000a";
const jobs = vectors.jobs.filter(({ chip }) => chip === "BM1397");
const fourMidstates = fromHex(vectors.exhaustive_nonces.job_frame_4midstate_bm1397);

/** Where BM1397 has core, small core and address in a nonce leaves 14 bits to its counter. */
const placeOf = (nonce: number) => ({
  core: nonce >>> 24,
  address: (nonce >>> 14) & 0xff,
  counter: nonce & 0x3fff,
});

/** A BM1397 with the nonce's address, at full difficulty, that makes so many hashes a second. */
function chipFor(nonce: number, hashesPerSecond: number): TestHost {
  const host = new TestHost({
    chip: bm1397,
    chipCount: 1,
    requiredZeroBits: 32,
    scale: (50e6 * bm1397.smallCores) / hashesPerSecond,
  });
  host.send(frames.chainInactive, frames.setAddress(placeOf(nonce).address));
  return host;
}

/** The job with its counters beginning a little before the nonce. */
function jobBefore(job: Uint8Array, nonce: number): Uint8Array {
  const frame = job.slice();
  viewOf(frame).setUint32(6, Math.max(0, placeOf(nonce).counter - 50));
  return sealed(frame);
}

function hashingChain(chipCount = 2, requiredZeroBits = 6): TestHost {
  const scale = (50e6 * bm1397.smallCores) / 4_000;
  const host = new TestHost({ chip: bm1397, chipCount, requiredZeroBits, scale });
  host.send(frames.chainInactive, frames.chainInactive, frames.chainInactive);
  for (let i = 0; i < chipCount; i++) host.send(frames.setAddress(64 * i));
  return host;
}

describe("a BM1397", () => {
  test("answers in 9 bytes, whatever is written to it", async () => {
    const host = new TestHost({ chip: bm1397, chipCount: 1, requiredZeroBits: 10 });
    expect(await host.ask(probe)).toEqual(["aa5513971800000006"]);
    host.send("55aa510900a49000ffff1c");
    expect(await host.ask(probe)).toEqual(["aa5513971800000006"]);
    const bm1398Host = new TestHost({ chip: bm1398, chipCount: 1, requiredZeroBits: 10 });
    expect(await bm1398Host.ask(probe)).toEqual(["aa5513981800000004"]);
  });

  test("takes an address after three times chain-inactive", () => {
    expect(hashingChain(4).chain.chips.map(({ address }) => address)).toEqual([0, 64, 128, 192]);
  });

  test("runs at 50 MHz out of reset, and at what the word says once PLL0_DIV is 1", () => {
    const host = new TestHost({ chip: bm1397, chipCount: 1, requiredZeroBits: 10 });
    const frequencyAfter = (word: number) => {
      host.send(frames.writeAll(0x70, 0x0f0f0f00), frames.writeAll(0x08, word));
      return host.chain.chips[0]?.frequencyMHz;
    };
    expect(host.chain.chips[0]?.frequencyMHz).toBe(50);
    expect(frequencyAfter(0x40f00235)).toBe(200);
    expect(frequencyAfter(0x40a00225)).toBe(200);
    expect(frequencyAfter(0x40480221)).toBe(450);
  });

  test.each(vectors.baud.filter(({ chip }) => chip === "BM1397"))(
    "has its rate in register 18: $value is $baud",
    ({ value, baud }) => {
      const host = new TestHost({ chip: bm1397, chipCount: 1, requiredZeroBits: 10 });
      expect(host.chain.chips[0]?.baudRate).toBeCloseTo(115_740.7, 0);
      const words = value.split(", ").map((word) => Number.parseInt(word, 16));
      if (words.length > 1)
        host.send(frames.writeAll(0x68, words[0] ?? 0), frames.writeAll(0x28, words[1] ?? 0));
      host.send(frames.writeAll(0x18, words.at(-1) ?? 0));
      expect(host.chain.chips[0]?.baudRate).toBeCloseTo(baud, 0);
    },
  );

  test("survives the recorded bring-up of a Bitaxe Max", async () => {
    const host = new TestHost({ chip: bm1397, chipCount: 1, requiredZeroBits: 10 });
    for (const { frame } of vectors.init_sequences.bm1397_single_esp.steps)
      if (frame !== undefined) host.send(frame);
    host.baudRate = 3_125_000;
    expect(host.chain.counters).toMatchObject({ checksumErrors: 0, bytesDropped: 0 });
    expect(await host.ask(probe)).toContain("aa5513971800000006");
  });

  // Core 199 of the job left out is one that the chip does not have.
  const findable = jobs.filter(
    ({ response_frame }) => Number.parseInt(response_frame?.slice(4, 6) ?? "ff", 16) < bm1397.cores,
  );
  test("is given at least three jobs whose nonces it can find", () => {
    expect(findable.length).toBeGreaterThanOrEqual(3);
  });

  test.each(findable)("that gets $name answers $response_frame", async (vector) => {
    const nonce = Number.parseInt(vector.response_frame?.slice(4, 12) ?? "", 16);
    const job = fromHex(vector.job_frame);
    // One of the jobs says itself where to begin, and there the address is a part of it.
    const beginsThere = viewOf(job).getUint32(6) !== 0;
    const host = chipFor(beginsThere ? 0 : nonce, 2 ** 18);
    host.send(beginsThere ? job : jobBefore(job, nonce));
    expect(await host.answersWithin(1_001)).toEqual([vector.response_frame]);
  });

  test("sweeps to a nonce from the start of its own range", { timeout: 60_000 }, async () => {
    const { job_frame, response_frame } = findable.at(-1) ?? { job_frame: "" };
    const nonce = Number.parseInt(response_frame?.slice(4, 12) ?? "", 16);
    const host = chipFor(nonce, (placeOf(nonce).counter + 1) * bm1397.smallCores);
    host.send(job_frame);
    expect(await host.answersWithin(1_001)).toEqual([response_frame]);
  });

  const listed = vectors.exhaustive_nonces.versions
    .slice(0, 4)
    .flatMap(({ nonces }, midstate) =>
      nonces.map(({ nonce_wire }) => ({ midstate, nonceWire: nonce_wire })),
    )
    .filter(({ nonceWire }) => Number.parseInt(nonceWire.slice(0, 2), 16) < bm1397.cores);
  test.each(listed)(
    "finds $nonceWire with midstate $midstate of the recorded Gamma job, and nothing else around",
    async ({ midstate, nonceWire }) => {
      const nonce = Number.parseInt(nonceWire, 16);
      const host = chipFor(nonce, 2 ** 18);
      host.send(jobBefore(fourMidstates, nonce));
      const answers = await host.answersWithin(1_001);
      expect(answers.map((hex) => hex.slice(0, 16))).toEqual([
        `aa55${nonceWire}000${(8 + midstate).toString(16)}`,
      ]);
    },
  );

  test("names itself in bits 21 to 14, and uses every core, small core and midstate", async () => {
    const host = hashingChain(2, 4);
    host.send(frames.writeAll(0x18, 0x00006031));
    host.baudRate = 3_125_000;
    host.send(fourMidstates);
    const nonces = (await host.answersWithin(10_000)).map((hex) => ({
      nonce: Number.parseInt(hex.slice(4, 12), 16),
      idByte: Number.parseInt(hex.slice(14, 16), 16),
    }));
    const expected = (2 * 4_000 * 10) / 2 ** 4;
    expect(Math.abs(nonces.length - expected)).toBeLessThan(5 * Math.sqrt(expected));
    const seen = (of: (one: (typeof nonces)[number]) => number) => new Set(nonces.map(of));
    expect(seen(({ nonce }) => placeOf(nonce).address)).toEqual(new Set([0, 64]));
    expect(seen(({ nonce }) => (nonce >>> 22) & 3)).toEqual(new Set([0, 1, 2, 3]));
    expect(Math.max(...seen(({ nonce }) => placeOf(nonce).core))).toBe(167);
    expect(seen(({ idByte }) => idByte)).toEqual(new Set([8, 9, 10, 11]));
  });

  test("stands still without its ordered clocks, and needs no hash counting number", async () => {
    const host = hashingChain();
    host.send(frames.writeAll(0x10, 0), fourMidstates);
    expect((await host.answersWithin(500)).length).toBeGreaterThan(5);
    host.send(frames.writeAll(0x20, 0));
    await host.clock.advance(50);
    expect(await host.answersWithin(500)).toEqual([]);
    expect(host.clock.pendingTimers).toBe(0);
    host.send(frames.writeAll(0x20, 1));
    expect((await host.answersWithin(500)).length).toBeGreaterThan(5);
  });

  test("tells its hash rate in register 04, in units of 2^20", async () => {
    const host = hashingChain(1, 32);
    const rate = async () =>
      Number.parseInt((await host.ask(frames.readAll(0x04)))[0]?.slice(4, 12) ?? "", 16) &
      0x7fffffff;
    expect(await rate()).toBe(0);
    host.send(fourMidstates);
    expect(await rate()).toBe(Math.floor((50e6 * 672) / 2 ** 20));
  });

  test("can name the wrong midstate", async () => {
    const host = hashingChain(1);
    host.chain.addFault(wrongVersion(1));
    const single = fromHex(jobs.find(({ format }) => format === "midstate1")?.job_frame ?? "");
    host.send(single);
    const idBytes = (await host.answersWithin(1_000)).map((hex) => hex.slice(14, 16));
    expect(new Set(idBytes)).toEqual(new Set(["05", "06", "07"]));
  });
});

describe("midstate jobs on the wire", () => {
  test.each(jobs)("$name is understood", ({ job_frame, job_id_byte, midstate_state_words_be }) => {
    const frame = fromHex(job_frame);
    const found: unknown[] = [];
    const framer = new CommandFramer((command) => found.push(command), "midstate");
    for (const byte of frame) framer.push(byte);
    expect(framer.bytesDropped).toBe(0);
    expect(found).toMatchObject([
      { op: "midstate-job", idByte: Number.parseInt(job_id_byte ?? "", 16) },
    ]);
    const { midstates } = found[0] as { midstates: readonly Int32Array[] };
    const texts = midstates.map((words) =>
      [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join(""),
    );
    expect(texts).toHaveLength((frame.length - 24) / 32);
    if (midstate_state_words_be !== undefined) expect(texts).toContain(midstate_state_words_be);
  });

  test("of another length, or with a bit wrong, are dropped, and what follows is found", () => {
    const found: string[] = [];
    const framer = new CommandFramer(({ op }) => found.push(op), "midstate");
    const wrongBit = fourMidstates.slice();
    wrongBit[60] = (wrongBit[60] as number) ^ 4;
    const wrongLength = fourMidstates.slice();
    wrongLength[3] = 0x76;
    for (const frame of [wrongBit, wrongLength, fromHex(probe)])
      for (const byte of frame) framer.push(byte);
    expect(found).toEqual(["read"]);
    expect(framer.checksumErrors).toBe(1);
  });
});
