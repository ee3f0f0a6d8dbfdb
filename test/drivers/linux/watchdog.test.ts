import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openWatchdog } from "../../../drivers/linux/watchdog.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fakeTree } from "./fake-tree.ts";
import { FakeWatchdog, type FakeWatchdogOptions } from "./fake-watchdog.ts";

describe("opening", () => {
  test("what is not there is not found, and nothing is made in its place", async () => {
    const { tree, kernel } = watchdogForTest();
    await expect(
      openWatchdog("/dev/watchdog7", 15, { root: tree.root, system: kernel }),
    ).rejects.toThrow("/dev/watchdog7: open: not-found (ENOENT)");
    expect(tree.read("dev/watchdog7")).toBeUndefined();
  });

  test.each([
    ["as asked", {}, 15],
    ["the most that the hardware can", { longestS: 8 }, 8],
    ["what is fixed", { fixedS: 32 }, 32],
  ])("it says its real time: %s", async (_, options, timeoutS) => {
    const { open } = watchdogForTest(options);
    expect((await open()).timeoutS).toBe(timeoutS);
  });

  test("without koffi its time is what the kernel tells beside it", async () => {
    const { tree } = watchdogForTest({ fixedS: 40 });
    const opening = openWatchdog("/dev/watchdog", 15, { root: tree.root, system: undefined });
    expect((await opening).timeoutS).toBe(40);
  });

  test("of which nobody knows the time it is stopped and refused", async () => {
    const { tree, kernel } = watchdogForTest({ hasSysfs: false });
    const opening = openWatchdog("/dev/watchdog", 15, { root: tree.root, system: undefined });
    await expect(opening).rejects.toMatchObject({ code: "refused" });
    expect(kernel.written).toBe("V");
  });

  test("one that stops with its program is no backstop: refused, unless nothing can stop it", async () => {
    const { kernel, open } = watchdogForTest({ hasMagicClose: false });
    await expect(open()).rejects.toThrow("it would stop with the program");
    expect(kernel.written).toBe("V");
    await watchdogForTest({ hasMagicClose: false, nowayout: true }).open();
  });

  test.each([0, -1, 1.5, Number.NaN])(
    "a timeout of %d s is refused before it starts",
    async (timeoutS) => {
      const { kernel, tree } = watchdogForTest();
      await expect(
        openWatchdog("/dev/watchdog", timeoutS, { root: tree.root, system: kernel }),
      ).rejects.toMatchObject({ code: "refused" });
      expect(kernel.written).toBe("");
    },
  );
});

describe("stopping", () => {
  test("petting never writes the letter that stops it", async () => {
    const { kernel, open } = watchdogForTest();
    const watchdog = await open();
    watchdog.pet();
    watchdog.pet();
    expect(kernel.written).toBe("\0\0");
    expect(await watchdog.disarm()).toBe(true);
    expect(kernel.written).toBe("\0\0V");
  });

  test("one that cannot be stopped says so, stays open, and goes on being petted", async () => {
    const { kernel, open } = watchdogForTest({ nowayout: true });
    const watchdog = await open();
    expect(await watchdog.disarm()).toBe(false);
    watchdog.pet();
    expect(kernel.written).toBe("\0");
  });

  test("one that runs on all the same is opened again and petted", async () => {
    const { tree, kernel, open } = watchdogForTest();
    const watchdog = await open();
    tree.add({ "sys/class/watchdog/watchdog0/state": "active\n" });
    watchdog.pet();
    expect(await watchdog.disarm()).toBe(false);
    watchdog.pet();
    watchdog.pet();
    // A regular file begins anew when it is opened again: both letters of before are overwritten.
    expect(kernel.written).toBe("\0\0");
    tree.add({ "sys/class/watchdog/watchdog0/state": "inactive\n" });
    expect(await watchdog.disarm()).toBe(true);
    watchdog.pet();
    expect(kernel.written).toBe("\0\0V");
  });

  test("one that runs on and cannot be opened again is an error, also of whoever pets it", async () => {
    const { tree, open } = watchdogForTest();
    const watchdog = await open();
    tree.add({ "sys/class/watchdog/watchdog0/state": "active\n" });
    rmSync(join(tree.root, "dev/watchdog"));
    await expect(watchdog.disarm()).rejects.toMatchObject({ code: "not-found" });
    expect(() => watchdog.pet()).toThrow("it may not have stopped");
  });

  test("where the kernel does not say whether it stopped, it did not; nobody starts it again or seems to pet it", async () => {
    const { kernel, open } = watchdogForTest({ hasSysfs: false });
    const watchdog = await open();
    expect(await watchdog.disarm()).toBe(false);
    expect(() => watchdog.pet()).toThrow("it may not have stopped");
    expect(kernel.written).toBe("V");
    await watchdog[Symbol.asyncDispose]();
    watchdog.pet();
  });
});

function watchdogForTest(options: FakeWatchdogOptions = {}) {
  const tree = fakeTree();
  onTestFinished(() => tree[Symbol.dispose]());
  const kernel = new FakeWatchdog(tree, new VirtualClock(), options);
  const open = async () => {
    const watchdog = await openWatchdog("/dev/watchdog", 15, { root: tree.root, system: kernel });
    onTestFinished(() => watchdog[Symbol.asyncDispose]());
    return watchdog;
  };
  return { tree, kernel, open };
}
