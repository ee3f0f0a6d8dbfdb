/** What a miner keeps over restarts, and what it knows of the time: the parts that need a disk, for the miner's process. */
import { openNtpState } from "../drivers/linux/ntp-state.ts";
import type { Miner } from "../src/hashing/miner.ts";
import type { Logger } from "../src/lib/log.ts";
import type { Clock } from "../src/ports/clock.ts";
import { AccountBook } from "../src/upstream/account-book.ts";
import { AccountFile } from "./account-file.ts";
import { durableFolder } from "./durable-folder.ts";
import { TimeKeeper } from "./time-keeper.ts";

export interface MinerMemory {
  readonly accounts: AccountBook;
  /** By which certificates are judged. */
  readonly clock: Clock;
  /** From now on blocks are saved soon, clocks that change are told, and pools that failed by the time are tried again. */
  attend(miner: Miner): void;
  /** Saves a last time. Never rejects. */
  close(): Promise<void>;
}

const READ_WITHIN_MS = 1_000;

/** Looks at the clock before it resolves; what earlier runs counted is added when it has been read. Never rejects. */
export async function openMinerMemory(
  stateDir: string,
  clock: Clock,
  log: Logger,
): Promise<MinerMemory> {
  const folder = durableFolder(stateDir);
  const accounts = new AccountBook();
  const file = new AccountFile({ folder, book: accounts, clock, log });
  const ntp = await openNtpState();
  const builtUnixSeconds = Number(process.env["ASICD_BUILT_UNIX_SECONDS"] ?? 0);
  const time = new TimeKeeper({ clock, ntp, folder, builtUnixSeconds, log });
  // A disk that hangs must not keep the miner from its first beat; the floor counts when it has been read.
  let late: Disposable | undefined;
  const tooLong = new Promise<void>((resolve) => {
    late = clock.after(READ_WITHIN_MS, resolve);
  });
  await Promise.race([time.start(), tooLong]);
  late?.[Symbol.dispose]();
  void file.start();
  return {
    accounts,
    clock: time.clock,
    attend(miner) {
      time.onEvent((event) => miner.tell(event));
      time.onCorrected((reason) => miner.retryPools(reason));
      miner.onEvent(({ what }) => {
        if (what === "block-found") file.saveSoon();
      });
    },
    async close() {
      await Promise.all([file.stop(), time.stop()]);
    },
  };
}
