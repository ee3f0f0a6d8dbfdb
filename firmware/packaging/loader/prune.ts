/**
 * Takes trees that nobody uses any more out of the cache when another one is about to be unpacked beside them. Whatever goes
 * wrong is no reason not to start: what stays costs room, and what was wrongly taken is unpacked again from its executable.
 */
import {
  constants,
  lstatSync,
  lutimesSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

/** By each start, and once a day after it, its tree's time is set; so long ago is no version that somebody goes back to every now and then. */
const UNUSED_DAYS = 30;
/** What an unpacking that was cut off has left: none takes so long. */
const LEFTOVER_DAYS = 1;
const DAY_MS = 86_400_000;
/** A start is not to take long; the next one goes on. */
const MOST_AT_ONCE = 4;
const MOST_LOOKED_AT = 1_000;

/** As choose-folder.ts and unpack.ts call them: nothing else in the folder is ours. */
const TREE = /^asicd-.+-[0-9a-f]{16}$/;
const LEFTOVER = /^\.new-[0-9A-Za-z]{6}(-old)?$/;

/** From now on, and as long as this process lives, `folder` is seen to be in use. */
export function markInUse(folder: string): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  // Nobody has looked yet whether it is a folder at all.
  ignoringFailure(() => void openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  markTime(folder);
}

/** `folder` is in use now. */
export function markTime(folder: string): void {
  ignoringFailure(() => {
    const now = new Date();
    lutimesSync(folder, now, now);
  });
}

/** `own` stays whatever its age. `processes` is where the kernel shows them: without it nothing is known to be unused. */
export function pruneCache(cache: string, own: string, processes = "/proc"): void {
  ignoringFailure(() => {
    const old = readdirSync(cache)
      .slice(0, MOST_LOOKED_AT)
      .filter((name) => name !== own && isOld(join(cache, name), name))
      .slice(0, MOST_AT_ONCE);
    if (old.length === 0) return;
    const used = namesInUse(old, processes);
    for (const name of old)
      if (!used.has(name)) ignoringFailure(() => remove(join(cache, name), name));
  });
}

function isOld(path: string, name: string): boolean {
  const days = TREE.test(name) ? UNUSED_DAYS : LEFTOVER.test(name) ? LEFTOVER_DAYS : undefined;
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (days === undefined || entry?.isDirectory() !== true) return false;
  return entry.uid === process.geteuid?.() && Date.now() - entry.mtimeMs > days * DAY_MS;
}

/** A program has its tree open (`markInUse`); its parts were started by the path of a file in it. */
function namesInUse(names: readonly string[], processes: string): ReadonlySet<string> {
  const used = new Set<string>();
  const note = (text: string) => {
    for (const name of names) if (text.includes(`/${name}`)) used.add(name);
  };
  const ids = readdirSync(processes).filter((name) => /^\d+$/.test(name));
  if (ids.length === 0) throw new Error("no process is to be seen, not even this one");
  for (const id of ids) {
    // One that has ended meanwhile, or is somebody else's.
    ignoringFailure(() => note(readFileSync(join(processes, id, "cmdline"), "latin1")));
    ignoringFailure(() => {
      const files = join(processes, id, "fd");
      for (const file of readdirSync(files).slice(0, MOST_LOOKED_AT))
        ignoringFailure(() => note(readlinkSync(join(files, file))));
    });
  }
  return used;
}

/** Renamed first, so that half of one is never taken for a damaged tree; what is left of it is a leftover. */
function remove(path: string, name: string): void {
  const doomed = TREE.test(name) ? join(path, "..", `.new-${name.slice(-6)}-old`) : path;
  if (doomed !== path) renameSync(path, doomed);
  rmSync(doomed, { recursive: true, force: true });
}

function ignoringFailure(act: () => void): void {
  try {
    act();
  } catch {
    // See above.
  }
}
