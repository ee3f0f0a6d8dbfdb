/** In a version on trial: watches until it has proven itself and says so, or says why it goes back. */
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { HEALTHY_WITHIN_S, type Observation, Trial } from "../../src/update/health.ts";
import type { UpdateTrial } from "../../src/update/update-view.ts";
import { goBack, readBefore, settle } from "./activate.ts";
import type { Launched } from "./boot-file.ts";
import type { SlotDisk } from "./slot-disk.ts";
import { slotPaths } from "./slot-paths.ts";
import { readSlots } from "./slots.ts";
import { whenUnlocked } from "./update-lock.ts";

const LOOK_EVERY_MS = 5_000;

export interface TrialReporterParts {
  readonly launched: Launched;
  readonly clock: Clock;
  readonly log: Logger;
  readonly disk: SlotDisk;
  readonly observe: () => Promise<Observation>;
  /** All of asicd, so that the launcher picks again. */
  readonly restart: () => void;
  /** Nothing is decided yet. */
  readonly onWaiting: (trial: UpdateTrial) => void;
  /** The boot file says something new. */
  readonly onChange: () => void;
  /** Whether the launcher is still above this process: without it nobody would stop the version that hangs. */
  readonly hasLauncher: () => boolean;
  readonly onOrphaned: () => void;
}

export function startTrialReporter(parts: TrialReporterParts): Disposable {
  const { launched, clock, log, disk, observe } = parts;
  const { root, tree } = launched;
  const { lock } = slotPaths(root);
  const startedS = clock.nowMs() / 1_000;
  const trial = new Trial(readBefore(slotPaths(root), tree), startedS);
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    try {
      const seen = await observe();
      const nowS = clock.nowMs() / 1_000;
      const verdict = trial.take(seen, nowS);
      if (verdict.is === "waiting") {
        const leftS = Math.max(0, Math.round(HEALTHY_WITHIN_S - (nowS - startedS)));
        return parts.onWaiting({ leftS, reason: verdict.reason });
      }
      const isHealthy = verdict.is === "healthy";
      const isSaid = whenUnlocked(lock, () => {
        const slots = readSlots(root);
        if (slots.boot.state !== "trial" || slots.boot.run !== tree) return false;
        if (isHealthy) settle(slots, verdict.reason, disk);
        else goBack(slots, verdict.reason, disk);
        return true;
      });
      // Somebody changes something right now: it is looked at again soon.
      if (isSaid === undefined) return;
      if (isSaid) {
        if (isHealthy) log.info({ tree, reason: verdict.reason }, "the update stays");
        else log.error({ tree, reason: verdict.reason }, "the update goes back");
        parts.onChange();
      }
      // Somebody else may have said so before.
      watching[Symbol.dispose]();
      if (!isHealthy) parts.restart();
    } catch (error) {
      // A full disk may have room in a while; the launcher's own deadline ends this.
      log.error({ err: error }, "the update's trial cannot be decided");
    } finally {
      isLooking = false;
    }
  };
  const watching = clock.every(LOOK_EVERY_MS, () => {
    if (parts.hasLauncher()) return void look();
    log.error({ tree }, "the launcher is gone: a version on trial does not run without it");
    watching[Symbol.dispose]();
    parts.onOrphaned();
  });
  return watching;
}
