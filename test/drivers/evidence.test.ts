/** What drivers/README.md says about evidence is complete: every chip, part and machine, every vector. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { machines, refusedMachines } from "../../boards/machines.ts";
import { explainedChipsByName } from "../../drivers/bm13xx/chips.ts";
import { bm1387 } from "../../drivers/bm1387/chips.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

/** Devices that are no `…Driver` with a `part`, because nothing names them in a declaration. */
const OTHER_DEVICES = ["dsPicPassThrough", "Pic16", "OwnedI2cBus", "openBitaxeRaw"];
const MARK = /\[[CDT?]\]|assumed|ours/;

interface Row {
  readonly what: string;
  readonly evidence: string;
  readonly vectors: readonly string[];
  readonly proven: string;
}

const readme = readFileSync("drivers/README.md", "utf8");
const chips = rowsUnder("### Chips");
const parts = rowsUnder("### Parts");
const declared = rowsUnder("### Machines");

function rowsUnder(heading: string): readonly Row[] {
  const section = readme.split(heading)[1]?.split("\n##")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (chip|part|machine) \|/.test(line))
    .map((line) => {
      const [what = "", , evidence = "", named = "", proven = ""] = line.split("|").slice(1, -1);
      return { what, evidence, vectors: codesOf(named), proven };
    });
}

function codesOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");
}

function namesIn(rows: readonly Row[]): string[] {
  return rows.flatMap(({ what }) => codesOf(what));
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return path.endsWith(".ts") && !path.endsWith(".d.ts") ? [path] : [];
  });
}

/** Names under which drivers export what a declaration may name. */
async function exportedParts(): Promise<string[]> {
  const names: string[] = [];
  for (const path of filesUnder("drivers")) {
    const exported: Record<string, unknown> = await import(join(process.cwd(), path));
    for (const [name, value] of Object.entries(exported)) if (isPartDriver(value)) names.push(name);
  }
  return names;
}

function isPartDriver(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "part" in value &&
    "open" in value &&
    typeof value.open === "function"
  );
}

/** Whatever the firmware imports from where real hardware is. */
function linuxPorts(): string[] {
  return filesUnder("firmware").flatMap((path) =>
    [
      ...readFileSync(path, "utf8").matchAll(
        /import \{([^}]+)\} from "[./]*drivers\/(?:linux|eeprom)\//g,
      ),
    ].flatMap(([, names]) => (names ?? "").split(",").map((name) => name.trim())),
  );
}

describe("the tables of drivers/README.md", () => {
  test("have every chip, once", () => {
    const known = [...explainedChipsByName.keys(), bm1387.name];
    expect(chips.map(({ what }) => what.trim()).sort()).toEqual(known.sort());
  });

  test("have every part that a driver serves", async () => {
    const served = await exportedParts();
    expect(served).toEqual(expect.arrayContaining(["lm75a", "emc2101Fan", "dsPic", "apw12"]));
    const ports = linuxPorts();
    expect(ports).toEqual(expect.arrayContaining(["openUart", "readBoardIdentity"]));
    expect(namesIn(parts)).toEqual(expect.arrayContaining([...served, ...ports, ...OTHER_DEVICES]));
  });

  test("have every machine, and those that are refused, once", () => {
    const ids = [...machines, ...refusedMachines].map(({ id }) => id);
    expect(namesIn(declared).sort()).toEqual(ids.sort());
  });

  test.each([...chips, ...parts, ...declared])("say for $what what it rests on", (row) => {
    expect(row.evidence).toMatch(MARK);
    expect(row.proven.trim()).not.toBe("");
    for (const path of row.vectors) {
      const at = path.split(".").reduce<unknown>((node, key) => Object(node)[key], vectors);
      expect(at, path).toBeDefined();
    }
  });

  test("name every vector there is, and each is a test", () => {
    const named = new Set(codesOf(readme).map((code) => code.split(".")[0]));
    const tests = filesUnder("test")
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    for (const key of Object.keys(vectors).filter((name) => name !== "meta")) {
      expect(named, key).toContain(key);
      expect(tests).toMatch(new RegExp(`vectors\\.${key}\\b|\\b${key}\\b[^;]*} = vectors`));
    }
  });
});
