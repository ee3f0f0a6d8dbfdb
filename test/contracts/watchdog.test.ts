import { describe, test } from "vitest";
import { openWatchdog } from "../../drivers/linux/watchdog.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { fakeTree } from "../drivers/linux/fake-tree.ts";
import { FakeWatchdog } from "../drivers/linux/fake-watchdog.ts";
import { watchdogContract } from "./watchdog.ts";

for (const nowayout of [false, true]) {
  const name = nowayout ? "that cannot be stopped" : "that can be stopped";
  describe(`a watchdog ${name}, on the kernel's calls written a second time`, () => {
    watchdogContract(test, async () => {
      const tree = fakeTree();
      const clock = new VirtualClock();
      const kernel = new FakeWatchdog(tree, clock, { nowayout });
      return {
        open: (timeoutS) =>
          openWatchdog("/dev/watchdog", timeoutS, { root: tree.root, system: kernel }),
        canDisarm: !nowayout,
        board: {
          pass: (durationS) => clock.advance(durationS * 1_000),
          wasReset: () => kernel.wasReset,
        },
        [Symbol.asyncDispose]: async () => tree[Symbol.dispose](),
      };
    });
  });
}

/** One that may be started on this machine, e.g. "/dev/watchdog"; if it cannot be stopped, the machine resets. */
const REAL = process.env["ASICD_TEST_WATCHDOG"];

describe("the watchdog of this machine", () => {
  if (REAL === undefined) {
    test("is not started here: ASICD_TEST_WATCHDOG names none", () =>
      console.info("contract of the watchdog: on written calls only, on no real kernel"));
    return;
  }
  watchdogContract(test, async () => ({
    open: (timeoutS) => openWatchdog(REAL, timeoutS),
    canDisarm: true,
    async [Symbol.asyncDispose]() {},
  }));
});
