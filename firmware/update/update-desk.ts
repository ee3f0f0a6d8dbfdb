/**
 * The supervisor's side of updates over the API. The work is done by `asicd update` in a process of its own: what it takes of
 * memory is gone when it ends, and what it reads of a stranger's file is far from the process that keeps the guard.
 */
import { execFile } from "node:child_process";
import { statSync, unlinkSync } from "node:fs";
import type { Outcome, UpdateStep } from "../../src/api/device.ts";
import type { Logger } from "../../src/lib/log.ts";
import { Signal } from "../../src/lib/signal.ts";
import { bootToldOfReturn, isTreeName, isUntoldReturn } from "../../src/update/boot-state.ts";
import type { UpdateState, UpdateTrial } from "../../src/update/update-view.ts";
import { type Launched, writeBoot } from "./boot-file.ts";
import { slotDisk } from "./slot-disk.ts";
import { slotPaths } from "./slot-paths.ts";
import { readSlots } from "./slots.ts";
import { whenUnlocked } from "./update-lock.ts";
import { updateVersions } from "./update-state.ts";

/** Unpacking to slow flash, and starting the new version once. */
const WITHIN_MS = 15 * 60_000;
const SAID_BYTES = 262_144;

export interface UpdateDeskParts {
  readonly launched: Launched;
  readonly configFile: string;
  /** Where the operator process puts what it receives. */
  readonly uploadedFile: string;
  readonly log: Logger;
  readonly restart: () => void;
}

export class UpdateDesk {
  readonly changed = new Signal<UpdateState>();
  readonly #parts: UpdateDeskParts;
  #progress: UpdateState["progress"] = "none";
  #problem: string | null = null;
  #trial: UpdateTrial | null = null;
  #told: string;
  /** That a return was told could not be kept yet. */
  #isMarkDue = false;

  constructor(parts: UpdateDeskParts) {
    this.#parts = parts;
    this.#told = this.#fingerprint();
    // Of a time when power failed: nobody has sent one to this process yet.
    this.#removeUploaded();
  }

  get state(): UpdateState {
    try {
      const versions = updateVersions(readSlots(this.#parts.launched.root));
      return {
        possible: true,
        text: TEXTS[this.#progress],
        progress: this.#progress,
        problem: this.#problem,
        versions,
        trial: versions.state === "trial" ? this.#trial : null,
      };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const nothing = { problem: null, versions: null, trial: null } as const;
      return { possible: false, text, progress: "none", ...nothing };
    }
  }

  async take(step: UpdateStep): Promise<Outcome> {
    const { launched, uploadedFile } = this.#parts;
    if (step.do === "told") return this.#markTold();
    if (this.#progress !== "none")
      return { is: "refused", code: "busy", text: TEXTS[this.#progress] };
    const staged = this.state.versions?.staged;
    switch (step.do) {
      case "stage": {
        const words = [uploadedFile, "--yes", "--stage-only"];
        if (step.allowDowngrade) words.push("--allow-downgrade");
        void this.#run("staging", words);
        return { is: "accepted", text: "it is checked in full and laid beside" };
      }
      case "start":
        if (staged == null)
          return { is: "refused", code: "wrong-version", text: "no version lies beside" };
        void this.#run("starting", ["--activate", staged.name, "--no-restart"], true);
        return { is: "accepted", text: `version ${staged.version} is started on trial` };
      case "return":
        if (this.state.versions?.previous == null)
          return { is: "refused", code: "wrong-version", text: "there is no version before" };
        void this.#run("starting", ["--return", "--no-restart"], true);
        return { is: "accepted", text: "the version before is started" };
      case "discard": {
        if (staged == null)
          return { is: "refused", code: "wrong-version", text: "no version lies beside" };
        const { name } = staged;
        const { lock, tree } = slotPaths(launched.root);
        const isRemoved = whenUnlocked(lock, () => {
          // The command line may have started it meanwhile.
          const isStaged = this.state.versions?.staged?.name === name;
          if (isStaged && isTreeName(name)) slotDisk.remove(tree(name));
          return isStaged;
        });
        this.#tell();
        if (isRemoved !== true)
          return { is: "refused", code: "busy", text: "another update is at work" };
        return { is: "done", text: `version ${staged.version} is removed` };
      }
      default:
        return step satisfies never;
    }
  }

  /** Tells what somebody else has done, the command line or the trial. */
  refresh(): void {
    if (this.#isMarkDue) this.#markAgain();
    if (this.#fingerprint() !== this.#told) this.#tell();
  }

  /** How the trial goes, which no file says. */
  tellTrial(trial: UpdateTrial): void {
    this.#trial = trial;
    this.#tell();
  }

  /** Two calls to the system, as it is asked all the time. */
  #fingerprint(): string {
    const { boot, versions } = slotPaths(this.#parts.launched.root);
    const changes = [boot, versions].map(
      (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
    );
    return changes.join(" ");
  }

  async #run(
    progress: UpdateState["progress"],
    words: readonly string[],
    mustRestart = false,
  ): Promise<void> {
    const { configFile, log, restart } = this.#parts;
    this.#progress = progress;
    this.#problem = null;
    this.#tell();
    const problem = await runUpdate([...words, "--config", configFile, "--json"]);
    if (progress === "staging") this.#removeUploaded();
    const isRestarting = problem === undefined && mustRestart;
    // What is written down for the next start does not run before this process has ended.
    if (!isRestarting) this.#progress = "none";
    this.#problem = problem ?? null;
    if (problem !== undefined) log.error({ problem }, "the update failed");
    this.#tell();
    if (isRestarting) restart();
  }

  /** It lies beside now, or is of no use: flash is small. */
  #removeUploaded(): void {
    const { uploadedFile, log } = this.#parts;
    try {
      unlinkSync(uploadedFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        log.error({ err: error }, "a received update cannot be removed");
    }
  }

  #markTold(): Outcome {
    const { root } = this.#parts.launched;
    const isMarked = whenUnlocked(slotPaths(root).lock, () => {
      const { paths, boot } = readSlots(root);
      if (isUntoldReturn(boot)) writeBoot(slotDisk, paths, bootToldOfReturn(boot));
      return true;
    });
    this.#isMarkDue = isMarked === undefined;
    return { is: "done", text: "told" };
  }

  #markAgain(): void {
    try {
      this.#markTold();
    } catch (error) {
      this.#isMarkDue = false;
      this.#parts.log.error({ err: error }, "that the return was told cannot be kept");
    }
  }

  #tell(): void {
    this.#told = this.#fingerprint();
    this.changed.emit(this.state);
  }
}

const TEXTS: Readonly<Record<UpdateState["progress"], string>> = {
  none: "Nothing goes on",
  staging: "The update is checked and laid beside",
  starting: "Another version is about to start",
};

/** Resolves with what went wrong. */
function runUpdate(words: readonly string[]): Promise<string | undefined> {
  const program = process.argv[1] ?? "";
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, "update", ...words],
      { timeout: WITHIN_MS, maxBuffer: SAID_BYTES },
      (error, stdout, stderr) => {
        if (error === null) return resolve(undefined);
        resolve(textIn(stdout) ?? (stderr.trim().split("\n").at(-1) || error.message));
      },
    );
  });
}

function textIn(stdout: string): string | undefined {
  try {
    const answer = JSON.parse(stdout) as { error?: { text?: string } };
    return answer.error?.text;
  } catch {
    return undefined;
  }
}
