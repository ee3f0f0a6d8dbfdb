/** Runs the simulated world in a process of its own, so that its hashing and hurrying never sit in the miner's way. */
import { type ChildProcess, fork } from "node:child_process";
import { findProgram } from "../firmware/programs.ts";
import type { ProcessFaultChange } from "./process-faults.ts";
import type { FromWorld, WorldOptions, WorldReady, WorldResult } from "./world-messages.ts";

const CLOSE_WITHIN_MS = 5_000;

export interface World extends WorldReady {
  /** Resolves with the reason when the world ends without having been asked to. */
  readonly gone: Promise<string>;
  /** Ends the world; resolves with what its pool counted, or `undefined` when it was gone already. */
  close(): Promise<WorldResult | undefined>;
}

/** Throws Error with the world's own reason when it cannot be opened (no PTY on this machine, say), or the signal's. */
export async function openWorld(
  options: WorldOptions,
  signal: AbortSignal,
  onProcessFault: (change: ProcessFaultChange) => void = () => {},
): Promise<World> {
  const child = fork(findProgram("world"), [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  child.on("message", (message) => {
    const told = message as FromWorld;
    if (told.tell === "process-fault") onProcessFault(told.change);
  });
  const gone = new Promise<string>((resolve) => {
    child.once("exit", (code, killed) =>
      resolve(`the simulated world ended by itself (${killed ?? `exit code ${code}`})`),
    );
    // A process that could not be started never exits.
    child.on("error", (error) => resolve(`the simulated world cannot run (${error.message})`));
  });
  const abort = () => child.kill("SIGTERM");
  signal.addEventListener("abort", abort, { once: true });
  try {
    send(child, { tell: "open", options });
    const answer = await Promise.race([
      nextMessage(child, ["ready", "failed"]),
      gone.then((reason): FromWorld => ({ tell: "failed", reason })),
    ]);
    if (answer.tell !== "ready") {
      child.kill("SIGTERM");
      signal.throwIfAborted();
      throw new Error(answer.tell === "failed" ? answer.reason : "the simulated world is confused");
    }
    return { ...answer.world, gone, close: () => closeWorld(child, gone) };
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function closeWorld(
  child: ChildProcess,
  gone: Promise<string>,
): Promise<WorldResult | undefined> {
  if (child.exitCode !== null || child.signalCode !== null || !child.connected) return undefined;
  const late = setTimeout(() => child.kill("SIGKILL"), CLOSE_WITHIN_MS);
  const closed = nextMessage(child, ["closed"]);
  send(child, { tell: "close" });
  const answer = await Promise.race([closed, gone.then(() => undefined)]);
  await gone;
  clearTimeout(late);
  return answer?.tell === "closed" ? answer.result : undefined;
}

function send(child: ChildProcess, message: unknown): void {
  // A child that died meanwhile reports itself through "exit".
  child.send(message as object, () => {});
}

function nextMessage(
  child: ChildProcess,
  wanted: readonly FromWorld["tell"][],
): Promise<FromWorld> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown) => {
      const told = message as FromWorld;
      if (!wanted.includes(told.tell)) return;
      child.off("message", onMessage);
      resolve(told);
    };
    child.on("message", onMessage);
  });
}
