import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AccountFile } from "../../firmware/account-file.ts";
import { type DurableFolder, durableFolder } from "../../firmware/durable-folder.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import { AccountBook } from "../../src/upstream/account-book.ts";
import { sealFile } from "../../src/upstream/account-file-format.ts";
import { hashesOf, IDENTITY, share } from "../upstream/account-support.ts";
import { CrashingFolder, type Disk } from "./crashing-folder.ts";

const MINUTE_MS = 60_000;

class Lines {
  readonly warnings: string[] = [];
  readonly infos: string[] = [];
  readonly log: Logger = {
    ...silentLog,
    warn: (_, message) => void this.warnings.push(message),
    info: (_, message) => void this.infos.push(message),
  };
}

let clock: VirtualClock;
let lines: Lines;
beforeEach(() => {
  clock = new VirtualClock();
  lines = new Lines();
});

/** A program's life over a folder. */
function startOver(folder: DurableFolder) {
  const book = new AccountBook();
  const account = book.account(IDENTITY);
  const file = new AccountFile({ folder, book, clock, log: lines.log });
  const accepted = () => account.snapshot(0).total.accepted;
  const mine = () => {
    account.sent(share({}));
    account.accepted({ chainIndex: 0, hashes: hashesOf(1_024), sentMs: 0 }, 1);
  };
  return { account, file, accepted, mine, start: file.start() };
}

async function acceptedOn(disk: Disk): Promise<number> {
  const run = startOver(new CrashingFolder(disk));
  await run.start;
  return run.accepted();
}

/** Of a class instance, to replace one of them. */
function methodsOf(folder: DurableFolder): DurableFolder {
  return {
    read: (name, maxBytes) => folder.read(name, maxBytes),
    write: (name, bytes) => folder.write(name, bytes),
    rename: (from, to) => folder.rename(from, to),
    syncNames: () => folder.syncNames(),
  };
}

describe("the accounts' file", () => {
  test("goes on where the last run stopped in order", async () => {
    const folder = new CrashingFolder();
    for (let run = 0; run < 3; run++) {
      const { start, file, mine, accepted } = startOver(folder);
      await start;
      expect(accepted()).toBe(run);
      mine();
      await file.stop();
    }
    expect(lines.warnings).toEqual([]);
  });

  test("is written every five minutes when something was counted, otherwise every hour", async () => {
    const folder = new CrashingFolder();
    const { start, mine } = startOver(folder);
    await start;
    mine();
    await clock.advance(5 * MINUTE_MS - 1);
    expect(folder.writes).toBe(0);
    await clock.advance(1);
    expect(folder.writes).toBe(1);
    await clock.advance(59 * MINUTE_MS);
    expect(folder.writes).toBe(1);
    await clock.advance(1 * MINUTE_MS);
    expect(folder.writes).toBe(2);
    for (let minute = 0; minute < 60; minute++) {
      mine();
      await clock.advance(MINUTE_MS);
    }
    expect(folder.writes).toBe(2 + 12);
  });

  test("is written right after a block, but no more often than every ten seconds", async () => {
    const folder = new CrashingFolder();
    const { start, mine, file } = startOver(folder);
    await start;
    await clock.advance(11_000);
    mine();
    file.saveSoon();
    await clock.advance(0);
    expect(folder.writes).toBe(1);
    expect(await acceptedOn(folder.disk)).toBe(1);
    for (let i = 0; i < 60; i++) {
      mine();
      file.saveSoon();
      await clock.advance(1_000);
    }
    expect(folder.writes).toBe(1 + 6);
  });

  test("a block while a write is under way is written right after it", async () => {
    const disk = new CrashingFolder();
    const slow: DurableFolder = {
      ...methodsOf(disk),
      write: (name, bytes) => clock.sleep(20_000).then(() => disk.write(name, bytes)),
    };
    const { start, mine, file } = startOver(slow);
    await start;
    mine();
    file.saveSoon();
    await clock.advance(12_000);
    mine();
    file.saveSoon();
    await clock.advance(50_000);
    expect(await acceptedOn(disk.disk)).toBe(2);
    expect(disk.writes).toBe(2);
    await clock.advance(120_000);
    expect(disk.writes).toBe(2);
  });

  test("what is counted before the disk has answered is added to what it says, once", async () => {
    const disk = new CrashingFolder();
    const first = startOver(disk);
    await first.start;
    first.mine();
    await first.file.stop();
    const slow: DurableFolder = {
      ...methodsOf(disk),
      read: (name, maxBytes) => clock.sleep(8_000).then(() => disk.read(name, maxBytes)),
    };
    const { mine, accepted, file, start } = startOver(slow);
    mine();
    file.saveSoon();
    expect(accepted()).toBe(1);
    await clock.advance(60_000);
    await start;
    expect(accepted()).toBe(2);
    await file.stop();
    expect(await acceptedOn(disk.disk)).toBe(2);
  });

  test("a disk that hangs while it is read is asked once, and delays neither mining nor the end", async () => {
    let reads = 0;
    const hanging: DurableFolder = {
      ...durableFolder("/nowhere"),
      read: () => {
        reads++;
        return new Promise(() => {});
      },
    };
    const { mine, file, accepted } = startOver(hanging);
    mine();
    await clock.advance(20 * MINUTE_MS);
    expect(reads).toBe(1);
    expect(accepted()).toBe(1);
    let isStopped = false;
    void file.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1_999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    expect(isStopped).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test("a full disk is told once, mining goes on, and everything is written when there is room", async () => {
    const folder = new CrashingFolder();
    const { start, mine, file } = startOver(folder);
    await start;
    folder.failure = Object.assign(new Error("ENOSPC: no space left on device"), {
      code: "ENOSPC",
    });
    for (let i = 0; i < 6; i++) {
      mine();
      await clock.advance(5 * MINUTE_MS);
    }
    expect(folder.writes).toBe(6);
    expect(lines.warnings).toEqual(["accounts cannot be kept; mining goes on, and so do attempts"]);
    expect(file.problem).toContain("ENOSPC");
    folder.failure = undefined;
    await clock.advance(5 * MINUTE_MS);
    expect(lines.infos).toEqual(["accounts are kept again"]);
    expect(file.problem).toBeNull();
    expect(await acceptedOn(folder.disk)).toBe(6);
  });

  test("what cannot be read yet is not overwritten, and is added when it can be", async () => {
    const disk = new CrashingFolder();
    const first = startOver(disk);
    await first.start;
    first.mine();
    await first.file.stop();
    let isReadable = false;
    const folder: DurableFolder = {
      ...methodsOf(disk),
      read: (name, maxBytes) =>
        isReadable
          ? disk.read(name, maxBytes)
          : Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" })),
    };
    const { start, mine, accepted } = startOver(folder);
    await start;
    mine();
    await clock.advance(15 * MINUTE_MS);
    expect(disk.writes).toBe(1);
    isReadable = true;
    await clock.advance(5 * MINUTE_MS);
    expect(accepted()).toBe(2);
    expect(await acceptedOn(disk.disk)).toBe(2);
    expect(lines.warnings).toHaveLength(1);
  });

  test("a damaged or foreign file is told, and counting begins", async () => {
    for (const content of [null, [], { pools: 5 }, { pools: [{}] }, "text"]) {
      const bytes = sealFile("asicd-accounts", 3, content);
      const { start, accepted } = startOver(new CrashingFolder(new Map([["accounts-a", bytes]])));
      await start;
      expect(accepted()).toBe(0);
    }
    expect(lines.warnings).toHaveLength(5);
  });
});

/** One run that counts one share, over a disk that may lose power. */
async function runOver(disk: Disk, powerLossAt?: number) {
  const folder = new CrashingFolder(disk, powerLossAt);
  const { start, mine, file } = startOver(folder);
  await start;
  mine();
  await file.stop();
  return { folder, isCut: file.problem !== null };
}

// Each byte is tried in the tests of generations; what is asked here is whether accounts are put together from them.
test("power that fails between any two system calls, or within one, never takes back a count that was written", async () => {
  let disk: Disk = new Map();
  for (let round = 0; round < 3; round++) {
    const { folder: whole } = await runOver(disk);
    for (let powerLossAt = 0; powerLossAt < whole.steps; ) {
      const { folder, isCut } = await runOver(disk, powerLossAt);
      expect(isCut).toBe(true);
      const found = [...folder.disksAfterPowerLoss()];
      for (let at = 0; at < found.length; at += 1 + Math.floor(found.length / 6))
        expect([round, round + 1]).toContain(await acceptedOn(found[at] ?? new Map()));
      powerLossAt += powerLossAt < 3 || powerLossAt > whole.steps - 6 ? 1 : 61;
    }
    for (const found of whole.disksAfterPowerLoss())
      expect(await acceptedOn(found)).toBe(round + 1);
    disk = whole.disk;
  }
});

describe("on a real disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "asicd-accounts-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("accounts outlive the program", async () => {
    for (let run = 0; run < 3; run++) {
      const { start, file, mine, accepted } = startOver(durableFolder(join(folder, "state")));
      await start;
      expect(accepted()).toBe(run);
      mine();
      await file.stop();
      expect(file.problem).toBeNull();
    }
  });

  test("a disk that is really full is told and survived", async () => {
    symlinkSync("/dev/full", join(folder, "accounts-new"));
    const full = startOver(durableFolder(folder));
    await full.start;
    full.mine();
    await full.file.stop();
    expect(full.file.problem).toContain("ENOSPC");
    unlinkSync(join(folder, "accounts-new"));
    const next = startOver(durableFolder(folder));
    await next.start;
    next.mine();
    await next.file.stop();
    expect(next.file.problem).toBeNull();
  });

  test("a state directory that cannot be made is told once", async () => {
    writeFileSync(join(folder, "file"), "");
    const { start, file, mine } = startOver(durableFolder(join(folder, "file/state")));
    await start;
    mine();
    await file.stop();
    expect(file.problem).toContain("ENOTDIR");
    expect(lines.warnings).toHaveLength(1);
  });
});
