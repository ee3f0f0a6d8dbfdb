/**
 * Slows the simulated hashboards down from outside, as an overloaded host would: the processes below the device (the
 * simulated world) are stopped for most of every second, the device itself is left alone. Linux only.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Long against the delays of timers on a busy machine, short against everything that the device waits for. */
const PERIOD_MS = 1_000;

/** `share` is the part of the time for which they run, 0 to 1. Disposing lets them run freely again. */
export function slowDownChildrenOf(pid: number, share: number): Disposable {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  const signal = (name: "SIGSTOP" | "SIGCONT") => {
    for (const child of descendantsOf(pid)) {
      try {
        process.kill(child, name);
      } catch {
        // It has just ended.
      }
    }
  };
  const turn = () => {
    isStopped = !isStopped;
    signal(isStopped ? "SIGSTOP" : "SIGCONT");
    timer = setTimeout(turn, PERIOD_MS * (isStopped ? 1 - share : share));
  };
  // A stopped process would not notice that its parent is gone.
  const release = () => signal("SIGCONT");
  process.on("exit", release);
  turn();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      process.off("exit", release);
      release();
    },
  };
}

function descendantsOf(pid: number): number[] {
  const children = childrenOf(pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** A process's children are listed by the thread that started them. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
        .split(" ")
        .filter((text) => text !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
}
