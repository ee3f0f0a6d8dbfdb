/**
 * For a machine that an earlier guard left on and of which nobody knows which one it is now: a guard without settings, whose
 * first act is to switch off what the board record names, and which then ends.
 */
import { fork } from "node:child_process";
import type { Logger } from "../src/lib/log.ts";
import type { Clock } from "../src/ports/clock.ts";
import { readBoardRecord } from "./board-record.ts";
import { forwardLines } from "./child-log.ts";
import type { GuardArguments, GuardReport, ParentMessage } from "./guard/guard-setup.ts";
import { linkToChild } from "./process-link.ts";
import { thriftyEnvironment } from "./process-memory.ts";
import { findProgram } from "./programs.ts";

/** Opening every bus and line of a slow board, and telling each supply, takes some seconds. */
const WITHIN_MS = 30_000;

export interface SwitchOffOptions {
  readonly arguments: GuardArguments;
  readonly clock: Clock;
  readonly log: Logger;
  /** A line of the guard's log. */
  readonly onLogLine: (line: string) => void;
}

/** Resolves to whether there was something to switch off; how that went is in the log. Never rejects. */
export async function switchOffLeft(options: SwitchOffOptions): Promise<boolean> {
  const { arguments: args, clock, log, onLogLine } = options;
  const left = readBoardRecord(args.runtimeDir);
  if (left === undefined) return false;
  log.warn({ machine: left.machine }, "an earlier guard left this machine on: it is switched off");
  try {
    const how = await guardEnded(args, clock, onLogLine);
    if (how !== "exit code 0") log.error({ how }, "switching off did not end as it should");
  } catch (error) {
    log.error({ err: error }, "what was left on cannot be switched off");
  }
  return true;
}

async function guardEnded(
  args: GuardArguments,
  clock: Clock,
  onLogLine: (line: string) => void,
): Promise<string> {
  const child = fork(findProgram("guard"), [JSON.stringify(args)], {
    env: thriftyEnvironment(process.env),
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
  });
  forwardLines(child, onLogLine);
  // Heard before there are settings: it ends after its first act.
  linkToChild<ParentMessage, GuardReport>(child).send({ tell: "stop" });
  using _late = clock.after(WITHIN_MS, () => child.kill("SIGKILL"));
  return await new Promise<string>((resolve, reject) => {
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once("error", reject);
  });
}
