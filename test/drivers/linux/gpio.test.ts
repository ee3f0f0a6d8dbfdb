import { readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { openInput, openOutput, openTachometer } from "../../../drivers/linux/gpio.ts";
import { loadSystemCalls } from "../../../drivers/linux/gpio-character-device.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { FakeGpioChips } from "./fake-gpio-chips.ts";
import { drivenLevel, exportedLine, type FakeTree, fakeTree } from "./fake-tree.ts";

describe("a line by its number", () => {
  test("is driven by one write of direction and level together, whatever polarity was left in it", async () => {
    const tree = treeForTest(exportedLine(437));
    await openOutput({ ...RESET, sysfs: 437, activeLow: true }, true, { root: tree.root });
    expect(tree.read("sys/class/gpio/gpio437/direction")).toBe("low");
    expect(tree.read("sys/class/gpio/gpio437/value")).toBe("?");
    expect(tree.read("sys/class/gpio/gpio437/active_low")).toBe("0");
  });

  test("keeps its level when it is closed", async () => {
    const tree = treeForTest(exportedLine(437));
    const output = await openOutput({ ...RESET, sysfs: 437 }, true, { root: tree.root });
    await output[Symbol.asyncDispose]();
    expect(drivenLevel(tree, 437)).toBe(1);
    expect(tree.read("sys/class/gpio/unexport")).toBeUndefined();
  });

  test("is asked of the kernel when it is not exported yet", async () => {
    const tree = treeForTest({ "sys/class/gpio/export": "" });
    await expect(openOutput({ ...RESET, sysfs: 12 }, false, { root: tree.root })).rejects.toThrow(
      "reset of chain 0: open: not-found (reset of chain 0: open: not-found (gpio12 does not appear)",
    );
    expect(tree.read("sys/class/gpio/export")).toBe("12");
  });

  test("is that of its chip where the chip is named and found, since numbers change from kernel to kernel", async () => {
    const tree = treeForTest({
      ...exportedLine(437),
      ...exportedLine(520),
      ...numberedChip("gpiochip512", "periphs", 512),
    });
    const line = { ...RESET, sysfs: 437, chip: "periphs", offset: 8 };
    await openOutput(line, true, { root: tree.root });
    expect([drivenLevel(tree, 437), drivenLevel(tree, 520)]).toEqual([undefined, 1]);
  });

  test("of two chips with one label is refused unless the number says which", async () => {
    const tree = treeForTest({
      ...exportedLine(40),
      ...numberedChip("gpiochip0", "gpio", 0),
      ...numberedChip("gpiochip32", "gpio", 32),
    });
    const line = { ...RESET, chip: "gpio", offset: 8 };
    const options = { root: tree.root, system: undefined };
    await expect(openOutput(line, true, options)).rejects.toMatchObject({ code: "refused" });
    await openOutput({ ...line, sysfs: 40 }, true, options);
    expect(drivenLevel(tree, 40)).toBe(1);
  });

  test("counts nothing under another root, where onoff would open the machine's own", async () => {
    const tree = treeForTest(exportedLine(7));
    const opening = openTachometer({ label: "fan 0", sysfs: 7 }, 2, new VirtualClock(), tree);
    await expect(opening).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("a line of a chip", () => {
  test("goes from free to the asked level without another one in between", async () => {
    const { tree, chips } = chipsForTest();
    chips.line("periphs", 5).level = 1;
    const options = { root: tree.root, system: chips };
    const output = await openOutput({ ...RESET, chip: "periphs", offset: 5 }, true, options);
    await output.set(false);
    expect(chips.line("periphs", 5).driven).toEqual([1, 0]);
  });

  test("is found by its label, among others", async () => {
    const { tree, chips } = chipsForTest();
    const options = { root: tree.root, system: chips };
    await openOutput({ ...RESET, chip: "ao-bank", offset: 2 }, true, options);
    expect(chips.line("ao-bank", 2).driven).toEqual([1]);
    expect(chips.line("periphs", 2).driven).toEqual([]);
  });

  test.each([
    ["no such chip", { chip: "other", offset: 1 }, 'not-found (no chip "other")'],
    [
      "no such line",
      { chip: "ao-bank", offset: 9 },
      'not-found ("ao-bank" has 4 lines, asked for line 9)',
    ],
    ["a label that two chips have", { chip: "twin", offset: 0 }, 'refused (several chips "twin")'],
  ])("%s", async (_, line, problem) => {
    const { tree, chips } = chipsForTest();
    const options = { root: tree.root, system: chips };
    const before = readdirSync("/proc/self/fd").length;
    await expect(openInput({ label: "plug", ...line }, options)).rejects.toThrow(problem);
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  test("that somebody else holds is busy, until it is closed", async () => {
    const { tree, chips } = chipsForTest();
    const options = { root: tree.root, system: chips };
    const line = { label: "enable", chip: "periphs", offset: 3 };
    const first = await openOutput(line, true, options);
    await expect(openInput(line, options)).rejects.toMatchObject({
      code: "busy",
      device: "enable",
    });
    await first[Symbol.asyncDispose]();
    const second = await openInput(line, options);
    expect(await second.get()).toBe(true);
  });

  test("is taken by its number on a kernel that knows no such requests", async () => {
    const { tree, chips } = chipsForTest();
    chips.isOld = true;
    tree.add({ ...exportedLine(13), ...numberedChip("gpiochip10", "periphs", 10) });
    const options = { root: tree.root, system: chips };
    await openOutput({ ...RESET, chip: "periphs", offset: 3 }, true, options);
    expect(drivenLevel(tree, 13)).toBe(1);
  });

  test("without koffi says what is missing", async () => {
    const { tree } = chipsForTest();
    const opening = openOutput({ ...RESET, chip: "periphs", offset: 3 }, true, {
      root: tree.root,
      system: undefined,
    });
    await expect(opening).rejects.toThrow("koffi");
  });

  test("counts what the kernel counted, although its queue was full and nobody looked", async () => {
    const { tree, chips } = chipsForTest();
    const clock = new VirtualClock();
    const line = { label: "fan 0", chip: "periphs", offset: 7 };
    const options = { root: tree.root, system: chips };
    const tachometer = await openTachometer(line, 2, clock, options);
    onTestFinished(() => tachometer[Symbol.asyncDispose]());
    expect(chips.notBlocking.size).toBe(1);
    chips.pulse("periphs", 7, 500);
    await clock.advance(2_000);
    chips.pulse("periphs", 7, 200); // 100 turns in the last quarter of a second, unseen until now
    await clock.advance(250);
    expect(await tachometer.readRpm()).toBe((100 * 60) / 1);
    await tachometer[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

test("a line with neither number nor chip is not found", async () => {
  const tree = treeForTest();
  await expect(openInput({ label: "button" }, { root: tree.root })).rejects.toMatchObject({
    code: "not-found",
    device: "button",
  });
});

test("the system's calls work, and say by name what failed", async () => {
  const system = await loadSystemCalls();
  expect(() => system?.ioctl(0, 0x8044_b401, new Uint8Array(68))).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^E(NOTTY|INVAL|BADF)$/) }),
  );
  expect(() => system?.stopBlocking(-1)).toThrow(expect.objectContaining({ code: "EBADF" }));
});

const RESET = { label: "reset of chain 0" };

function treeForTest(files: Readonly<Record<string, string>> = {}): FakeTree {
  const tree = fakeTree(files);
  onTestFinished(() => tree[Symbol.dispose]());
  return tree;
}

function chipsForTest() {
  const tree = treeForTest();
  const chips = new FakeGpioChips(tree, [
    { label: "periphs", lineCount: 86 },
    { label: "ao-bank", lineCount: 4 },
    { label: "twin", lineCount: 8 },
    { label: "twin", lineCount: 8 },
  ]);
  onTestFinished(() => chips[Symbol.dispose]());
  return { tree, chips };
}

function numberedChip(name: string, label: string, base: number): Record<string, string> {
  const folder = `sys/class/gpio/${name}`;
  return {
    [`${folder}/label`]: `${label}\n`,
    [`${folder}/base`]: `${base}\n`,
    [`${folder}/ngpio`]: "32\n",
  };
}
