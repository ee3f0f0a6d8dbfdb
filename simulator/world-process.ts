/** The program of the simulated world: chips behind PTYs, and a pool. It ends with the program that started it. */

import { SystemClock } from "../firmware/platform/system-clock.ts";
import { systemEntropy } from "../firmware/platform/system-entropy.ts";
import { keepHeapSmall } from "../firmware/process-memory.ts";
import { openWorldHere, type WorldHere } from "./world.ts";
import type { FromWorld, ToWorld } from "./world-messages.ts";

keepHeapSmall();
let world: WorldHere | undefined;

function tell(message: FromWorld): void {
  if (process.connected) process.send?.(message);
}

async function end(): Promise<void> {
  const result = await world?.close();
  if (result !== undefined) tell({ tell: "closed", result });
  process.disconnect?.();
  process.exit(0);
}

process.on("message", (message) => {
  const told = message as ToWorld;
  if (told.tell === "close") {
    void end();
    return;
  }
  openWorldHere(told.options, new SystemClock(), systemEntropy, (change) =>
    tell({ tell: "process-fault", change }),
  ).then(
    (opened) => {
      world = opened;
      tell({ tell: "ready", world: opened.ready });
    },
    (error: unknown) => {
      tell({ tell: "failed", reason: error instanceof Error ? error.message : String(error) });
    },
  );
});

// Ctrl-C on the terminal reaches every process of the group: the miner decides when its world ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => void end());
process.on("disconnect", () => process.exit(0));
