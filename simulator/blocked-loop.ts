/** How a simulation makes a miner's event loop busy: a file says until when, and a signal makes the miner look. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const BLOCK_SIGNAL = "SIGUSR2";
/** Longer than the guard's patience: it kills a miner after 4 s without a sign of life. */
export const USUAL_BLOCK_MS = 10_000;

const FILE = "miner-is-blocked-until";

/** The miner's side: after the signal nothing else runs until it is over. Without a file the usual time counts. */
export function blockOnSignal(runtimeDir: string): void {
  process.on(BLOCK_SIGNAL, () => {
    const usualMs = Date.now() + USUAL_BLOCK_MS;
    while (Date.now() < (blockedUntilMs(runtimeDir) ?? usualMs)) {}
  });
}

/** The other side, before the signal; a time that has passed ends it. Throws the system's error. */
export function blockUntil(runtimeDir: string, unixMs: number): void {
  writeFileSync(join(runtimeDir, FILE), String(unixMs));
}

function blockedUntilMs(runtimeDir: string): number | undefined {
  try {
    return Number(readFileSync(join(runtimeDir, FILE), "utf8"));
  } catch {
    return undefined;
  }
}
