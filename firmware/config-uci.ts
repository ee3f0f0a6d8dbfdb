/**
 * OpenWrt's face of the configuration, /etc/config/asicd, kept in step with asicd's own file: what either side has changed
 * since they last agreed is taken over by the other. What runs is told over its socket, and goes on hashing where it can.
 */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ConfigResult } from "../src/api/device.ts";
import { maskSecrets } from "../src/api/mask-secrets.ts";
import { type LoadedConfig, loadConfig } from "../src/config/load.ts";
import { isSame } from "../src/config/plain-values.ts";
import { CONFIG_VERSION } from "../src/config/schema.ts";
import { configToUci, uciToConfig } from "../src/config/uci.ts";
import { changesBetween, mergeConfigs, updatedSections } from "../src/config/uci-merge.ts";
import { formatUci, MAX_UCI_CHARACTERS, parseUci } from "../src/config/uci-text.ts";
import { unmask } from "../src/config/unmask.ts";
import { ConfigError } from "../src/lib/errors.ts";
import { type CommandContext, exitCodes } from "./cli/command.ts";
import { configurableChips, parseJsonc, readSparseConfig } from "./cli/config-file.ts";
import {
  type ApiClient,
  ApiRefusal,
  ApiUnreachable,
  apiClient,
} from "./cli/operator-commands/api-client.ts";
import { SettingsDesk } from "./config-desk.ts";
import { openConfigFile } from "./config-store.ts";
import { freshText } from "./config-text.ts";
import { SystemClock } from "./platform/system-clock.ts";

/** A change on trial waits for 60 s (config-desk.ts). */
const CONFIRM_ATTEMPTS = 40;
const CONFIRM_PAUSE_MS = 1_000;
/** Whoever goes on writing UCI all the time is waited for no longer. */
const SYNC_ATTEMPTS = 5;

export interface UciRequest {
  /** asicd's own file. */
  readonly file: string;
  readonly context: Pick<CommandContext, "stdout" | "stderr" | "env" | "signal">;
}

/** What the own file says, as UCI. */
export function exportUci(request: UciRequest, secrets: boolean): number {
  const sparse = readSparseConfig(request.file);
  load(sparse);
  request.context.stdout(formatUci(configToUci(secrets ? sparse : maskSecrets(sparse))));
  return exitCodes.ok;
}

/** Takes `from`, a file or "-" for stdin, in place of everything that was set. */
export async function importUci(request: UciRequest, from: string): Promise<number> {
  const { file, context } = request;
  const wanted = uciToConfig(parseUci(readText(from === "-" ? 0 : from)));
  const before = sparseOf(file);
  const words = await takeIntoUse(request, before, unmask(wanted, before ?? {}));
  context.stdout(`${["imported", ...words].join(" ")}\n`);
  return exitCodes.ok;
}

/**
 * Both ways, with `uciFile`. Says on stdout, in words for a script: "unchanged", or "imported", "exported" or both; after an
 * import "restart" when asicd that runs has to be started again for it, "untold" when none could be reached.
 */
export async function syncUci(request: UciRequest, uciFile: string): Promise<number> {
  const words = new Set<string>();
  let base: unknown = agreedOn(`${request.file}.uci`) ?? { version: CONFIG_VERSION };
  for (let attempt = 0; attempt < SYNC_ATTEMPTS; attempt++) {
    const { told, isDone } = await syncOnce(request, uciFile, base, words);
    if (isDone) {
      request.context.stdout(`${words.size > 0 ? [...words].join(" ") : "unchanged"}\n`);
      return exitCodes.ok;
    }
    // All of it is in the own file now: what is new since then is what differs from it.
    base = told;
  }
  throw new ConfigError([
    {
      path: uciFile,
      problem: "was written again and again while it was read, and is left as it is",
    },
  ]);
}

/** Not done when somebody wrote `uciFile` meanwhile: then it stays theirs, and so does the note of what was agreed on. */
async function syncOnce(
  request: UciRequest,
  uciFile: string,
  base: unknown,
  words: Set<string>,
): Promise<{ readonly told: unknown; readonly isDone: boolean }> {
  const { file, context } = request;
  const text = readText(uciFile);
  const old = parseUci(text);
  const before = sparseOf(file);
  const told = unmask(uciToConfig(old), before ?? {});
  const { value, conflicts } = mergeConfigs(base, told, before ?? { version: CONFIG_VERSION });
  for (const path of conflicts)
    context.stderr(`asicd: ${path}: changed in ${uciFile} and elsewhere; ${uciFile} counts\n`);
  if (before === undefined || !isSame(value, before))
    for (const word of ["imported", ...(await takeIntoUse(request, before, value))])
      words.add(word);
  const now = readSparseConfig(file);
  if (readText(uciFile) !== text) return { told, isDone: false };
  if (!isSame(now, told)) {
    replaceFile(uciFile, formatUci(updatedSections(now, old)));
    words.add("exported");
  }
  const baseFile = `${file}.uci`;
  if (!isSame(agreedOn(baseFile), now)) replaceFile(baseFile, freshText(now));
  return { told, isDone: true };
}

/** Checked, then told to asicd that runs, or written. Resolves to what is still to be done, in words. */
async function takeIntoUse(
  request: UciRequest,
  before: unknown,
  after: unknown,
): Promise<readonly string[]> {
  const { file } = request;
  const loaded = load(after);
  if (before === undefined) {
    writeFileSync(file, freshText(after), { mode: 0o600, flag: "wx" });
    return ["untold"];
  }
  const changes = changesBetween(before, after).map(({ path, value = null }) => ({ path, value }));
  if (changes.length === 0) return [];
  const client = clientOf(request, before, loaded);
  const answer = await tellRunning(request, client, changes);
  // What serves this socket may keep its settings elsewhere, as a simulation does.
  const isSaved = answer === "in force" || answer === "saved";
  if (!isSaved || isSame(readSparseConfig(file), before)) await write(file, changes);
  return answer === "in force" ? [] : [answer === "not running" ? "untold" : "restart"];
}

/** "saved" has to be started again, "refused" has it not even in its file. */
type Answer = "in force" | "saved" | "refused" | "not running";

type AppliedResult = Extract<ConfigResult, { readonly is: "applied" }>;

async function tellRunning(
  { context }: UciRequest,
  client: ApiClient,
  changes: readonly object[],
): Promise<Answer> {
  try {
    const result = await client.send("PATCH", "/config", { changes });
    const { confirmByUnixSeconds, differences } = result as AppliedResult;
    if (confirmByUnixSeconds === null || (await confirms(client)))
      return differences.some(({ restart }) => restart === "program") ? "saved" : "in force";
    context.stderr("asicd: the change could not be confirmed\n");
    return "refused";
  } catch (error) {
    if (error instanceof ApiUnreachable) return "not running";
    if (!(error instanceof ApiRefusal)) throw error;
    context.stderr(`asicd: not taken into use at once: ${error.message}\n`);
    return "refused";
  }
}

/** Who can write the file needs no page to get back in. With new addresses the API is away for a moment. */
async function confirms(client: ApiClient): Promise<boolean> {
  for (let attempt = 0; attempt < CONFIRM_ATTEMPTS; attempt++) {
    try {
      await client.send("POST", "/config/confirm");
      return true;
    } catch (error) {
      if (!(error instanceof ApiUnreachable)) throw error;
      await setTimeout(CONFIRM_PAUSE_MS);
    }
  }
  return false;
}

/** Where asicd that runs listens: by what it was started with. */
function clientOf({ context }: UciRequest, before: unknown, after: LoadedConfig): ApiClient {
  const fromEnv = context.env["ASICD_SOCKET"] ?? "";
  if (fromEnv !== "") return apiClient({ socket: fromEnv }, context.signal);
  let { runtimeDir } = after.paths;
  try {
    ({ runtimeDir } = load(before).paths);
  } catch (error) {
    // A damaged file is healed by what comes.
    if (!(error instanceof ConfigError)) throw error;
  }
  return apiClient({ socket: join(runtimeDir, "operator.sock") }, context.signal);
}

/** Into the file, by the same rules as page and API, its comments kept. */
async function write(
  file: string,
  changes: readonly { readonly path: string; readonly value: unknown }[],
): Promise<void> {
  const store = await openConfigFile(file, (text) => load(parseJsonc(text)));
  using desk = new SettingsDesk({
    store,
    clock: new SystemClock(),
    chips: configurableChips,
    mayLackPools: true,
    apply() {},
  });
  const result = await desk.apply(changes);
  if (result.is === "invalid") throw new ConfigError(result.problems);
  if (result.is === "refused") throw new Error(result.text);
  if (result.confirmByUnixSeconds !== null) await desk.confirm();
}

function load(value: unknown): LoadedConfig {
  return loadConfig(value, configurableChips, { mayLackPools: true });
}

/** `undefined` where there is no file yet. Throws ConfigError for one that cannot be used. */
function sparseOf(file: string): unknown {
  try {
    statSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  }
  return readSparseConfig(file);
}

/** What both said when they last agreed; a damaged note is as none: then both are new. */
function agreedOn(baseFile: string): unknown {
  try {
    return JSON.parse(readFileSync(baseFile, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function readText(file: string | number): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > 4 * MAX_UCI_CHARACTERS) throw new RangeError("is too large");
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const path = typeof file === "number" ? "stdin" : file;
    throw new ConfigError([{ path, problem: `cannot be read (${reason})`, allowed: "UCI text" }]);
  }
}

/** In one step, and for nobody else's eyes: there are passwords in it. */
function replaceFile(file: string, text: string): void {
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, text, { mode: 0o600, flag: "wx", flush: true });
  renameSync(fresh, file);
}
