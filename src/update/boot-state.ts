/**
 * Which version is to run, as the text of the file `boot`. The launcher (firmware/update/launch.sh) reads and writes the same
 * format and is never changed by an update: the first line's number stays until a package brings another launcher.
 */

export const BOOT_MAGIC = "asicd-boot 1";
export const MAX_BOOT_BYTES = 4_096;
/** As in launch.sh. */
export const MAX_ATTEMPTS = 3;

/** "base", which the package installed, or "versions/<version>-<hash8>". */
export type TreeName = "base" | `versions/${string}`;

/**
 * settled: it has proven itself. trial: it has not yet. restoring: the settings of before have to be put back first.
 * returned: they are, and `previous` is the version that failed.
 */
export const bootStates = ["settled", "trial", "restoring", "returned"] as const;

export interface BootState {
  readonly run: TreeName;
  /** Before `run`; the version that failed, after a return. */
  readonly previous: TreeName;
  readonly state: (typeof bootStates)[number];
  /** How often it was started on trial, 0 to 99. */
  readonly attempts: number;
  /** A line for people; why a version went back. */
  readonly reason: string;
}

export const FRESH_BOOT: BootState = {
  run: "base",
  previous: "base",
  state: "settled",
  attempts: 0,
  reason: "",
};

const MAX_REASON = 500;

export function formatBoot({ run, previous, state, attempts, reason }: BootState): string {
  // One line, and of characters that every shell and locale reads alike.
  const line = reason
    .replaceAll(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, MAX_REASON);
  return `${BOOT_MAGIC}
run ${run}
previous ${previous}
state ${state}
attempts ${attempts}
reason ${line}
end
`;
}

/** `undefined` for anything but a whole boot file: then `base` runs. Agrees with read_boot of launch.sh. */
export function parseBoot(text: string): BootState | undefined {
  if (text.length > MAX_BOOT_BYTES) return undefined;
  // A shell sees neither.
  const lines = text.replaceAll("\0", "").split("\n");
  // What follows the last line end is no whole line.
  lines.pop();
  const [magic, ...rest] = lines.map(trimmed);
  if (magic !== BOOT_MAGIC || rest.at(-1)?.split(/[ \t]+/, 1)[0] !== "end") return undefined;
  const fields = new Map<string, string>();
  for (const line of rest.slice(0, -1)) {
    const [, key = "", value = ""] = /^([^ \t]*)[ \t]*(.*)$/s.exec(line) ?? [];
    if (key === "end") return undefined;
    fields.set(key, value);
  }
  const [run, previous] = [fields.get("run"), fields.get("previous")];
  const state = bootStates.find((one) => one === fields.get("state"));
  const attempts = fields.get("attempts") ?? "";
  if (!isTreeName(run) || !isTreeName(previous) || state === undefined) return undefined;
  if (!/^\d\d?$/.test(attempts)) return undefined;
  return { run, previous, state, attempts: Number(attempts), reason: fields.get("reason") ?? "" };
}

export function isTreeName(text: string | undefined): text is TreeName {
  return text === "base" || /^versions\/[0-9A-Za-z-][0-9A-Za-z.-]*$/.test(text ?? "");
}

export function treeName(version: string, sha256: string): TreeName {
  return `versions/${version}-${sha256.slice(0, 8)}`;
}

export interface BootChoice {
  readonly run: TreeName;
  readonly reason: string;
}

/** What would be run without changing anything; `isSound` says whether a tree's files are there. */
export function chooseTree(
  text: string | undefined,
  isSound: (tree: TreeName) => boolean,
): BootChoice {
  const boot = text === undefined ? undefined : parseBoot(text);
  if (boot === undefined)
    return {
      run: "base",
      reason: text === undefined ? "there is no boot file" : "the boot file is damaged",
    };
  const isTrusted = boot.state === "settled" || boot.state === "trial";
  const order: TreeName[] = isTrusted
    ? [boot.run, boot.previous]
    : [boot.run, "base", boot.previous];
  const run = order.find(isSound) ?? "base";
  return { run, reason: run === boot.run ? boot.state : `${boot.run} is damaged` };
}

/** `next` comes on trial; what runs now is what it goes back to. */
export function bootForTrial(now: BootState, next: TreeName): BootState {
  return { run: next, previous: now.run, state: "trial", attempts: 0, reason: "" };
}

/** The version on trial has proven itself. */
export function bootSettled(now: BootState, reason: string): BootState {
  return { ...now, state: "settled", attempts: 0, reason };
}

/** Back to the version before, which gets its settings back first. */
export function bootForReturn(now: BootState, reason: string): BootState {
  return { run: now.previous, previous: now.run, state: "restoring", attempts: 0, reason };
}

/** The operator has been told of the return; the reason stays for the page. */
export function bootToldOfReturn(now: BootState): BootState {
  return { ...now, reason: now.reason, attempts: 1 };
}

/** Whether it still has to be told. */
export function isUntoldReturn({ state, attempts }: BootState): boolean {
  return state === "returned" && attempts === 0;
}

function trimmed(line: string): string {
  return line.replace(/^[ \t]+|[ \t]+$/g, "");
}
