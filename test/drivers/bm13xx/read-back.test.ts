import { describe, expect, test } from "vitest";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import type { Bm13xxChainOptions } from "../../../drivers/bm13xx/chain-options.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { s19jProOptions } from "./chain-fixtures.ts";
import { ScriptedChain, type ScriptedChainOptions } from "./scripted-chain.ts";

const TICKET_MASK = 0x14;
const PLL0 = 0x08;

const options: Bm13xxChainOptions = { ...s19jProOptions, chipCount: 4 };

async function bringUp(saysOf: NonNullable<ScriptedChainOptions["saysOf"]>) {
  const clock = new VirtualClock();
  const { chip, chipCount: chips } = options;
  const uart = new ScriptedChain(clock, { chip, chips, saysOf });
  const warnings: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
  const chain = bringUpChain(uart, clock, options, new AbortController().signal, log);
  chain.catch(() => {});
  await clock.advance(60_000);
  const rewrites = (register: string) =>
    uart.hexes.filter((hex) => hex.startsWith("55aa4109") && hex.slice(10, 12) === register);
  return { uart, chain, warnings, rewrites };
}

describe("after the configuration", () => {
  test("what every chip holds is what it was told", async () => {
    const { chain, uart, warnings } = await bringUp((_register, _index, held) => held);
    await chain;
    const reads = uart.hexes.filter((hex) => hex.startsWith("55aa5205"));
    expect(reads.map((hex) => hex.slice(10, 12))).toEqual(["00", "14", "08", "10"]);
    expect(warnings).toEqual([]);
  });

  test("the clock's lock bit is no difference", async () => {
    const { chain, warnings } = await bringUp((register, _index, held) =>
      register === PLL0 ? (held | 0x80000000) >>> 0 : held,
    );
    await chain;
    expect(warnings).toEqual([]);
  });

  test("a chip that took a value wrong is told again, it alone", async () => {
    let wrongs = 2;
    const { chain, rewrites } = await bringUp((register, index, held) =>
      register === TICKET_MASK && index === 2 && wrongs-- > 0 ? 0x7f : held,
    );
    await chain;
    expect(rewrites("14").map((hex) => hex.slice(8, 20))).toEqual(Array(2).fill("0414000000ff"));
  });

  test("a chip that goes on refusing a value is named, with the register", async () => {
    const { chain, rewrites, uart } = await bringUp((register, index, held) =>
      register === PLL0 && index === 3 ? 0xc0540165 : held,
    );
    await expect(chain).rejects.toMatchObject({
      code: "refused",
      message: "/dev/ttyS9: write PLL0: refused (chip 3 reads c0540165, not 40a80230)",
    });
    expect(rewrites("08")).toHaveLength(3);
    expect(uart.closed).toBe(1);
  });

  test("chips that say nothing are counted and left alone", async () => {
    const { chain, warnings, rewrites } = await bringUp((register, index, held) =>
      register === TICKET_MASK && index > 1 ? undefined : held,
    );
    await chain;
    expect(warnings).toMatchObject([{ register: "TICKET_MASK", silentChips: 2 }]);
    expect(rewrites("14")).toEqual([]);
  });
});
