/** Faults of a script that are done to programs: only ever to the guard and the miner of this simulation. */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Logger } from "../src/lib/log.ts";
import type { Clock } from "../src/ports/clock.ts";
import { BLOCK_SIGNAL, blockUntil, USUAL_BLOCK_MS } from "./blocked-loop.ts";
import type { ProcessFaultName } from "./plant/faults.ts";

/** A fault as it comes or goes. */
export interface ProcessFaultChange {
  readonly what: ProcessFaultName;
  /** For how long, where nothing else ends it; how far a clock steps. */
  readonly seconds: number | null;
  readonly isOn: boolean;
}

export interface ProcessFaultOptions {
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As far as they are known at this moment. */
export interface SimulatedPrograms {
  readonly guardPid: number | undefined;
  readonly minerPid: number | null | undefined;
}

export class ProcessFaults implements Disposable {
  readonly #options: ProcessFaultOptions;
  readonly #disk: FullDisk;
  readonly #timers: Disposable[] = [];
  #programs: () => SimulatedPrograms = () => ({ guardPid: undefined, minerPid: undefined });
  #stoppedPid: number | undefined;

  constructor(options: ProcessFaultOptions) {
    const { runtimeDir, stateDir } = options;
    this.#options = options;
    this.#disk = new FullDisk([
      join(stateDir, "events.jsonl"),
      // A new board record is written beside the old one.
      join(runtimeDir, "machine.json.new"),
    ]);
  }

  /** Whom to do it to; before this is called there is nobody. */
  watch(programs: () => SimulatedPrograms): void {
    this.#programs = programs;
  }

  /** Never throws: a fault that cannot be had is told in the log. */
  take({ what, seconds, isOn }: ProcessFaultChange): void {
    try {
      if (isOn) this.#begin(what, seconds);
      else this.#end(what);
    } catch (error) {
      this.#options.log.error({ what, err: error }, "fault of a program failed");
    }
  }

  /** Leaves no program stopped and no file replaced. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const what of ["miner-stopped", "miner-blocked", "disk-full"] as const)
      this.take({ what, seconds: null, isOn: false });
  }

  #begin(what: ProcessFaultName, seconds: number | null): void {
    const { clock, log, runtimeDir } = this.#options;
    if (what === "clock-stepped") {
      log.warn({ what, seconds }, "this machine's clock is left alone: only virtual time can step");
      return;
    }
    if (what === "disk-full") {
      this.#disk.fill();
      log.warn({ what }, "fault of a program");
      return;
    }
    const pid = what === "guard-killed" ? this.#guard() : this.#miner();
    if (pid === undefined) {
      log.warn({ what }, "fault of a program that is not running");
      return;
    }
    log.warn({ what, pid, seconds }, "fault of a program");
    const durationMs = seconds === null ? undefined : seconds * 1_000;
    switch (what) {
      case "guard-killed":
      case "miner-killed":
        process.kill(pid, "SIGKILL");
        return;
      case "miner-stopped":
        this.#stoppedPid = pid;
        process.kill(pid, "SIGSTOP");
        if (durationMs !== undefined)
          this.#timers.push(
            clock.after(durationMs, () => this.take({ what, seconds, isOn: false })),
          );
        return;
      case "miner-blocked":
        blockUntil(runtimeDir, Date.now() + (durationMs ?? USUAL_BLOCK_MS));
        process.kill(pid, BLOCK_SIGNAL);
        return;
      default:
        what satisfies never;
    }
  }

  #end(what: ProcessFaultName): void {
    switch (what) {
      case "disk-full":
        this.#disk.free();
        return;
      case "miner-blocked":
        blockUntil(this.#options.runtimeDir, 0);
        return;
      case "miner-stopped": {
        const pid = this.#stoppedPid;
        this.#stoppedPid = undefined;
        // The guard may have ended it meanwhile, and its number may be another's by now.
        if (pid !== undefined && pid === this.#miner()) process.kill(pid, "SIGCONT");
        return;
      }
      default:
        return;
    }
  }

  #guard(): number | undefined {
    const { guardPid } = this.#programs();
    return guardPid !== undefined && parentOf(guardPid) === process.pid ? guardPid : undefined;
  }

  #miner(): number | undefined {
    const { minerPid } = this.#programs();
    const guard = this.#guard();
    if (typeof minerPid !== "number" || guard === undefined) return undefined;
    return parentOf(minerPid) === guard ? minerPid : undefined;
  }
}

/** `undefined`: there is no such process. */
function parentOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
  } catch {
    return undefined;
  }
}

const ALWAYS_FULL = "/dev/full";

/** Whatever is written to these files meets a full disk; what was in them comes back afterwards. */
class FullDisk {
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  fill(): void {
    for (const path of this.#paths) {
      if (isLink(path)) continue;
      mkdirSync(dirname(path), { recursive: true });
      if (exists(path)) renameSync(path, kept(path));
      symlinkSync(ALWAYS_FULL, path);
    }
  }

  free(): void {
    for (const path of this.#paths) {
      if (isLink(path)) rmSync(path);
      if (exists(kept(path))) renameSync(kept(path), path);
    }
  }
}

function kept(path: string): string {
  return `${path}.before-it-was-full`;
}

function isLink(path: string): boolean {
  return exists(path) && lstatSync(path).isSymbolicLink();
}

/** Also a link that leads nowhere. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
