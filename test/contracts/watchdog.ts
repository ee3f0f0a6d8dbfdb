/** What every `Watchdog` must do. On a real machine only what does not end in a reset is tried. */

import assert from "node:assert/strict";
import type { Watchdog } from "../../src/ports/lines.ts";
import type { DefineTest } from "./define-test.ts";

export interface WatchdogFixture extends AsyncDisposable {
  /** Starts one that resets after about so long. */
  open(timeoutS: number): Promise<Watchdog>;
  /** Not every watchdog can be stopped. */
  readonly canDisarm: boolean;
  /** Absent where a reset would end the test itself. */
  readonly board?: {
    pass(durationS: number): Promise<void>;
    readonly wasReset: () => boolean;
  };
}

export function watchdogContract(
  test: DefineTest,
  openFixture: () => Promise<WatchdogFixture>,
): void {
  const onBoard = (name: string, run: (fixture: WatchdogFixture) => Promise<void>) =>
    test(name, async () => {
      await using fixture = await openFixture();
      await run(fixture);
    });

  onBoard("it says after how long it resets, and can be petted at any time", async (board) => {
    await using watchdog = await board.open(15);
    assert.ok(watchdog.timeoutS > 0);
    for (let i = 0; i < 3; i++) watchdog.pet();
    await watchdog.disarm();
  });

  onBoard(
    "stopping it says whether it could; petting it afterwards does no harm",
    async (board) => {
      const watchdog = await board.open(15);
      assert.equal(await watchdog.disarm(), board.canDisarm);
      watchdog.pet();
      assert.equal(board.board?.wasReset() ?? false, false);
      await watchdog[Symbol.asyncDispose]();
      await watchdog[Symbol.asyncDispose]();
    },
  );

  onBoard(
    "petted in time the board lives; not petted it resets after its time",
    async ({ open, board }) => {
      if (board === undefined) return;
      await using watchdog = await open(15);
      for (let i = 0; i < 8; i++) {
        await board.pass(watchdog.timeoutS / 2);
        assert.equal(board.wasReset(), false);
        watchdog.pet();
      }
      await board.pass(watchdog.timeoutS * 0.9);
      assert.equal(board.wasReset(), false);
      await board.pass(watchdog.timeoutS * 0.2 + 1);
      assert.equal(board.wasReset(), true);
    },
  );

  onBoard("one that was stopped resets nothing", async ({ open, board, canDisarm }) => {
    if (board === undefined || !canDisarm) return;
    const watchdog = await open(15);
    await watchdog.disarm();
    await board.pass(60);
    assert.equal(board.wasReset(), false);
  });

  onBoard(
    "closed without being stopped, as by a program that dies, it still resets",
    async ({ open, board }) => {
      if (board === undefined) return;
      const watchdog = await open(15);
      await watchdog[Symbol.asyncDispose]();
      watchdog.pet();
      await board.pass(20);
      assert.equal(board.wasReset(), true);
    },
  );
}
