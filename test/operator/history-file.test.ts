import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { HistoryDisk } from "../../firmware/operator/history-disk.ts";
import { openHistory } from "../../firmware/operator/history-file.ts";
import { HistoryFiles } from "../../firmware/operator/history-files.ts";
import {
  decodeRecord,
  encodeRecord,
  recordBytes,
  recordLayout,
} from "../../firmware/operator/history-record.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { HistoryReader } from "../../src/api/device.ts";
import { type Logger, silentLog } from "../../src/lib/log.ts";
import { historySeries } from "../../src/telemetry/history/series.ts";
import { T0, told } from "../telemetry/history/told.ts";
import { FragileDisk } from "./fragile-disk.ts";

const HOUR_MS = 3_600_000;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "asicd-history-"));
  folders.push(folder);
  return folder;
}

/** A run of the program over a disk: told every five seconds that the machine hashes so much. */
async function run(folder: string | HistoryDisk, unixSeconds = T0) {
  const clock = new VirtualClock({ unixSeconds });
  const warnings: string[] = [];
  const infos: string[] = [];
  const log: Logger = {
    ...silentLog,
    warn: (_, message) => void warnings.push(message),
    info: (_, message) => void infos.push(message),
  };
  const history = await openHistory({ folder, clock, boards: 1, chipsPerBoard: [4], log });
  return {
    history,
    clock,
    warnings,
    infos,
    async mine(durationS: number, hashrateHps = 1e14) {
      for (let s = 0; s < durationS; s += 5) {
        await clock.advance(5_000);
        history.take(told({ unixSeconds: clock.unixSeconds(), hashrateHps }));
        const chips = [1, 2, 3, 4].map((part, index) => ({
          index,
          hashrateHps: { m1: (hashrateHps * part) / 10 },
        }));
        history.takeChips(0, chips);
      }
    },
    async hashrates(lastS: number, maxPoints = 5_000) {
      const now = clock.unixSeconds();
      const query = { fromUnixSeconds: now - lastS, toUnixSeconds: now, maxPoints };
      const { series } = await history.query({ ...query, series: ["hashrate"] });
      return series["hashrate"] ?? [];
    },
  };
}

const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);

/** The file keeps 16 bits of a mean. */
const isAbout = (value: number, expected: number) => Math.abs(value / expected - 1) < 1e-4;

describe("history on disk", () => {
  test("is the API's reader", async () => {
    const { history } = await run(new FragileDisk());
    const reader: HistoryReader = history;
    expect(reader.series).toEqual(historySeries(1));
  });

  test("is there again after a restart, with a gap between the runs", async () => {
    const folder = freshFolder();
    const first = await run(folder);
    await first.mine(1_800);
    await first.history.close();
    const second = await run(folder, T0 + 3_600);
    await second.mine(600, 2e14);
    const minutes = await second.hashrates(70 * 60);
    expect(minutes).toHaveLength(71);
    expect(known(minutes).length).toBeGreaterThanOrEqual(39);
    expect(minutes.slice(33, 58).every((value) => value === null)).toBe(true);
    expect(known(minutes).every((value) => isAbout(value, 1e14) || isAbout(value, 2e14))).toBe(
      true,
    );
    const quarters = known(await second.hashrates(30 * 86_400));
    expect(quarters.length).toBeGreaterThanOrEqual(3);
    await second.history.close();
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  test("needs no time at the start: a board learns it later", async () => {
    const folder = freshFolder();
    const first = await run(folder);
    await first.mine(1_800);
    await first.history.close();
    const second = await run(folder, 5);
    await second.mine(60);
    expect(known(await second.hashrates(3_600))).toEqual([]);
    second.clock.shiftWallClock(T0 + 2_400);
    await second.mine(60);
    expect(known(await second.hashrates(3_600)).length).toBeGreaterThanOrEqual(30);
    await second.history.close();
  });

  test("is kept for 400 days in files that do not grow beyond their bound", async () => {
    const disk = new FragileDisk();
    const names = historySeries(3).map(({ name }) => name);
    const files = new HistoryFiles(disk, names, [126, 126, 126], silentLog);
    expect(files.maxBytes).toBeLessThan(4.5e6);
    const { history, clock, mine } = await run(disk);
    for (let day = 0; day < 403; day++) {
      await mine(5, 1e14 + day * 1e10);
      await mine(5, 1e14 + day * 1e10);
      await clock.advance(24 * HOUR_MS - 10_000);
    }
    const now = clock.unixSeconds();
    const query = { fromUnixSeconds: 0, toUnixSeconds: now, maxPoints: 1_000 };
    const { series, stepS } = await history.query({ ...query, series: ["hashrate"] });
    expect(stepS).toBe(43_200);
    const days = known(series["hashrate"] ?? []);
    expect(days.length).toBeGreaterThanOrEqual(399);
    expect(days.length).toBeLessThanOrEqual(401);
    expect(isAbout(days.at(-1) ?? 0, 1e14 + 402e10)).toBe(true);
    const chip = await history.chip(0, 3);
    expect(known(chip.series["hashrateDaily"] ?? []).length).toBeGreaterThanOrEqual(399);
    await history.close();
  }, 120_000);

  test("costs few writes", async () => {
    const disk = new FragileDisk();
    const { mine, clock, hashrates } = await run(disk);
    await mine(24 * 3_600);
    await hashrates(86_400);
    expect(clock.unixSeconds()).toBe(T0 + 86_400);
    expect(disk.writes).toBeLessThan(288 + 96 + 8);
    const bytes = recordBytes(recordLayout("minutes", historySeries(1).map(String), 1));
    expect(disk.bytesWritten).toBeLessThan((1_440 + 97) * bytes + 8 * 100);
  });

  test("a start on what is already there writes nothing again", async () => {
    const disk = new FragileDisk();
    const first = await run(disk);
    await first.mine(7_200);
    await first.history.close();
    const again = new FragileDisk(disk.files);
    const second = await run(again, T0 + 8_000);
    await second.clock.advance(600_000);
    expect(again.writes).toBe(0);
  });

  test("a query for what is not kept names it and what was meant", async () => {
    const { history } = await run(new FragileDisk());
    const range = { fromUnixSeconds: 0, toUnixSeconds: 1, maxPoints: 1 };
    await expect(history.query({ ...range, series: ["hashrat"] })).rejects.toMatchObject({
      problems: [{ path: "series", allowed: "did you mean hashrate" }],
    });
    await expect(history.chip(1, 0)).rejects.toMatchObject({ problems: [{ path: "board" }] });
    await expect(history.chip(0, 4)).rejects.toMatchObject({
      problems: [{ path: "chip", allowed: "0 to 3" }],
    });
  });
});

test("a quarter of which much is known is not replaced by a short second pass", async () => {
  const disk = new FragileDisk();
  const start = Math.ceil(T0 / 900) * 900;
  const first = await run(disk, start);
  await first.mine(3_600);
  await first.history.close();
  // Days later, when its minutes are gone, the clock shows that time again for a moment.
  const files = new Map(disk.files);
  files.delete("minutes");
  const later = new FragileDisk(files);
  const second = await run(later, start + 900);
  await second.mine(30, 7e14);
  const month = known(await second.hashrates(30 * 86_400));
  expect(month.length).toBe(2);
  expect(month.every((value) => isAbout(value, 1e14))).toBe(true);
  await second.history.close();
  const third = await run(later, start + 3_600);
  expect(known(await third.hashrates(30 * 86_400)).every((value) => isAbout(value, 1e14))).toBe(
    true,
  );
});

describe("a loss of power", () => {
  test("at any byte costs the last minutes and nothing else", async () => {
    const disk = new FragileDisk();
    const before = await run(disk);
    await before.mine(1_200);
    await before.history.close();
    // What the next run writes in its first ten minutes and at its end.
    const whole = new FragileDisk(disk.files);
    const next = await run(whole, T0 + 1_200);
    await next.mine(900, 2e14);
    await next.history.close();
    for (let cut = 0; cut <= whole.bytesWritten; cut++) {
      const cutDisk = new FragileDisk(disk.files, cut);
      const dying = await run(cutDisk, T0 + 1_200);
      await dying.mine(900, 2e14);
      await dying.history.close();
      const after = await run(new FragileDisk(cutDisk.files), T0 + 2_100);
      const minutes = known(await after.hashrates(3_600));
      expect(minutes.filter((value) => isAbout(value, 1e14)).length).toBeGreaterThanOrEqual(19);
      // Minutes in which both runs have a part are means of neither.
      expect(minutes.filter((value) => value < 0.9999e14 || value > 2.0001e14)).toEqual([]);
      expect(after.warnings).toEqual([]);
    }
  }, 240_000);

  test("or any damage is a gap, never a wrong value and never an exception", async () => {
    const disk = new FragileDisk();
    const before = await run(disk);
    await before.mine(3_600);
    await before.history.close();
    // Most of a young file has never been written.
    const written = new Map(
      [...disk.files].map(([name, content]): [string, number[]] => [
        name,
        [...content.keys()].filter((i) => content[i] !== 0),
      ]),
    );
    const damage = fc.record({
      file: fc.constantFrom(...disk.files.keys()),
      // A double would nearly always be next to nothing.
      at: fc.nat({ max: 9_999 }).map((part) => part / 10_000),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      how: fc.constantFrom("overwrite", "cut", "flip"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (all) => {
        const damaged = new FragileDisk(disk.files);
        for (const { file, at, bytes, how } of all) {
          const content = damaged.files.get(file) ?? new Uint8Array(0);
          const places = written.get(file) ?? [];
          const place = places[Math.floor(at * places.length)] ?? 0;
          if (place >= content.length) continue;
          if (how === "cut") damaged.files.set(file, content.slice(0, place));
          else if (how === "flip")
            content[place] = (content[place] ?? 0) ^ (1 << ((bytes[0] ?? 0) & 7));
          else content.set(bytes.subarray(0, content.length - place), place);
        }
        const after = await run(damaged, T0 + 3_600);
        await after.mine(10);
        for (const lastS of [3_600, 86_400, 30 * 86_400])
          expect(known(await after.hashrates(lastS)).every((value) => isAbout(value, 1e14))).toBe(
            true,
          );
        const { series } = await after.history.chip(0, 2);
        expect(known(series["hashrateDaily"] ?? []).every((value) => isAbout(value, 3e13))).toBe(
          true,
        );
        await after.history.close();
        expect(after.warnings).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe("a disk that is full, read-only or broken", () => {
  test("leaves history in memory, with one warning, and is written when it is well", async () => {
    const disk = new FragileDisk();
    const { mine, hashrates, warnings, infos, history } = await run(disk);
    const write = disk.write.bind(disk);
    disk.write = () => Promise.reject(new Error("ENOSPC: no space left on device"));
    await mine(2 * 3_600);
    expect(known(await hashrates(3_600)).length).toBeGreaterThan(3_500);
    expect(known(await hashrates(86_400)).length).toBeGreaterThanOrEqual(120);
    expect(known(await hashrates(30 * 86_400)).length).toBeGreaterThanOrEqual(8);
    expect(warnings).toEqual(["history cannot be kept on disk, only in memory"]);
    disk.write = write;
    await mine(300);
    expect(infos).toEqual(["history is kept on disk again"]);
    await history.close();
    const after = await run(disk, T0 + 8_000);
    expect(known(await after.hashrates(86_400)).length).toBeGreaterThanOrEqual(120);
  });

  test("that cannot even be read leaves a gap, with one warning each", async () => {
    const disk = new FragileDisk();
    disk.failure = new Error("EIO: i/o error");
    const { mine, hashrates, warnings, history } = await run(disk);
    await mine(1_200);
    expect(known(await hashrates(30 * 86_400)).length).toBeGreaterThanOrEqual(1);
    expect((await history.chip(0, 0)).unixSeconds).toHaveLength(97);
    await history.close();
    expect(warnings).toEqual([
      "history on disk cannot be read",
      "history cannot be kept on disk, only in memory",
    ]);
  });

  test("that hangs does not keep the program from ending", async () => {
    const disk = new FragileDisk();
    disk.write = () => new Promise(() => {});
    const { mine, clock, history, warnings } = await run(disk);
    await mine(60);
    const closed = history.close();
    await clock.advance(2_000);
    await closed;
    expect(warnings).toEqual(["history not saved in time"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("of a real system: a folder in which nothing may be written", async () => {
    const folder = freshFolder();
    // Root may write anywhere, so a file stands where the folder should be.
    writeFileSync(join(folder, "file"), "");
    const { mine, hashrates, warnings, history } = await run(join(folder, "file"));
    await mine(600);
    expect(known(await hashrates(600)).length).toBeGreaterThan(590);
    await history.close();
    expect(warnings.length).toBeLessThanOrEqual(2);
    expect(warnings).toContain("history cannot be kept on disk, only in memory");
  });

  test("files that somebody made larger are cut to their size, and are nobody else's to read", async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "minutes"), new Uint8Array(5_000_000), { mode: 0o600 });
    chmodSync(folder, 0o700);
    const { mine, history } = await run(folder);
    await mine(900);
    await history.close();
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)));
    expect(sizes.every(({ mode }) => (mode & 0o077) === 0)).toBe(true);
    expect(statSync(join(folder, "minutes")).size).toBeLessThanOrEqual(1_500 * 56);
  });
});

describe("a record", () => {
  const layout = recordLayout("test", ["a", "b"], 4);
  const numbers = fc.record({
    step: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    means: fc.tuple(fc.float(), fc.float()),
    weights: fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 900 })),
  });

  test("says what was put in, to 16 bits, or that it is unknown", () => {
    fc.assert(
      fc.property(numbers, ({ step, means, weights }) => {
        const one = { step, means: Float32Array.of(...means), weights: Uint16Array.of(...weights) };
        const read = decodeRecord(layout, encodeRecord(layout, one));
        expect(read?.step).toBe(step);
        for (const i of [0, 1] as const) {
          const isWritten = weights[i] > 0 && Math.abs(means[i]) < 3.4e38;
          expect((read?.weights[i] ?? 0) > 0).toBe(isWritten);
          if (!isWritten) continue;
          const mean = Math.fround(means[i]);
          expect(Math.abs((read?.means[i] ?? 0) - mean)).toBeLessThanOrEqual(
            Math.abs(mean) * 2 ** -16 + 1e-40,
          );
          expect((read?.weights[i] ?? 0) - weights[i]).toBeLessThan(4);
        }
      }),
    );
  });

  test("that was changed in any bit, or is of another layout, is none", () => {
    const one = { step: 7, means: Float32Array.of(1, 2), weights: Uint16Array.of(60, 60) };
    const bytes = encodeRecord(layout, one);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeRecord(layout, flipped)).toBeUndefined();
    }
    for (const other of [recordLayout("test", ["b", "a"], 4), recordLayout("x", ["a", "b"], 4)])
      expect(decodeRecord(other, bytes)).toBeUndefined();
    expect(decodeRecord(layout, new Uint8Array(bytes.length))).toBeUndefined();
  });
});
