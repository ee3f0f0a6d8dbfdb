/** Configurations of older formats, made into the present one step by step. */
import { isRecord } from "./paths.ts";
import { CONFIG_VERSION } from "./schema.ts";

export interface Migration {
  /** The version that it understands; it makes the next one. */
  readonly from: number;
  /** For the log: what it changes. */
  readonly about: string;
  /** Gets an object of its version, checked for nothing else, and may change its copy of it. */
  migrate(config: Record<string, unknown>): Record<string, unknown>;
}

/** Version 1 was the first one with which a program was given away. */
export const migrations: readonly Migration[] = [];

export interface Migrated {
  readonly value: unknown;
  /** What was done, in order; empty when the format is the present one, or none that is known. */
  readonly steps: readonly string[];
}

/** Leaves alone what it does not understand: saying what is wrong with it is the loader's business. */
export function migrate(
  config: unknown,
  table: readonly Migration[] = migrations,
  target: number = CONFIG_VERSION,
): Migrated {
  const steps: string[] = [];
  let value = config;
  while (isRecord(value)) {
    const version = value["version"];
    const migration = table.find(({ from }) => from === version);
    if (typeof version !== "number" || version >= target || migration === undefined) break;
    value = { ...migration.migrate(structuredClone({ ...value })), version: version + 1 };
    steps.push(`version ${version} to ${version + 1}: ${migration.about}`);
  }
  return { value, steps };
}
