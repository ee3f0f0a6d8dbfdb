/**
 * What a miner needs that shall not be root: its serial devices, and a folder of its own for what it keeps. Only a guard
 * that is root itself can give them away.
 */
import { chownSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../src/lib/log.ts";
import type { Account, MinerSetup } from "../miner-setup.ts";

/** Of the miner alone, below the state directory. */
const MINER_FOLDER = "miner";
/** What a miner that was root kept beside everything else: accounts and time, in generations. */
const OWN_FILES = /^(accounts|time)-(a|b)$/;

export interface Unprivileged {
  /** As this user; `undefined`: as the guard. */
  readonly account: Account | undefined;
  readonly setup: MinerSetup;
}

/** What cannot be given away is told in the log: the miner says itself what it lacks. Never throws. */
export function giveAway(setup: MinerSetup, log: Logger): Unprivileged {
  const { runAs } = setup;
  if (runAs === undefined || process.getuid?.() !== 0) return { account: undefined, setup };
  const { uid, gid } = runAs;
  for (const { uart } of setup.chains)
    attempt(uart, log, () => {
      chownSync(uart, uid, gid);
    });
  const stateDir = join(setup.stateDir, MINER_FOLDER);
  attempt(stateDir, log, () => makeFolder(setup.stateDir, stateDir, runAs));
  return { account: runAs, setup: { ...setup, stateDir } };
}

/** Files go in only while nobody else can touch the folder: no link in it can lead root astray. */
function makeFolder(from: string, folder: string, { uid, gid }: Account): void {
  if (!existsSync(folder)) {
    // Node gives the mode to all that it makes on the way: others have folders of their own in there.
    mkdirSync(from, { recursive: true });
    mkdirSync(folder, { mode: 0o700 });
    for (const name of readdirSync(from).filter((one) => OWN_FILES.test(one))) {
      copyFileSync(join(from, name), join(folder, name), constants.COPYFILE_EXCL);
      chownSync(join(folder, name), uid, gid);
    }
  }
  chownSync(folder, uid, gid);
}

function attempt(what: string, log: Logger, run: () => void): void {
  try {
    run();
  } catch (error) {
    log.warn({ what, err: error }, "cannot be given to the miner's user");
  }
}
