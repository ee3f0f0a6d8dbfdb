/** The board record in the runtime directory: what a restarted guard needs before it knows anything else. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tripRules } from "../src/control/trip-rules.ts";
import type { BoardRecord, LatchedBoard } from "./guard/guard-setup.ts";

const FILE = "machine.json";

/** `undefined` when there is none, or it cannot be understood. */
export function readBoardRecord(runtimeDir: string): BoardRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(runtimeDir, FILE), "utf8"));
    return isRecord(value) ? { ...value, latched: latchedIn(value) } : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces it in one step, so that a crash leaves the old or the new one. Throws the system's error. */
export function writeBoardRecord(runtimeDir: string, record: BoardRecord): void {
  mkdirSync(runtimeDir, { recursive: true });
  const path = join(runtimeDir, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`);
  renameSync(`${path}.new`, path);
}

/** What cannot be understood latches nothing: the record names the machine first of all. */
function latchedIn({ latched }: { readonly latched?: unknown }): readonly LatchedBoard[] {
  if (!Array.isArray(latched)) return [];
  return latched.filter(
    (one): one is LatchedBoard =>
      typeof one === "object" &&
      one !== null &&
      Number.isInteger(one.index) &&
      Object.hasOwn(tripRules, one.rule) &&
      typeof one.reason === "string",
  );
}

function isRecord(value: unknown): value is BoardRecord {
  if (typeof value !== "object" || value === null || !("machine" in value)) return false;
  const { machine } = value;
  return (
    typeof machine === "object" &&
    machine !== null &&
    (("board" in machine && typeof machine.board === "string") || "virtual" in machine)
  );
}

/** After an orderly end: the next guard finds nothing that was left on. */
export function clearBoardRecord(runtimeDir: string): void {
  rmSync(join(runtimeDir, FILE), { force: true });
}
