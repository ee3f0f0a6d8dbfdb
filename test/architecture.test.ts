/** The direction of every import, as data. src/README.md says in words why the arrows point where they do. */

import { readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { globalsUsed, importsOf } from "./support/source-text.ts";

/** Which folders a file of a folder may import from, besides its own. */
const FOLDERS: Record<string, readonly string[]> = {
  src: [],
  drivers: ["src"],
  boards: ["src", "drivers"],
  firmware: ["src", "drivers", "boards"],
  simulator: ["src", "drivers", "boards", "firmware"],
};

/** Inside src, a folder may import from its own row and from the rows above it. */
const SRC_LAYERS: readonly (readonly string[])[] = [
  ["lib", "ports"],
  // Telemetry describes and counts without knowing what it counts, so the layers above may all use it.
  ["bitcoin", "noise", "sv2", "telemetry"],
  ["work", "upstream"],
  // The older protocol, behind the same seam: links are chosen above.
  ["sv1"],
  ["hashing", "control"],
  ["config", "api", "update"],
  // What other firmware's clients expect, made from the same tree as everything else.
  ["compat"],
  ["ui"],
];

/** Which files may import which packages; a package that is not here may be imported by nobody. */
const PACKAGES: readonly (readonly [name: RegExp, files: RegExp])[] = [
  [/^(@noble|@scure)\//, /^(src|simulator|firmware\/packaging)\//],
  [/^typebox(\/|$)/, /^(src|firmware|simulator)\//],
  [/^(preact|uplot)(\/|$)/, /^src\/ui\//],
  [/^node:/, /^(drivers\/linux|firmware|simulator)\//],
  [/^(serialport|i2c-bus|onoff)$/, /^drivers\/linux\//],
  [
    /^koffi$/,
    /^(simulator\/pty|drivers\/linux\/(pseudo-rate|gpio-character-device|ntp-state))\.ts$/,
  ],
  [/^(pino|jsonc-parser)$/, /^firmware\//],
  [/^yaml$/, /^simulator\/scenario\//],
  [/^(fastify|mqtt|prom-client|bonjour-service)$/, /^firmware\/operator\//],
  [/^esbuild$/, /^firmware\/packaging\//],
];

/** Time, entropy, output and hardware come into src through the door. */
const FORBIDDEN_IN_SRC = [
  ...["Date", "performance", "setTimeout", "setInterval", "setImmediate"],
  ...["process", "Buffer", "console", "crypto", "fetch", "require", "globalThis"],
];

/** The executable reaches its simulator here, and nowhere else. */
const THE_ONE_WAY_TO_THE_SIMULATOR = { from: "firmware/main.ts", to: "simulator/main.ts" };

/** The simulator shares facts about chips, never code that speaks with them: a misreading must not cancel itself out. */
const TABLES_OF_DRIVERS = /^drivers\/[^/]+\/(chips|registers)\.ts$/;

/** What is wrong with a file, in sentences. */
function violationsOf(path: string, source: string): string[] {
  const found = importsOf(source).map(({ specifier, isDynamic }) => {
    if (specifier === undefined) return "a computed import cannot be checked";
    if (!specifier.startsWith(".")) return packageViolation(path, specifier);
    return pathViolation(path, posix.join(posix.dirname(path), specifier), isDynamic);
  });
  // The page runs in browsers, which have all of these.
  if (path.startsWith("src/") && !path.startsWith("src/ui/"))
    for (const name of globalsUsed(source, FORBIDDEN_IN_SRC)) found.push(`src may not use ${name}`);
  return found.filter((violation) => violation !== undefined);
}

function packageViolation(path: string, name: string): string | undefined {
  const rule = PACKAGES.find(([pattern]) => pattern.test(name));
  if (rule === undefined) return `package ${name} is on no list`;
  return rule[1].test(path) ? undefined : `package ${name} may not be imported here`;
}

function pathViolation(path: string, target: string, isDynamic: boolean): string | undefined {
  const [from = "", to = ""] = [path, target].map((file) => file.split("/", 1)[0]);
  if (from === "firmware" && to === "simulator") {
    const { from: door, to: behind } = THE_ONE_WAY_TO_THE_SIMULATOR;
    const isTheDoor = isDynamic && path === door && target === behind;
    return isTheDoor ? undefined : `firmware may not import ${target}`;
  }
  if (from === to) return from === "src" ? layerViolation(path, target) : undefined;
  if (!FOLDERS[from]?.includes(to)) return `${from} may not import ${target}`;
  if (from === "simulator" && to === "drivers" && !TABLES_OF_DRIVERS.test(target))
    return `the simulator takes tables from drivers, not ${target}`;
  return undefined;
}

function layerViolation(path: string, target: string): string | undefined {
  const [from = "", to = ""] = [path, target].map((file) => file.split("/")[1]);
  const [fromLayer, toLayer] = [from, to].map((name) =>
    SRC_LAYERS.findIndex((layer) => layer.includes(name)),
  ) as [number, number];
  if (fromLayer < 0) return `src/${from} is in no layer`;
  if (toLayer < 0) return `src/${to} is in no layer`;
  return toLayer > fromLayer ? `src/${from} may not import src/${to}` : undefined;
}

const root = resolve(import.meta.dirname, "..");

describe("every import points in an allowed direction", () => {
  test.each(Object.keys(FOLDERS))("%s", (folder) => {
    const problems = sourceFilesOf(folder).flatMap((path) =>
      violationsOf(path, readFileSync(join(root, path), "utf8")).map((what) => `${path}: ${what}`),
    );
    expect(problems).toEqual([]);
  });

  test("the files are really looked at", () => {
    const files = Object.keys(FOLDERS).flatMap(sourceFilesOf);
    expect(files).toEqual(
      expect.arrayContaining(["src/ports/uart.ts", "drivers/linux/uart.ts", "simulator/pty.ts"]),
    );
    const uart = readFileSync(join(root, "drivers/linux/uart.ts"), "utf8");
    expect(importsOf(uart).map(({ specifier }) => specifier)).toEqual(
      expect.arrayContaining(["node:tty", "../../src/ports/uart.ts", "serialport"]),
    );
  });
});

describe("a planted violation is found", () => {
  test.each([
    [
      "src/work/job.ts",
      'import { x } from "../../drivers/linux/uart.ts";',
      "src may not import drivers/linux/uart.ts",
    ],
    [
      "src/work/job.ts",
      'import type { X } from "../../test/x.ts";',
      "src may not import test/x.ts",
    ],
    [
      "src/lib/bytes.ts",
      'import type { X } from "../hashing/x.ts";',
      "src/lib may not import src/hashing",
    ],
    ["src/sv2/frame.ts", 'export { x } from "../work/x.ts";', "src/sv2 may not import src/work"],
    [
      "src/telemetry/x.ts",
      'import "../hashing/miner.ts";',
      "src/telemetry may not import src/hashing",
    ],
    ["src/misc/x.ts", 'import "../lib/bytes.ts";', "src/misc is in no layer"],
    [
      "src/lib/x.ts",
      'import { readFile } from "node:fs";',
      "package node:fs may not be imported here",
    ],
    [
      "src/lib/x.ts",
      'import {\n  a,\n  b,\n} from "pino";',
      "package pino may not be imported here",
    ],
    ["src/lib/x.ts", 'import _ from "lodash";', "package lodash is on no list"],
    [
      "drivers/bm13xx/x.ts",
      'import { SerialPort } from "serialport";',
      "package serialport may not be imported here",
    ],
    ["drivers/bm13xx/x.ts", 'import "../../boards/x.ts";', "drivers may not import boards/x.ts"],
    ["boards/x.ts", 'import "node:fs";', "package node:fs may not be imported here"],
    [
      "firmware/run.ts",
      'const s = await import("../simulator/main.ts");',
      "firmware may not import simulator/main.ts",
    ],
    [
      "firmware/main.ts",
      'import { x } from "../simulator/main.ts";',
      "firmware may not import simulator/main.ts",
    ],
    [
      "firmware/main.ts",
      'await import("../simulator/pty.ts");',
      "firmware may not import simulator/pty.ts",
    ],
    ["firmware/run.ts", "await import(name);", "a computed import cannot be checked"],
    [
      "simulator/chain/x.ts",
      'import "../../drivers/bm13xx/crc.ts";',
      "the simulator takes tables from drivers, not drivers/bm13xx/crc.ts",
    ],
    ["simulator/world.ts", 'await import("koffi");', "package koffi may not be imported here"],
    [
      "simulator/world.ts",
      'const p = require("serialport");',
      "package serialport may not be imported here",
    ],
    ["src/lib/x.ts", "const now = Date.now();", "src may not use Date"],
    ["src/lib/x.ts", "setTimeout(run, 5);", "src may not use setTimeout"],
    ["src/lib/x.ts", "let t: ReturnType<typeof setInterval>;", "src may not use setInterval"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the planted source
    ["src/lib/x.ts", "const text = `${process.pid}`;", "src may not use process"],
  ])("%s: %s", (path, source, violation) => {
    expect(violationsOf(path, source)).toEqual([violation]);
  });
});

describe("what is allowed is left alone", () => {
  test.each([
    ["src/hashing/x.ts", 'import type { Uart } from "../ports/uart.ts";'],
    ["src/work/x.ts", 'import { x } from "../upstream/x.ts";'],
    ["src/noise/x.ts", 'import { secp256k1 } from "@noble/curves/secp256k1.js";'],
    ["src/lib/x.ts", '// import "node:fs"; setTimeout(run);\n/* process */ const a = "Date";'],
    ["src/lib/x.ts", "const text = `a process since Date`; const b = { process: 1, Date: 2 };"],
    ["src/lib/x.ts", "work.process(); interface T { readonly process?: string }"],
    ["firmware/main.ts", 'const x = (await import("../simulator/main.ts")).commands;'],
    ["simulator/chain/x.ts", 'import { chipsByName } from "../../drivers/bm13xx/chips.ts";'],
    ["simulator/pty.ts", 'const koffi = await import("koffi");'],
    ["drivers/linux/uart.ts", 'import { openSync } from "node:fs";'],
  ])("%s: %s", (path, source) => {
    expect(violationsOf(path, source)).toEqual([]);
  });
});

/** Paths from the root, with slashes. */
function sourceFilesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|tsx|mjs|js)$/.test(path))
    .map((path) => posix.join(folder, path.replaceAll("\\", "/")));
}
