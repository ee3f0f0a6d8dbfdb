/** A short run of every target with fixed inputs, and proof that the fuzzer finds what is there to be found. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "./bundle.ts";
import { inputFromText, inputToText } from "./input-text.ts";
import { fuzz } from "./loop.ts";
import { parseFuzzOptions } from "./options.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";
import { targetNamed, targets } from "./targets.ts";

const SEED = 20_261_121;

describe("nothing but declared errors comes of", () => {
  test.each(targets.map((target) => [target.about, target] as const))(
    "%s",
    { timeout: 60_000 },
    async (_about, target) => {
      const { findings, runs } = await fuzz(target, {
        seed: SEED,
        firstAt: 0,
        goesOn: (done) => done < target.shortRuns,
      });
      expect(findings.map(({ what, input }) => `${what}\n${input}`)).toEqual([]);
      expect(runs).toBe(target.shortRuns);
    },
  );
});

describe("a planted defect is found and made small", () => {
  test.each(["planted-error", "planted-violation"])("%s", async (name) => {
    const target = targetNamed(name);
    if (target === undefined) throw new Error("not there");
    const { findings } = await fuzz(target, {
      seed: SEED,
      firstAt: 0,
      goesOn: (done) => done < 500,
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.input).toBe(
      '{"items":[{"kind":"a","size":7,"bytes":{"hex":""}},{"kind":"c","size":0,"bytes":{"hex":""}}]}',
    );
  });
});

describe("the program", () => {
  const folder = mkdtempSync(join(tmpdir(), "asicd-fuzz-"));
  const program = join(folder, "fuzz.mjs");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: "utf8", cwd: resolve(".") });

  beforeAll(() => bundle(program));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("finds a run that never ends, and says how to see it again", { timeout: 60_000 }, () => {
    const { status, stdout } = run(
      ...[
        "--target",
        "planted-hang",
        "--seconds",
        "1",
        "--hang-seconds",
        "1",
        "--shrink-seconds",
        "0.4",
      ],
    );
    expect(status).toBe(1);
    expect(stdout).toContain("FOUND in planted-hang (hang): does not return within 1.0 s");
    expect(stdout).toMatch(/npm run fuzz -- --target planted-hang --seed 1 --at \d+/);
  });

  test("finds a run that takes all memory", { timeout: 60_000 }, () => {
    const { status, stdout } = run(
      ...["--target", "planted-memory", "--seconds", "1", "--shrink-seconds", "0.1"],
    );
    expect(status).toBe(1);
    expect(stdout).toContain("FOUND in planted-memory (memory)");
  });

  test("finds a promise that fails unheard; what it prints makes it again", {
    timeout: 60_000,
  }, () => {
    const found = run("--target", "planted-rejection", "--seconds", "0.5", "--json");
    expect(found.status).toBe(1);
    const { targets: rows } = JSON.parse(found.stdout) as {
      targets: { findings: { input: string }[] }[];
    };
    const input = rows[0]?.findings[0]?.input ?? "";
    expect(run("--target", "planted-rejection", "--input", input).status).toBe(1);
    expect(run("--target", "planted-rejection", "--input", '{"value":0}').status).toBe(0);
  });
});

describe("the parts", () => {
  test("the same seed gives the same input, another one another", () => {
    for (const target of targets) {
      const inputs = [1, 1, 2].map((seed) =>
        inputToText(target.make(Random.forRun(seed, target.name, 7))),
      );
      expect(inputs[0]).toBe(inputs[1]);
      expect(inputs[0]).not.toBe(inputs[2]);
    }
  });

  test("an input printed and read back is the same input", () => {
    const input = { a: [Uint8Array.of(1, 255), 5n, "\u202e", { hex: 1 }], b: null, c: -0.5 };
    expect(inputFromText(inputToText(input))).toEqual(input);
    expect(inputToText(input)).toMatch(/^[ -~]*$/);
  });

  test("shrinking leaves the smallest input that still fails", async () => {
    const input = Array.from({ length: 40 }, (_, i) => ({ n: i * 3, text: "x".repeat(i) }));
    const smallest = await shrink(
      input,
      (smaller) => Array.isArray(smaller) && smaller.some(({ n }) => n > 50),
      { calls: 5_000, ms: 5_000 },
    );
    expect(smallest).toEqual([{ n: 51, text: "" }]);
  });

  test.each([
    ["--seconds", "0"],
    ["--seed", "x"],
    ["--at", "3"],
    ["--input", "{}"],
    ["--what", "ever"],
  ])("%s %s is refused", (...args) => {
    expect(() => parseFuzzOptions(args)).toThrow();
  });
});
