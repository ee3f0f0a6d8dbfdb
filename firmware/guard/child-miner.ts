/** The miner as a child process of the guard. */
import { fork } from "node:child_process";
import type { GuardMessage, MinerMessage } from "../../src/control/guard-link.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { MinerSetup } from "../miner-setup.ts";
import { linkToChild } from "../process-link.ts";
import { thriftyEnvironment } from "../process-memory.ts";
import { findProgram, type MinerProgramName } from "../programs.ts";
import type { MinerHandle } from "./miner-keeper.ts";
import { giveAway } from "./unprivileged.ts";

/** What the guard says first, before any message of the link. */
export interface MinerStart {
  readonly tell: "start";
  readonly setup: MinerSetup;
}

/** Which program is the miner's, and what it is started with. */
export interface MinerProgram {
  readonly name: MinerProgramName;
  readonly arguments: readonly string[];
}

/** Its log goes where the guard's goes. Ends by itself when the guard does: the channel closes. */
export function startChildMiner(
  program: MinerProgram,
  asked: MinerSetup,
  log: Logger,
): MinerHandle {
  const { account, setup } = giveAway(asked, log);
  const child = fork(findProgram(program.name), program.arguments, {
    env: thriftyEnvironment(process.env),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // The setup holds byte arrays.
    serialization: "advanced",
    // The system takes the guard's other groups away, too.
    ...account,
  });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`),
    );
    child.on("error", (error) => resolve(`it cannot run (${error.message})`));
  });
  const start: MinerStart = { tell: "start", setup };
  // One that could not be started has no channel; its end is told below.
  if (child.connected) child.send(start, () => {});
  return {
    pid: child.pid,
    link: linkToChild<GuardMessage, MinerMessage>(child),
    ended,
    kill: () => void child.kill("SIGKILL"),
  };
}
