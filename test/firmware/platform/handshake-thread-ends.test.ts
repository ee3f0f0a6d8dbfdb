import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { findProgram } from "../../../firmware/programs.ts";
import { bundleForChild } from "../../support/child-program.ts";

test("a program that is done ends, although the handshake thread waits for more", async () => {
  const file = await bundleForChild(`
    import { ThreadedHandshaker } from "./firmware/platform/threaded-handshaker.ts";
    const handshaker = new ThreadedHandshaker(() => ${JSON.stringify(findProgram("handshake-thread"))});
    // Nothing else keeps the program alive while it waits for the answer.
    const waiting = setInterval(() => {}, 1_000);
    await handshaker.begin();
    clearInterval(waiting);
  `);
  // The thread itself would end after half a minute.
  const { status, signal } = spawnSync(process.execPath, [file], { timeout: 20_000 });
  expect({ status, signal }).toEqual({ status: 0, signal: null });
});
