/** A program that wants a whole processor, like anything else that an operator runs on the same machine. */
import { serve } from "./child.ts";

const tasks = {
  /** Does not let go of its thread before that. */
  burn(durationMs: number): void {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {}
  },
};

export type BusyTasks = typeof tasks;

export function runBusy(): void {
  serve(tasks);
}
