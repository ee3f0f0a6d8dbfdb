import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { durableFolder } from "../../firmware/durable-folder.ts";
import { GenerationFile } from "../../firmware/generation-file.ts";
import { CrashingFolder, type Disk, untilPowerLoss } from "./crashing-folder.ts";

const over = (folder: ConstructorParameters<typeof GenerationFile>[0]) =>
  new GenerationFile(folder, "counts", "asicd-test");

async function readFrom(disk: Disk): Promise<unknown> {
  return (await over(new CrashingFolder(disk)).read()).content;
}

describe("power that fails at any byte and between any two system calls", () => {
  test("costs at most the value that was being written, whatever the disk kept of what was not synced", async () => {
    let disk: Disk = new Map();
    let states = 0;
    for (let value = 1; value <= 4; value++) {
      for (let powerLossAt = 0; ; powerLossAt++) {
        const folder = new CrashingFolder(disk, powerLossAt);
        const file = over(folder);
        await file.read();
        const isCut = await untilPowerLoss(() => file.write({ value }));
        for (const found of folder.disksAfterPowerLoss()) {
          states++;
          const content = await readFrom(found);
          const allowed = isCut ? [contentOf(value - 1), contentOf(value)] : [contentOf(value)];
          expect(allowed).toContainEqual(content);
        }
        if (!isCut) break;
      }
      const folder = new CrashingFolder(disk);
      const file = over(folder);
      await file.read();
      await file.write({ value });
      disk = folder.disk;
    }
    expect(states).toBeGreaterThan(10_000);
  });

  test("several times in a row leaves a file that goes on", async () => {
    let disk: Disk = new Map();
    let written = 0;
    for (let round = 0; round < 200; round++) {
      const folder = new CrashingFolder(disk, 37 * round + 5);
      const file = over(folder);
      expect((await file.read()).content).toEqual(contentOf(written));
      for (let more = true; more; ) {
        const value = written + 1;
        more = !(await untilPowerLoss(() => file.write({ value })));
        if (more) written = value;
        if (written % 7 === 0) break;
      }
      const found = [...folder.disksAfterPowerLoss()];
      disk = found[round % found.length] ?? disk;
      // What was under way may have arrived.
      written = ((await readFrom(disk)) as { value?: number } | undefined)?.value ?? 0;
    }
    expect(written).toBeGreaterThan(100);
  });
});

function contentOf(value: number): unknown {
  return value === 0 ? undefined : { value };
}

describe("a write that fails", () => {
  test("leaves what was written before, and the next one works", async () => {
    const folder = new CrashingFolder();
    const file = over(folder);
    await file.read();
    await file.write({ value: 1 });
    folder.failure = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    await expect(file.write({ value: 2 })).rejects.toThrow("ENOSPC");
    expect(await readFrom(folder.disk)).toEqual({ value: 1 });
    folder.failure = undefined;
    await file.write({ value: 3 });
    expect(await readFrom(folder.disk)).toEqual({ value: 3 });
  });
});

describe("on a real disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "asicd-generations-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = () => over(durableFolder(folder)).read();
  async function write(...values: number[]): Promise<void> {
    const file = over(durableFolder(folder));
    await file.read();
    for (const value of values) await file.write({ value });
  }

  test("nothing is there at first, then always the last value, over restarts", async () => {
    rmSync(folder, { recursive: true });
    expect(await read()).toEqual({ content: undefined, problems: [] });
    for (let value = 1; value < 6; value++) {
      await write(value);
      expect(await read()).toEqual({ content: { value }, problems: [] });
    }
    expect(readdirSync(folder).sort()).toEqual(["counts-a", "counts-b"]);
  });

  test("a file cut at any byte gives way to the other generation; the temporary one counts for nothing", async () => {
    await write(1, 2);
    writeFileSync(join(folder, "counts-new"), readFileSync(join(folder, "counts-a")));
    for (const [name, survivor] of [
      ["counts-a", 2],
      ["counts-b", 1],
      ["counts-new", 2],
    ] as const) {
      const whole = readFileSync(join(folder, name));
      for (let length = 0; length < whole.length; length++) {
        writeFileSync(join(folder, name), whole.subarray(0, length));
        const { content, problems } = await read();
        expect(content).toEqual({ value: survivor });
        expect(problems).toHaveLength(name === "counts-new" ? 0 : 1);
      }
      writeFileSync(join(folder, name), whole);
    }
  });

  test("when both are damaged it says so for each, and begins anew", async () => {
    await write(1, 2);
    writeFileSync(join(folder, "counts-a"), "");
    writeFileSync(join(folder, "counts-b"), "x".repeat(3_000_000));
    const { content, problems } = await read();
    expect(content).toBeUndefined();
    expect(problems).toEqual([
      expect.stringContaining("counts-a: "),
      expect.stringContaining("counts-b: "),
    ]);
    await write(3);
    expect((await read()).content).toEqual({ value: 3 });
  });

  test("a damaged file is the one that is replaced", async () => {
    await write(1, 2);
    writeFileSync(join(folder, "counts-a"), "");
    await write(3);
    writeFileSync(join(folder, "counts-a"), "");
    expect((await read()).content).toEqual({ value: 2 });
  });

  test("a folder that cannot be is an error of the system, to be told", async () => {
    writeFileSync(join(folder, "file"), "");
    const file = over(durableFolder(join(folder, "file/state")));
    await expect(file.read()).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(file.write(1)).rejects.toMatchObject({ code: "ENOTDIR" });
  });
});
