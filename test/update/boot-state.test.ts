/** The boot file: whatever stands in it, something bootable is chosen, and the launcher chooses the same. */
import { rmSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BootState,
  bootForReturn,
  bootForTrial,
  bootSettled,
  bootStates,
  bootToldOfReturn,
  chooseTree,
  FRESH_BOOT,
  formatBoot,
  isTreeName,
  isUntoldReturn,
  parseBoot,
  type TreeName,
} from "../../src/update/boot-state.ts";
import { installedShells, ScratchMachine } from "./scratch-machine.ts";

const trees: readonly TreeName[] = [
  "base",
  "versions/0.2.0-0a1b2c3d",
  "versions/0.3.0-rc.1-00000000",
];
const anyBoot: fc.Arbitrary<BootState> = fc.record({
  run: fc.constantFrom(...trees),
  previous: fc.constantFrom(...trees),
  state: fc.constantFrom(...bootStates),
  attempts: fc.integer({ min: 0, max: 99 }),
  reason: fc.string({ maxLength: 60 }),
});

/** What a bad day makes of a boot file. */
const damagedBoot: fc.Arbitrary<string> = fc
  .tuple(
    anyBoot.map(formatBoot),
    fc.array(
      fc.record({
        at: fc.nat(200),
        drop: fc.nat(40),
        put: fc.constantFrom(
          "",
          "\n",
          " ",
          "\t",
          "end",
          "end\n",
          "base",
          "versions/",
          "../x",
          "\0",
          "\xff",
          "\r",
          "run ",
        ),
      }),
      { maxLength: 3 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((now, { at, drop, put }) => now.slice(0, at) + put + now.slice(at + drop), text),
  );
const anyText = fc.oneof(
  { weight: 4, arbitrary: damagedBoot },
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

test("what is written is read again", () => {
  fc.assert(
    fc.property(anyBoot, (boot) => {
      const read = parseBoot(formatBoot(boot));
      expect(read).toEqual({ ...boot, reason: read?.reason });
      expect(parseBoot(formatBoot(read ?? FRESH_BOOT))).toEqual(read);
    }),
  );
});

test("any text leads to a version that is there, or to the package's", () => {
  fc.assert(
    fc.property(anyText, fc.subarray([...trees]), (text, sound) => {
      const { run } = chooseTree(text, (name) => sound.includes(name));
      expect(run === "base" || sound.includes(run)).toBe(true);
      expect(isTreeName(run)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.for([
  "versions/../base",
  "versions/..",
  "versions/.part-x",
  "versions/a/b",
  "versions/",
  "/etc",
  "base ",
  "Base",
  "versions/ä",
  "",
])("%j is no name of a version", (name) => {
  expect(isTreeName(name)).toBe(false);
});

test("a file that was cut off anywhere is no boot file", () => {
  const text = formatBoot({ ...FRESH_BOOT, run: "versions/0.2.0-0a1b2c3d", state: "trial" });
  for (let length = 0; length < text.length; length++)
    expect(parseBoot(text.slice(0, length))).toBeUndefined();
});

test("a version on trial goes back to what ran, a settled one to what ran before it", () => {
  const trial = bootForTrial(FRESH_BOOT, "versions/0.2.0-0a1b2c3d");
  expect(trial).toMatchObject({ state: "trial", attempts: 0, previous: "base" });
  const settled = bootSettled({ ...trial, attempts: 2 }, "3 of 3 boards hash");
  expect(settled).toMatchObject({ state: "settled", run: trial.run, attempts: 0 });
  const back = bootForReturn(settled, "asked");
  expect(back).toMatchObject({ run: "base", previous: trial.run, state: "restoring" });
  const returned: BootState = { ...back, state: "returned" };
  expect(isUntoldReturn(returned)).toBe(true);
  expect(isUntoldReturn(bootToldOfReturn(returned))).toBe(false);
});

describe.for(installedShells())("the launcher, run by %s,", ([, shell]) => {
  test("chooses as this does, whatever the file says", { timeout: 120_000 }, async () => {
    using machine = new ScratchMachine();
    await fc.assert(
      fc.asyncProperty(anyText, fc.subarray([...trees]), async (text, sound) => {
        for (const name of trees) {
          if (sound.includes(name)) machine.putTree(name, "1.0.0", "ends");
          else rmSync(machine.paths.tree(name), { recursive: true, force: true });
        }
        writeFileSync(machine.paths.boot, text, "latin1");
        const { stdout } = await machine.launch(shell, ["--which"]);
        expect(stdout).toBe(`${chooseTree(text, (name) => sound.includes(name)).run}\n`);
      }),
      { numRuns: 80 },
    );
  });
});
