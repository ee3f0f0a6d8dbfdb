/**
 * Keeps the text of the configuration: the file that the operator knows, the last good one beside it, and what waits for
 * somebody's confirmation. Each is replaced in one step, so that a loss of power leaves the old one or the new one.
 */
import { chmod, chown, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { maskSecrets } from "../src/api/mask-secrets.ts";
import { isRecord } from "../src/config/paths.ts";
import { isSame } from "../src/config/plain-values.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { MAX_CONFIG_BYTES, parseJsonc } from "./cli/config-file.ts";
import { freshText } from "./config-text.ts";
import { type DurableFolder, durableFolder } from "./durable-folder.ts";

/** What belongs to the configuration in the file without being confirmed, or no longer being in force. */
export interface KeptChange {
  /** In force before the last change: what a revert goes back to. */
  readonly previous: string | null;
  /** In force instead of the file, unless nobody confirms it. */
  readonly staged: { readonly text: string; readonly confirmByUnixSeconds: number } | null;
}

export interface ConfigStore {
  /** As it was found at start: the file's text, or the last good one. */
  readonly text: string;
  readonly kept: KeptChange;
  /** What went wrong, to be told loudly. */
  readonly problems: readonly string[];
  /** The new text of the file. When it rejects, the old one is still there. */
  save(text: string): Promise<void>;
  /** For the text that was saved last. */
  keep(change: KeptChange): Promise<void>;
  /** As `save`, and nothing is left of what stood anywhere before. */
  reset(text: string): Promise<void>;
}

/** Throws ConfigError, in rejections too, for a text that cannot be used. */
export type CheckText = (text: string) => unknown;

/** A disk that stays full is told once. */
const MAX_PROBLEMS = 10;

const NOTHING_KEPT: KeptChange = { previous: null, staged: null };

/** Of a run without a file: nothing outlives it. */
export function memoryConfigStore(config: unknown): ConfigStore {
  return {
    text: freshText(config),
    kept: NOTHING_KEPT,
    problems: [],
    save: () => Promise.resolve(),
    keep: () => Promise.resolve(),
    reset: () => Promise.resolve(),
  };
}

/** Rejects with ConfigError when neither the file nor the last good one can be used. */
export async function openConfigFile(file: string, check: CheckText): Promise<ConfigStore> {
  // A link stays one: what it points to is replaced.
  const path = await realpath(file).catch(() => file);
  return openConfigStore(configFolder(path), basename(path), check);
}

/** `name` is the operator's file; beside it there are NAME.last-good, NAME.kept, NAME.new and, once needed, NAME.damaged. */
export async function openConfigStore(
  folder: DurableFolder,
  name: string,
  check: CheckText,
): Promise<ConfigStore> {
  const lastGoodName = `${name}.last-good`;
  const keptName = `${name}.kept`;
  const damagedName = `${name}.damaged`;
  const problems: string[] = [];

  async function replace(target: string, content: string | Uint8Array): Promise<void> {
    const fresh = `${name}.new`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await folder.write(fresh, bytes);
    await folder.rename(fresh, target);
    await folder.syncNames();
  }

  async function sound(which: string): Promise<Found> {
    try {
      const bytes = await folder.read(which, MAX_CONFIG_BYTES);
      if (bytes === undefined) return { is: "unusable", problem: "does not exist" };
      try {
        const text = decoded(bytes);
        check(text);
        return { is: "sound", text, bytes };
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return { is: "unusable", problem: error.message, bytes, error };
      }
    } catch (error) {
      return { is: "unusable", problem: reasonOf(error) };
    }
  }

  /** What is there for a bad day: without it the day is not worse than before. */
  async function attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const problem = `${what}: ${reasonOf(error)}`;
      if (!problems.includes(problem) && problems.length < MAX_PROBLEMS) problems.push(problem);
    }
  }

  const file = await sound(name);
  const lastGood = await sound(lastGoodName);
  let damaged: Uint8Array | undefined;
  let text: string;
  if (file.is === "sound") {
    text = file.text;
    if (lastGood.is !== "sound" || lastGood.text !== text)
      await attempt(`${lastGoodName} cannot be written`, () => replace(lastGoodName, text));
  } else if (lastGood.is === "sound") {
    text = lastGood.text;
    damaged = file.bytes;
    problems.push(
      `${name} cannot be used, and ${lastGoodName} is in force instead: ${file.problem}`,
    );
  } else {
    throw (
      file.error ?? new ConfigError([{ path: name, problem: file.problem, allowed: "a JSON file" }])
    );
  }
  const kept = keptChange(await folder.read(keptName, 4 * MAX_CONFIG_BYTES).catch(() => undefined));
  let current = text;
  let onDisk = file.bytes;

  async function save(next: string): Promise<void> {
    const found = await folder.read(name, MAX_CONFIG_BYTES);
    if (!isSameBytes(found, onDisk))
      throw new Error(
        `${name} was changed by somebody else; asicd takes that into use when it is started again`,
      );
    await overwrite(next);
  }

  async function overwrite(next: string): Promise<void> {
    if (damaged !== undefined) {
      // Somebody may have written it by hand, and wants to know what was wrong with it.
      await folder.write(damagedName, damaged);
      damaged = undefined;
    }
    const bytes = new TextEncoder().encode(next);
    try {
      await replace(name, bytes);
    } catch (error) {
      // The new name may have been given already.
      if (onDisk !== undefined) await replace(name, onDisk).catch(() => {});
      const found = await folder.read(name, MAX_CONFIG_BYTES).catch(() => undefined);
      if (isSameBytes(found, bytes)) onDisk = bytes;
      throw error;
    }
    current = next;
    onDisk = bytes;
    await attempt(`${lastGoodName} cannot be written`, () => replace(lastGoodName, next));
  }

  return {
    text,
    kept: kept?.base === text && isUsable(kept.change, check) ? kept.change : NOTHING_KEPT,
    problems,
    save,
    keep: (change) => replace(keptName, freshText({ base: current, ...change })),
    async reset(next) {
      damaged = undefined;
      await overwrite(next);
      await replace(keptName, freshText({}));
      if ((await folder.read(damagedName, 0)) !== undefined) await replace(damagedName, "");
    },
  };
}

type Found =
  | { readonly is: "sound"; readonly text: string; readonly bytes: Uint8Array }
  | {
      readonly is: "unusable";
      readonly problem: string;
      readonly bytes?: Uint8Array;
      readonly error?: ConfigError;
    };

function decoded(bytes: Uint8Array): string {
  if (bytes.length > MAX_CONFIG_BYTES)
    throw new ConfigError([{ path: "(whole file)", problem: "is too large" }]);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ path: "(whole file)", problem: "is not UTF-8 text" }]);
  }
}

/** `undefined` for what is no such thing: then nothing was kept. */
function keptChange(
  bytes: Uint8Array | undefined,
): { readonly base: string; readonly change: KeptChange } | undefined {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!isRecord(content)) return undefined;
  const { base, previous, staged } = content as Record<string, unknown>;
  if (typeof base !== "string") return undefined;
  const { text, confirmByUnixSeconds } = (isRecord(staged) ? staged : {}) as Record<
    string,
    unknown
  >;
  const isStaged = typeof text === "string" && typeof confirmByUnixSeconds === "number";
  return {
    base,
    change: {
      previous: typeof previous === "string" ? previous : null,
      staged: isStaged ? { text, confirmByUnixSeconds } : null,
    },
  };
}

function isUsable({ previous, staged }: KeptChange, check: CheckText): boolean {
  try {
    for (const text of [previous, staged?.text ?? null]) if (text !== null) check(text);
    return true;
  } catch {
    return false;
  }
}

function isSameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const FOR_OWNER = 0o600;
const FOR_ALL = 0o644;

/** A durable folder whose files belong to whoever owns the configuration, and are theirs alone when they hold secrets. */
function configFolder(file: string): DurableFolder {
  const path = dirname(file);
  const folder = durableFolder(path);
  return {
    ...folder,
    async write(name, bytes) {
      const owner = await stat(file).catch(() => undefined);
      const mode = holdsSecrets(bytes) ? FOR_OWNER : (owner?.mode ?? FOR_ALL) & 0o777;
      const fresh = join(path, name);
      // The mode comes before the secrets do.
      await (await open(fresh, "a", FOR_OWNER)).close();
      await chmod(fresh, mode);
      // Only root may give files away; whoever else saves owns them anyway.
      if (owner !== undefined) await chown(fresh, owner.uid, owner.gid).catch(() => {});
      await folder.write(name, bytes);
    },
  };
}

/** What cannot be read may hold anything. */
function holdsSecrets(bytes: Uint8Array): boolean {
  try {
    const value = parseJsonc(new TextDecoder().decode(bytes));
    return isRecord(value) && "base" in value ? true : !isSame(maskSecrets(value), value);
  } catch {
    return true;
  }
}
