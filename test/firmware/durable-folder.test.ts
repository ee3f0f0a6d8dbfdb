import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { durableFolder } from "../../firmware/durable-folder.ts";

const path = mkdtempSync(join(tmpdir(), "asicd-durable-"));
afterEach(() => rmSync(path, { recursive: true, force: true }));

test("what was read keeps no room for what might have been there", async () => {
  const folder = durableFolder(path);
  await folder.write("settings", new Uint8Array(100));
  const read = await folder.read("settings", 1 << 20);
  expect(read?.length).toBe(100);
  expect(read?.buffer.byteLength).toBeLessThan(200);
});

test("of a file that is too large there is one byte more than allowed, so that it is seen to be", async () => {
  const folder = durableFolder(path);
  await folder.write("log", new Uint8Array(5_000));
  expect((await folder.read("log", 100))?.length).toBe(101);
});

test("a file that is not there is nothing, and an empty one is empty", async () => {
  const folder = durableFolder(path);
  expect(await folder.read("none", 100)).toBeUndefined();
  await folder.write("empty", new Uint8Array());
  expect((await folder.read("empty", 100))?.length).toBe(0);
});
