/** Documents promise what is there: links, commands, options, report keys, dependencies. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { machineById } from "../boards/machines.ts";
import { commonOptions } from "../firmware/cli/parse-args.ts";
import { reportJson } from "../firmware/cli/report.ts";
import { allCommands } from "../firmware/commands.ts";
import manifest from "../package.json" with { type: "json" };
import { simulatorCommands } from "../simulator/main.ts";
import { parseFaults } from "../simulator/plant/fault-script.ts";
import { tripRules } from "../src/control/trip-rules.ts";
import { sampleSnapshot } from "./firmware/cli/sample-snapshot.ts";

const FOLDERS = ["boards", "drivers", "firmware", "openwrt", "simulator", "src", "test"];
const commands = [...allCommands(async () => simulatorCommands), ...simulatorCommands];
const scripts: Readonly<Record<string, string>> = manifest.scripts;
const readme = readFileSync("README.md", "utf8");

function markdownFiles(folder = "."): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (/^(node_modules|dist|coverage|screenshots|\..*)$/.test(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

/** Targets of `[text](target)`, outside of code. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
}

/** What stands in backticks. */
function codeOf(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");
}

test("every relative link leads somewhere", () => {
  const files = markdownFiles();
  expect(files).toEqual(expect.arrayContaining(["README.md", "src/README.md"]));
  const broken = files.flatMap((file) =>
    linksOf(readFileSync(file, "utf8"))
      .filter((target) => !/^([a-z]+:|#)/.test(target))
      .map((target) => join(dirname(file), target.replace(/#.*/, "")))
      .filter((path) => !existsSync(path))
      .map((path) => `${file}: ${path}`),
  );
  expect(broken).toEqual([]);
});

describe("every folder explains itself", () => {
  test.each(FOLDERS)("%s has a README, and the map of the project leads there", (folder) => {
    expect(existsSync(`${folder}/README.md`)).toBe(true);
    expect(linksOf(readme)).toContain(`${folder}/README.md`);
  });

  test("and there is no other folder of code", () => {
    const folders = readdirSync(".", { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() &&
          !/^(node_modules|dist|coverage|screenshots|\..*)$/.test(entry.name),
      )
      .map(({ name }) => name);
    expect(folders.sort()).toEqual(FOLDERS);
  });
});

describe("the README's first screen", () => {
  const firstScreen = readme.split("\n").slice(0, 12).join("\n");
  const [simulate, tests] = [...firstScreen.matchAll(/^npm ci && (.*?)\s*#/gm)].map(
    ([, line]) => line,
  );

  test("has the two commands", () => {
    expect(simulate).toBe("npx asicd simulate");
    expect(tests).toBe("npm test");
  });

  test("of which the first is built by npm ci, executable, and a command", () => {
    expect(scripts["prepare"]).toContain("run --silent build");
    expect(manifest.bin).toEqual({ asicd: "dist/asicd.js" });
    accessSync(manifest.bin.asicd, constants.X_OK);
    expect(commands.map(({ name }) => name)).toContain("simulate");
  });

  test("and the second runs all tests", () => {
    expect(scripts["test"]).toBe("vitest run");
  });
});

describe("the README on commands", () => {
  test.each(commands.map(({ name }) => name))("names %s", (name) => {
    expect(readme).toContain(`\`asicd ${name}`);
  });

  test("names only options that exist", () => {
    const known = new Set(
      [...commands.map(({ options }) => options), commonOptions]
        .flatMap((options) => Object.keys(options))
        .map((option) => `--${option}`),
    );
    const named = codeOf(readme)
      .filter((code) => code.startsWith("asicd") || code.startsWith("--"))
      .flatMap((code) => code.match(/--[a-z0-9-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    for (const option of named) expect(known).toContain(option);
  });

  test("explains every key of the JSON report", () => {
    const { chains, pool, ...totals } = reportJson(sampleSnapshot());
    const words = new Set(codeOf(readme));
    const { wire, hashrateWindowsHps } = totals;
    const keyed = [totals, pool, wire, hashrateWindowsHps, ...chains];
    for (const key of ["chains", "pool", ...keyed.flatMap(Object.keys)])
      expect(words).toContain(key);
  });
});

test("the guard's README has every rule by which power goes off", () => {
  const named = codeOf(readFileSync("firmware/guard/README.md", "utf8"));
  expect(named).toEqual(expect.arrayContaining(Object.keys(tripRules)));
});

test("the faults that the simulator's README shows are ones that their machines can have", () => {
  const text = readFileSync("simulator/README.md", "utf8");
  const shown = [...text.matchAll(/--board (\S+) --fault '([^']+)'/g)];
  expect(shown.length).toBeGreaterThan(3);
  for (const [, board, fault] of shown)
    expect(() => parseFaults([fault ?? ""], machineById(board ?? "")), fault).not.toThrow();
});

describe("scripts that documents and CI name exist", () => {
  test.each(["README.md", "CONTRIBUTING.md", ".ci/run"])("in %s", (file) => {
    const named = [...readFileSync(file, "utf8").matchAll(/npm run ([a-z0-9:]+)/g)].map(
      ([, name]) => name ?? "",
    );
    expect(named).not.toEqual([]);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

describe("dependencies", () => {
  const dependencies = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  };

  test("are pinned to exact versions", () => {
    for (const [name, version] of Object.entries(dependencies))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  });

  test("are each explained in the README, which explains no others", () => {
    const table = readme.split("## Dependencies")[1]?.split("\n## ")[0] ?? "";
    const explained = table
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .flatMap((line) => codeOf(line.split("|")[1] ?? ""));
    expect(explained.sort()).toEqual(Object.keys(dependencies).sort());
  });
});
