/** What `asicd update` does, step by step; the words are in update-text.ts. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Status } from "../../src/api/status.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { isTreeName } from "../../src/update/boot-state.ts";
import type { BeforeUpdate } from "../../src/update/health.ts";
import { UpdateError } from "../../src/update/update-error.ts";
import type { UpdateSummary } from "../../src/update/update-view.ts";
import { type CommandContext, exitCodes } from "../cli/command.ts";
import { parseJsonc, readConfigFile } from "../cli/config-file.ts";
import {
  type ApiClient,
  ApiRefusal,
  ApiUnreachable,
  apiClient,
} from "../cli/operator-commands/api-client.ts";
import { jsonText } from "../cli/operator-commands/connection.ts";
import { acceptUpdate } from "./accept-update.ts";
import { activate, goBack, settle } from "./activate.ts";
import { askYesOrNo } from "./ask-yes-or-no.ts";
import { preflight } from "./preflight.ts";
import { slotDisk } from "./slot-disk.ts";
import { slotPaths } from "./slot-paths.ts";
import { readSlots } from "./slots.ts";
import { checkPayload, stageUpdate } from "./stage.ts";
import { isSystemImage, requireSysupgrade } from "./sysupgrade.ts";
import { lockUpdates } from "./update-lock.ts";
import { openUpdate } from "./update-source.ts";
import { updateVersions } from "./update-state.ts";
import { startedText, summaryText, versionsText } from "./update-text.ts";

export interface UpdateWishes {
  readonly verb: "install" | "activate" | "status" | "return" | "confirm";
  readonly file: string;
  /** For activate. */
  readonly tree: string;
  readonly check: boolean;
  readonly yes: boolean;
  readonly allowDowngrade: boolean;
  readonly noRestart: boolean;
  readonly stageOnly: boolean;
  readonly configFile: string;
  readonly socket: string | undefined;
  readonly json: boolean;
  readonly root: string;
}

/** Resolves to the exit code; rejects with UpdateError, unless JSON was asked for, which then says it. */
export async function performUpdate(
  wishes: UpdateWishes,
  context: CommandContext,
): Promise<number> {
  try {
    return await perform(wishes, context);
  } catch (thrown) {
    const error = explained(thrown);
    if (!wishes.json || !(error instanceof ConfigError)) throw error;
    const code = error instanceof UpdateError ? error.code : "failed";
    context.stdout(jsonText({ error: { code, text: error.message, problems: error.problems } }));
    return exitCodes.failed;
  }
}

function perform(wishes: UpdateWishes, context: CommandContext): Promise<number> | number {
  const { verb, root } = wishes;
  switch (verb) {
    case "install":
      // What is only staged may come from the operator process, which must not get at sysupgrade: a signature decides.
      return !wishes.stageOnly && isSystemImage(wishes.file)
        ? installImage(wishes, context)
        : install(wishes, context);
    case "activate":
      return start(wishes, context);
    case "status": {
      const versions = updateVersions(readSlots(root));
      context.stdout(wishes.json ? jsonText(versions) : versionsText(versions));
      return exitCodes.ok;
    }
    case "return":
      return changed(wishes, context, () => {
        goBack(readSlots(root), "an operator asked for it", slotDisk);
        return true;
      });
    case "confirm":
      return changed(wishes, context, () => {
        settle(readSlots(root), "an operator confirmed it", slotDisk);
        return false;
      });
    default:
      return verb satisfies never;
  }
}

async function install(wishes: UpdateWishes, context: CommandContext): Promise<number> {
  const { file, root, configFile, allowDowngrade, json } = wishes;
  using source = openUpdate(file);
  const slots = readSlots(root);
  const options = {
    allowDowngrade,
    nodeVersion: process.versions.node,
    configVersion: configVersion(configFile),
  };
  const name = acceptUpdate(source.header, slots, options);
  const { manifest } = source.header;
  const summary: UpdateSummary = {
    name,
    version: manifest.version,
    currentVersion: slots.current.version,
    target: manifest.target,
    bytes: manifest.bytes,
    unpackedBytes: manifest.unpackedBytes,
    configVersion: manifest.configVersion,
    notes: manifest.notes ?? "",
  };
  if (wishes.check) {
    await checkPayload(source);
    context.stdout(json ? jsonText({ is: "checked", ...summary }) : summaryText(summary));
    return exitCodes.ok;
  }
  if (!wishes.yes) {
    context.stderr(summaryText(summary));
    const isWanted = context.isTerminal && (await askYesOrNo("Install it?", context));
    if (!isWanted) {
      context.stderr("Nothing was changed; --yes installs it.\n");
      return exitCodes.failed;
    }
  }
  {
    using _lock = lockUpdates(slots.paths.lock);
    // Before the answer to the question it may have been another machine.
    const now = readSlots(root);
    acceptUpdate(source.header, now, options);
    await stageUpdate(source, name, now, slotDisk);
    try {
      await preflight(slots.paths.tree(name), manifest.version, configFile);
    } catch (error) {
      slotDisk.remove(slots.paths.tree(name));
      throw error;
    }
  }
  if (wishes.stageOnly) {
    context.stdout(
      json ? jsonText({ is: "staged", ...summary }) : `${name} lies beside; it is not started.\n`,
    );
    return exitCodes.ok;
  }
  return start({ ...wishes, tree: name }, context);
}

async function start(wishes: UpdateWishes, context: CommandContext): Promise<number> {
  const { tree, root, configFile } = wishes;
  if (!isTreeName(tree))
    throw new UpdateError("wrong-version", {
      path: "--activate",
      problem: "is no name of a version",
      allowed: "versions/<version>-<hash>, as --status shows it",
    });
  const before = await beforeUpdate(client(wishes, context));
  return changed(wishes, context, () => {
    activate({ name: tree, configFile, before }, readSlots(root), slotDisk);
    return true;
  });
}

/** Does it alone, and has the running asicd start again if `change` says that it must. */
async function changed(
  wishes: UpdateWishes,
  context: CommandContext,
  change: () => boolean,
): Promise<number> {
  let mustRestart: boolean;
  {
    using _lock = lockUpdates(slotPaths(wishes.root).lock);
    mustRestart = change();
  }
  const restarts =
    mustRestart && !wishes.noRestart && (await restart(client(wishes, context), context));
  const versions = updateVersions(readSlots(wishes.root));
  context.stdout(
    wishes.json
      ? jsonText({ is: "changed", restarts, versions })
      : mustRestart
        ? startedText(versions, restarts)
        : versionsText(versions),
  );
  return exitCodes.ok;
}

async function installImage(wishes: UpdateWishes, context: CommandContext): Promise<number> {
  const { sysupgrade } = slotPaths(wishes.root);
  requireSysupgrade(sysupgrade);
  context.stderr(`This is an image of the whole system: OpenWrt's sysupgrade checks and installs it, and restarts the machine.
What /etc/sysupgrade.conf and packages name is kept; asicd's settings are among it.
`);
  const test = await run(sysupgrade, ["-T", wishes.file]);
  if (test !== 0)
    throw new UpdateError("system-image", {
      path: wishes.file,
      problem: `sysupgrade does not take it for this machine (exit code ${test})`,
    });
  if (wishes.check) return exitCodes.ok;
  if (!wishes.yes) {
    context.stderr("Nothing was changed; --yes installs it.\n");
    return exitCodes.failed;
  }
  return run(sysupgrade, [wishes.file]);
}

function run(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

function client({ socket, configFile }: UpdateWishes, { signal, env }: CommandContext): ApiClient {
  return apiClient({ socket: socket ?? env["ASICD_SOCKET"] ?? socketOf(configFile) }, signal);
}

function socketOf(configFile: string): string {
  let runtimeDir = "/var/run/asicd";
  try {
    runtimeDir = readConfigFile(configFile, { mayLackPools: true }).paths.runtimeDir;
  } catch {
    // Settings that cannot be read must not keep anybody from another version.
  }
  return join(runtimeDir, "operator.sock");
}

/** `undefined`: there are none, or they are no JSON, which is told elsewhere. */
function configVersion(file: string): number | undefined {
  try {
    const value = parseJsonc(readFileSync(file, "utf8")) as { readonly version?: unknown } | null;
    return typeof value?.version === "number" ? value.version : undefined;
  } catch {
    return undefined;
  }
}

async function restart(api: ApiClient, { stderr }: CommandContext): Promise<boolean> {
  try {
    await api.send("POST", "/actions/restart");
    return true;
  } catch (error) {
    // Before a password is set it refuses everybody.
    if (error instanceof ApiRefusal) stderr(`asicd: restart it yourself: ${error.message}\n`);
    else if (!(error instanceof ApiUnreachable)) throw error;
    // It ended before its answer was out: that is what it was asked for.
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    return code === "ECONNRESET";
  }
}

/** Null when nobody answers: then nothing is excused. */
async function beforeUpdate(api: ApiClient): Promise<BeforeUpdate | null> {
  try {
    const { boards, paused, pools, processes, summary } = (await api.get("/status")) as Status;
    const those = (state: Status["boards"][number]["state"]) =>
      boards.filter((board) => board.state === state).map(({ index }) => index);
    return {
      refused: processes.guard.reason !== null,
      hashing: those("hashing"),
      latched: those("latched"),
      withoutPool: summary.state === "no-pool",
      paused,
      hasPools: pools.some(({ enabled }) => enabled),
    };
  } catch (error) {
    if (error instanceof ApiUnreachable || error instanceof ApiRefusal) return null;
    throw error;
  }
}

/** The commonest of the system's errors, in words. */
function explained(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new UpdateError("no-slots", {
      path: path ?? "update",
      problem:
        code === "EROFS" ? "is on a disk that cannot be written" : "may not be written by you",
      allowed: "asicd update as root, on a disk that can be written",
    });
  if (code === "ENOSPC")
    return new UpdateError("disk-full", { path: path ?? "update", problem: "the disk is full" });
  return error;
}
