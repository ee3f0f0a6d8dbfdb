import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { thriftyEnvironment } from "../../firmware/process-memory.ts";

const source = readFileSync(new URL("../../firmware/process-memory.ts", import.meta.url), "utf8");
const { code } = transformSync(source, { loader: "ts", format: "esm" });

/** MB that V8 has taken for young objects when many of them have lived for a while. */
function youngMB(before: string): number {
  const program = `${code}
    import { getHeapSpaceStatistics } from "node:v8";
    ${before}
    const kept = new Array(50_000);
    for (let i = 0; i < 3_000_000; i++) kept[i % kept.length] = { i, text: "a" + i };
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    process.stdout.write(String(space_size));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  return Number(stdout) / 2 ** 20;
}

test("a thread takes nothing back, if it begins as the programs do", () => {
  const started = (firstAct: string) => {
    const thread = `data:text/javascript,${encodeURIComponent(code + firstAct)}`;
    return `keepHeapSmall();
      const { Worker } = await import("node:worker_threads");
      const thread = new Worker(new URL(${JSON.stringify(thread)}));
      await new Promise((resolve) => thread.once("exit", resolve));`;
  };
  expect(youngMB(started(""))).toBeGreaterThan(8);
  expect(youngMB(started("keepHeapSmall();"))).toBeLessThanOrEqual(2);
});

test("the young generation stays as small as it began, however much passes through it", () => {
  expect(youngMB("")).toBeGreaterThan(8);
  expect(youngMB("keepHeapSmall();")).toBeLessThanOrEqual(2);
});

test("a program that is started takes one heap for all threads, and one thread for V8's own work", () => {
  expect(thriftyEnvironment({ PATH: "/bin" })).toEqual({
    PATH: "/bin",
    MALLOC_ARENA_MAX: "1",
    UV_USE_IO_URING: "0",
    NODE_OPTIONS: "--v8-pool-size=1",
  });
});

test("what a program starts in turn is told once", () => {
  const once = thriftyEnvironment({ NODE_OPTIONS: "--trace-warnings" });
  expect(once["NODE_OPTIONS"]).toBe("--trace-warnings --v8-pool-size=1");
  expect(thriftyEnvironment(once)).toEqual(once);
});

test("what somebody has set stays", () => {
  const own = { MALLOC_ARENA_MAX: "4", UV_USE_IO_URING: "1", NODE_OPTIONS: "--v8-pool-size=2" };
  expect(thriftyEnvironment(own)).toEqual(own);
});

test("the operator gives back what passwords took", () => {
  expect(thriftyEnvironment({}, "operator")).toHaveProperty("MALLOC_MMAP_THRESHOLD_", "1048576");
});
