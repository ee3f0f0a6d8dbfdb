/** The miner's program: told by the guard what to mine with, it runs until told to stop, or until the guard is gone. */

import { loadUarts } from "../../drivers/linux/uart.ts";
import type { GuardMessage, MinerMessage } from "../../src/control/guard-link.ts";
import type { MinerStart } from "../guard/child-miner.ts";
import { openLog } from "../log.ts";
import { openMinerMemory } from "../miner-memory.ts";
import { createMiner, threadedHandshaker, warmUp } from "../miner-process.ts";
import { linuxPlatform } from "../platform/linux-platform.ts";
import { linkToParent } from "../process-link.ts";
import { keepHeapSmall } from "../process-memory.ts";
import { runMiner } from "./run-miner.ts";

keepHeapSmall();
const link = linkToParent<MinerMessage, GuardMessage | MinerStart>();
const setup = await new Promise<MinerStart["setup"]>((resolve, reject) => {
  link.onMessage((message) => {
    if (message.tell === "start") resolve(message.setup);
  });
  link.onClosed(() => reject(new Error("the guard is gone")));
});
// Signals to the group are the guard's to act upon.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const)
  process.on(signal, () => {});

const log = openLog({ level: setup.logLevel, to: process.stderr });
const platform = linuxPlatform();
const memory = await openMinerMemory(setup.stateDir, platform.clock, log);
const handshaker = threadedHandshaker(platform, log);
const miner = createMiner(platform, setup, log, "guarded", { memory, handshaker });
for (const chip of new Set(setup.chains.map(({ spec }) => spec.chip)))
  await warmUp(platform, chip, log);
// From here on it has to beat.
await loadUarts();
await runMiner(
  miner,
  {
    send: (message) => link.send(message),
    onMessage: (listener) =>
      link.onMessage((message) => {
        if (message.tell !== "start") listener(message);
      }),
    onClosed: (listener) => link.onClosed(listener),
  },
  platform.clock,
  () => memory.close(),
);
handshaker.close();
if (process.connected) process.disconnect?.();
