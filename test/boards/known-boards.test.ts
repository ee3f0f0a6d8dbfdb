import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { declaredChains, s19jProChain, s21ProChain } from "../../boards/chains.ts";
import { chainOf } from "../../boards/known-boards.ts";
import { machineOf } from "../../boards/machine-ref.ts";
import { machines } from "../../boards/machines.ts";
import { bm1362, bm1370 } from "../../drivers/bm13xx/chips.ts";

describe("the chain of a chip and a number of them", () => {
  test("is that of the board that has exactly these", () => {
    expect(chainOf(bm1362, 126)).toBe(s19jProChain);
    expect(chainOf(bm1370, 65)).toBe(s21ProChain);
    for (const chain of declaredChains) expect(chainOf(chain.chip, chain.chipCount)).toBe(chain);
  });

  test("is addressed as small boards are where no board has it", () => {
    expect(chainOf(bm1370, 7)).toMatchObject({ addressInterval: 36, layout: "single" });
  });
});

test("a machine is found by name or made by numbers", () => {
  for (const spec of machines) expect(machineOf({ board: spec.id })).toBe(spec);
  expect(machineOf({ board: "s9" })).toBeUndefined();
  const spec = machineOf({ virtual: { chip: "BM1370", chips: 4, chains: 2 } });
  expect(spec?.chains.map(({ chain }) => chain.chipCount)).toEqual([4, 4]);
  expect(machineOf({ virtual: { chip: "BM1", chips: 4, chains: 2 } })).toBeUndefined();
});

describe("the table of boards/README.md", () => {
  const rows = readFileSync("boards/README.md", "utf8").split("\n");

  test.each(machines.map((spec) => [spec.id, spec] as const))("says what %s is", (id, spec) => {
    const row = rows.find((line) => line.startsWith(`| \`${id}\` |`)) ?? "";
    const { chains, backstop, limits } = spec;
    const [first] = chains;
    if (first === undefined) throw new Error(`${id} has no chains`);
    const times = chains.length > 1 ? `${chains.length} × ` : "";
    expect(row).toContain(`| ${times}${first.chain.chipCount} ${first.chain.chip.name} `);
    const { evidence, workingV } = first.voltage;
    expect(row).toContain(evidence === "assumed" ? "| assumed |" : `| ${workingV} V`);
    expect(row).toContain(backstop.by === "nothing" ? "| nothing |" : `, ${backstop.withinS} s`);
    for (const place of ["board", "chip"] as const) {
      const limit = limits[place];
      const words = limit && `${place} ${limit.targetC}/${limit.hotC}/${limit.dangerousC}`;
      if (words === undefined) expect(row).not.toMatch(new RegExp(`${place} \\d`));
      else expect(row).toContain(words);
    }
  });
});
