/** How much memory is really held, after everything that can be thrown away was. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

const TRIES = 10;
const PAUSE_MS = 20;

/** Bytes by which more is held now than then, as soon as it is less than `allowed`: buffers are given back in their own time. */
export async function growthSince(before: number, allowed: number): Promise<number> {
  let grown = heldBytes() - before;
  for (let left = TRIES; left > 0 && grown >= allowed; left--) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    grown = heldBytes() - before;
  }
  return grown;
}

/** In bytes; takes some ten milliseconds. */
export function heldBytes(): number {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
