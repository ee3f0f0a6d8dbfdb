import { describe, expect, test } from "vitest";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import { temperatureOf } from "../../../drivers/bm13xx/chain-health.ts";
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import {
  type Bm13xxChip,
  bm1362,
  bm1366,
  bm1368,
  bm1370,
  bm1397,
} from "../../../drivers/bm13xx/chips.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { ChipHealth } from "../../../src/hashing/hash-chain.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { nonceAnswer, registerAnswer } from "./answer-frames.ts";
import { s21ProOptions } from "./chain-fixtures.ts";
import { ScriptedChain } from "./scripted-chain.ts";

const NONCE_ERRORS = 0x4c;
const TOTAL_HASHES = 0x8c;
const TEMPERATURE = 0xb4;
const forever = new AbortController().signal;

async function broughtUp(chip: Bm13xxChip, chips: number, hashScale = 1) {
  const clock = new VirtualClock();
  const says = new Map<string, number | undefined>();
  const uart = new ScriptedChain(clock, {
    chip,
    chips,
    saysOf: (register, index, held) => {
      const key = `${register}/${index}`;
      return says.has(key) ? says.get(key) : held;
    },
  });
  const options: Bm13xxChainOptions = {
    ...s21ProOptions,
    chip,
    chipCount: chips,
    addressInterval: 256 / chips,
    layout: "single",
    frequencyMHz: 400,
    hashScale,
  };
  const starting = bringUpChain(uart, clock, options, forever, silentLog);
  await clock.advance(60_000);
  const chain = await starting;
  const read = async (): Promise<readonly ChipHealth[]> => {
    const reading = chain.readHealth(forever);
    await clock.advance(1_000);
    return reading;
  };
  const say = (register: number, index: number, value: number | undefined) =>
    says.set(`${register}/${index}`, value);
  return { clock, uart, chain, read, say };
}

describe("chips about themselves", () => {
  test("say errors and work by their own count, each for itself", async () => {
    const { read, say } = await broughtUp(bm1370, 2);
    say(NONCE_ERRORS, 0, 7);
    say(TOTAL_HASHES, 1, 1_000);
    expect(await read()).toEqual([
      { chipIndex: 0, nonceErrors: 7, hashesDone: 0, temperatureC: null },
      { chipIndex: 1, nonceErrors: 0, hashesDone: 1_000 * 2 ** 32, temperatureC: null },
    ]);
  });

  test("scaled, have as many fewer hashes behind a count", async () => {
    const { read, say } = await broughtUp(bm1366, 1, 2 ** 20);
    say(TOTAL_HASHES, 0, 10);
    expect(await read()).toMatchObject([{ hashesDone: 10 * 2 ** 12 }]);
  });

  test.each([
    ["BM1362", bm1362],
    ["BM1397, whose rate is of a disputed unit,", bm1397],
  ])("of a %s say errors only", async (_, chip) => {
    const { read, uart, say } = await broughtUp(chip, 1);
    say(NONCE_ERRORS, 0, 3);
    const before = uart.sent.length;
    expect(await read()).toEqual([
      { chipIndex: 0, nonceErrors: 3, hashesDone: null, temperatureC: null },
    ]);
    expect(uart.sent).toHaveLength(before + 1);
  });

  test("that answer nothing have only nulls, and the others are not waited for in vain", async () => {
    const { read, say } = await broughtUp(bm1370, 4);
    for (const register of [NONCE_ERRORS, TOTAL_HASHES]) say(register, 2, undefined);
    const health = await read();
    expect(health[2]).toEqual({
      chipIndex: 2,
      nonceErrors: null,
      hashesDone: null,
      temperatureC: null,
    });
    expect(health.map(({ nonceErrors }) => nonceErrors)).toEqual([0, 0, null, 0]);
  });

  test("whose counter went back are unknown once, then count from their new zero", async () => {
    const { read, say } = await broughtUp(bm1370, 2);
    const counts: (number | null)[] = [];
    for (const count of [500, 600, 4, 9]) {
      say(TOTAL_HASHES, 0, count);
      const [first, second] = await read();
      counts.push(first?.hashesDone ?? null);
      expect(second?.hashesDone).toBe(0);
    }
    expect(counts).toEqual([500 * 2 ** 32, 600 * 2 ** 32, null, 9 * 2 ** 32]);
  });

  test("are heard between nonces, which go their way", async () => {
    const { clock, chain, uart, say } = await broughtUp(bm1370, 2);
    say(NONCE_ERRORS, 1, 5);
    const nonces: number[] = [];
    chain.onNonce((_id, nonce) => nonces.push(nonce));
    const unexpected = chain.counters.unexpectedFrames;
    const reading = chain.readHealth(forever);
    const nonce = nonceAnswer(0x01020304, 0, 0, 0);
    for (let i = 0; i < 4; i++) {
      uart.receive(nonce);
      await clock.advance(1);
    }
    await clock.advance(1_000);
    expect((await reading)[1]?.nonceErrors).toBe(5);
    expect(nonces).toHaveLength(4);
    expect(chain.counters.unexpectedFrames).toBe(unexpected);
  });

  test("asked twice at once answer one after the other", async () => {
    const { clock, chain, say } = await broughtUp(bm1370, 2);
    say(NONCE_ERRORS, 0, 2);
    const both = Promise.all([chain.readHealth(forever), chain.readHealth(forever)]);
    await clock.advance(2_000);
    const [first, second] = await both;
    expect(first).toEqual(second);
    expect(first[0]?.nonceErrors).toBe(2);
  });

  test("are not believed when the noise of another register comes instead", async () => {
    const { clock, chain, uart } = await broughtUp(bm1370, 1);
    const unexpected = chain.counters.unexpectedFrames;
    const reading = chain.readHealth(forever);
    uart.receive(registerAnswer(0x1eaf5fbe, 0, 0x40));
    await clock.advance(1_000);
    expect((await reading)[0]?.nonceErrors).toBe(0);
    expect(chain.counters.unexpectedFrames).toBe(unexpected + 1);
  });

  test("are no longer asked when nobody wants to know", async () => {
    const { clock, chain } = await broughtUp(bm1370, 1);
    const stop = new AbortController();
    const reading = chain.readHealth(stop.signal);
    reading.catch(() => {});
    stop.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    expect(clock.pendingTimers).toBe(0);
    const next = chain.readHealth(forever);
    await clock.advance(1_000);
    expect(await next).toHaveLength(1);
  });
});

describe("the temperature of a BM1368", () => {
  test("is measured by four writes 10 ms apart and read after them", async () => {
    const { read, say, uart } = await broughtUp(bm1368, 1);
    // 2043 × 0.171342 - 299.5144
    say(TEMPERATURE, 0, 0x800007fb);
    const before = uart.sent.length;
    const [health] = await read();
    expect(health?.temperatureC).toBeCloseTo(50.54, 2);
    const writes = uart.sent.slice(before).filter(({ hex }) => hex.slice(10, 12) === "b0");
    expect(writes.map(({ hex }) => hex.slice(12, 20))).toEqual([
      "80000000",
      "00020000",
      "01020000",
      "10020000",
    ]);
    expect(writes.slice(1).map(({ atMs }, i) => atMs - (writes[i]?.atMs ?? 0))).toEqual([
      10, 10, 10,
    ]);
  });

  test.each([
    ["not valid", 0x000007fb],
    ["colder than anything", 0x80000000],
    ["hotter than silicon bears", 0x8000ffff],
    ["missing", undefined],
  ])("that is %s is unknown", (_, result) => {
    expect(temperatureOf(result)).toBeNull();
  });
});
