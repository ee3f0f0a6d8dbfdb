/** When a version on trial may stay: judged on a recorded machine, over virtual time, with real files. */
import { describe, expect, test } from "vitest";
import { activate, readBefore } from "../../firmware/update/activate.ts";
import type { Launched } from "../../firmware/update/boot-file.ts";
import { slotDisk } from "../../firmware/update/slot-disk.ts";
import { readSlots } from "../../firmware/update/slots.ts";
import { startTrialReporter } from "../../firmware/update/trial-reporter.ts";
import { lockUpdates } from "../../firmware/update/update-lock.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { TreeName } from "../../src/update/boot-state.ts";
import {
  type BeforeUpdate,
  HEALTHY_WITHIN_S,
  judgeHealth,
  type Observation,
  STEADY_S,
  Trial,
} from "../../src/update/health.ts";
import type { UpdateTrial } from "../../src/update/update-view.ts";
import { recordedMachine } from "../support/operated-device.ts";
import { ScratchMachine } from "./scratch-machine.ts";

const machine = recordedMachine();
const hashing: Observation = {
  guard: { state: "running", restarts: 0, lastWordAgoS: 0.5, reason: null },
  machine,
  api: "answers",
  hasPools: true,
  restarts: 0,
};
const before: BeforeUpdate = {
  refused: false,
  hashing: [0, 1, 2],
  latched: [],
  withoutPool: false,
  paused: false,
  hasPools: true,
};
/** As versions wrote it that did not know more. */
const { paused: _paused, hasPools: _hasPools, ...beforeOfOld } = before;

const NEW: TreeName = "versions/0.2.0-0a1b2c3d";

type BoardChange = Partial<MachineSnapshot["boards"][number]>;
type Phase = NonNullable<MachineSnapshot["miner"]>["chains"][number]["phase"];

/** Board 1 differs. */
function boardOne(change: BoardChange, phase: Phase = "powering"): Observation {
  const { miner } = machine;
  return {
    ...hashing,
    machine: {
      ...machine,
      boards: machine.boards.map((board, i) => (i === 1 ? { ...board, ...change } : board)),
      miner: miner && {
        ...miner,
        chains: miner.chains.map((chain, i) => (i === 1 ? { ...chain, phase } : chain)),
      },
    },
  };
}

describe("a version is", () => {
  test.for<
    [what: string, seen: Observation, before: BeforeUpdate | null, is: string, reason: RegExp]
  >([
    ["fit when every board hashes", hashing, before, "fit", /3 of 3 boards hash/],
    ["fit without an API that nobody wants", { ...hashing, api: "off" }, before, "fit", /hash/],
    [
      "not fit yet without an API that is wanted",
      { ...hashing, api: "silent" },
      before,
      "not-yet",
      /API/,
    ],
    [
      "not fit yet without a guard",
      { ...hashing, guard: { ...hashing.guard, state: "stopped" } },
      before,
      "not-yet",
      /guard is stopped/,
    ],
    [
      "not fit yet with a guard that is silent",
      { ...hashing, guard: { ...hashing.guard, lastWordAgoS: 30 } },
      before,
      "not-yet",
      /guard says nothing/,
    ],
    [
      "not fit yet before the guard has told anything",
      { ...hashing, machine: null },
      before,
      "not-yet",
      /guard/,
    ],
    [
      "never fit when its guard refuses the machine",
      { ...hashing, guard: { ...hashing.guard, state: "stopped", reason: "no fans" } },
      before,
      "never",
      /no fans/,
    ],
    [
      "fit when the guard refused it before, too",
      { ...hashing, guard: { ...hashing.guard, state: "stopped", reason: "no fans" } },
      { ...before, refused: true },
      "fit",
      /as before/,
    ],
    [
      "fit when the operator had paused it",
      { ...boardOne({}), machine: { ...machine, paused: true } },
      { ...before, paused: true },
      "fit",
      /paused/,
    ],
    [
      "fit when it is paused and nobody knows whether it was",
      { ...boardOne({}), machine: { ...machine, paused: true } },
      beforeOfOld,
      "fit",
      /paused/,
    ],
    [
      "not fit when it is paused and was not",
      { ...hashing, machine: { ...machine, paused: true } },
      before,
      "not-yet",
      /is paused now/,
    ],
    [
      "not fit when it hashes and was paused",
      hashing,
      { ...before, paused: true },
      "not-yet",
      /was paused/,
    ],
    [
      "fit when no pool was set",
      { ...boardOne({}), hasPools: false },
      { ...before, hasPools: false },
      "fit",
      /no pool/,
    ],
    [
      "fit when no pool is set and nobody knows whether one was",
      { ...boardOne({}), hasPools: false },
      beforeOfOld,
      "fit",
      /no pool/,
    ],
    [
      "not fit when the pools are lost",
      { ...hashing, hasPools: false },
      before,
      "not-yet",
      /pools are gone/,
    ],
    [
      "not fit yet while a board comes up",
      boardOne({}, "bringing-up"),
      before,
      "not-yet",
      /board 1 is starting/,
    ],
    [
      "fit when a board is not plugged in that did not hash before",
      boardOne({ present: false }),
      { ...before, hashing: [0, 2] },
      "fit",
      /2 of 3/,
    ],
    [
      "fit when a board is not plugged in and nobody knows whether it was",
      boardOne({ present: false }),
      null,
      "fit",
      /2 of 3/,
    ],
    [
      "not fit when it does not see a board that hashed before",
      boardOne({ present: false }),
      before,
      "not-yet",
      /board 1 is absent/,
    ],
    [
      "not fit when it does not even know of a board that hashed before",
      { ...hashing, machine: { ...machine, boards: machine.boards.slice(0, 2) } },
      before,
      "not-yet",
      /board 2 is no part/,
    ],
    [
      "fit when the guard protects a board that did not hash before",
      boardOne({ state: "resting", reason: "hot" }),
      { ...before, hashing: [0, 2] },
      "fit",
      /2 of 3/,
    ],
    [
      "not fit while the guard protects a board that hashed before",
      boardOne({ state: "resting", reason: "hot" }),
      before,
      "not-yet",
      /board 1 is resting: hot/,
    ],
    [
      "fit when a board had latched before",
      boardOne({ state: "latched" }),
      { ...before, latched: [1] },
      "fit",
      /2 of 3/,
    ],
    [
      "not fit when a board latches now",
      boardOne({ state: "latched", reason: "91 °C" }),
      before,
      "not-yet",
      /board 1 is latched: 91 °C/,
    ],
    [
      "not fit when a board is faulted that hashed before",
      boardOne({}, "faulted"),
      before,
      "not-yet",
      /board 1 is faulted/,
    ],
    [
      "not fit when nobody knows whether a faulted board hashed",
      boardOne({}, "faulted"),
      null,
      "not-yet",
      /board 1 is faulted/,
    ],
    [
      "fit when a faulted board did not hash before",
      boardOne({}, "faulted"),
      { ...before, hashing: [0, 2] },
      "fit",
      /2 of 3/,
    ],
    ["not fit when boards get no work", boardOne({}, "idle"), before, "not-yet", /board 1 is idle/],
    [
      "fit when there was no pool before either",
      boardOne({}, "idle"),
      { ...before, withoutPool: true },
      "fit",
      /2 of 3/,
    ],
  ])("%s", ([, seen, was, is, reason]) => {
    const judgement = judgeHealth(seen, was);
    expect(judgement.is).toBe(is);
    expect(judgement.reason).toMatch(reason);
  });
});

test("what was before is read as it was kept, also by versions that kept less", () => {
  using scratch = new ScratchMachine();
  scratch.putTree(NEW, "0.2.0", "ends");
  const { configFile, paths } = scratch;
  activate({ name: NEW, configFile, before }, readSlots(scratch.root), slotDisk);
  expect(readBefore(paths, NEW)).toEqual(before);
  scratch.putFiles(paths.settingsBefore(NEW), { "before.json": JSON.stringify(beforeOfOld) });
  expect(readBefore(paths, NEW)).toEqual(beforeOfOld);
  scratch.putFiles(paths.settingsBefore(NEW), { "before.json": '{"refused":"no"}' });
  expect(readBefore(paths, NEW)).toBeNull();
});

describe("over time", () => {
  test("it is healthy after a minute without a restart, and not before", () => {
    const trial = new Trial(before, 0);
    expect(trial.take(hashing, 100).is).toBe("waiting");
    expect(trial.take({ ...hashing, restarts: 1 }, 150).is).toBe("waiting");
    expect(trial.take({ ...hashing, restarts: 1 }, 150 + STEADY_S - 1).is).toBe("waiting");
    expect(trial.take({ ...hashing, restarts: 1 }, 150 + STEADY_S).is).toBe("healthy");
  });

  test("one that falls over every half minute is not healthy in the end", () => {
    const trial = new Trial(before, 0);
    let verdict = trial.take(hashing, 0);
    for (let s = 30; verdict.is === "waiting"; s += 30)
      verdict = trial.take({ ...hashing, restarts: s }, s);
    expect(verdict).toEqual({
      is: "unhealthy",
      reason: `not healthy within ${HEALTHY_WITHIN_S} s: it was not steady for ${STEADY_S} s`,
    });
  });
});

class OnTrial implements Disposable {
  readonly scratch = new ScratchMachine();
  readonly clock = new VirtualClock();
  readonly done: string[] = [];
  told: UpdateTrial | undefined;
  seen: Observation = hashing;
  hasLauncher = true;
  readonly #reporter: Disposable;

  constructor() {
    const { scratch, clock, done } = this;
    scratch.putTree(NEW, "0.2.0", "ends");
    scratch.putBoot({ run: NEW, previous: "base", state: "trial", attempts: 1 });
    const launched: Launched = { root: scratch.root, tree: NEW, isOnTrial: true };
    this.#reporter = startTrialReporter({
      launched,
      clock,
      log: silentLog,
      disk: slotDisk,
      observe: () => Promise.resolve(this.seen),
      restart: () => void done.push("restart"),
      onWaiting: (told) => {
        this.told = told;
      },
      onChange: () => void done.push("change"),
      hasLauncher: () => this.hasLauncher,
      onOrphaned: () => void done.push("orphaned"),
    });
  }

  async pass(seconds: number): Promise<void> {
    for (let s = 0; s < seconds; s++) {
      await this.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#reporter[Symbol.dispose]();
    this.scratch[Symbol.dispose]();
  }
}

describe("the reporter", () => {
  test("tells how long there is left, and what it waits for", async () => {
    using trial = new OnTrial();
    trial.seen = { ...hashing, api: "silent" };
    await trial.pass(10);
    expect(trial.told).toEqual({
      leftS: HEALTHY_WITHIN_S - 10,
      reason: "the API does not answer",
    });
    trial.seen = hashing;
    await trial.pass(5);
    expect(trial.told).toEqual({ leftS: HEALTHY_WITHIN_S - 15, reason: "3 of 3 boards hash" });
  });

  test("settles a version that has hashed for a minute", async () => {
    using trial = new OnTrial();
    await trial.pass(STEADY_S);
    expect(trial.scratch.boot?.state).toBe("trial");
    await trial.pass(10);
    expect(trial.scratch.boot).toMatchObject({
      run: NEW,
      state: "settled",
      reason: "3 of 3 boards hash",
    });
    expect(trial.done).toEqual(["change"]);
  });

  test("sends a version back that cannot bring up a board, with the reason, and has asicd start again", async () => {
    using trial = new OnTrial();
    trial.seen = boardOne({ reason: "no chip answers" }, "faulted");
    await trial.pass(HEALTHY_WITHIN_S + 10);
    expect(trial.scratch.boot).toMatchObject({
      run: "base",
      previous: NEW,
      state: "restoring",
      reason: `not healthy within ${HEALTHY_WITHIN_S} s: board 1 is faulted: no chip answers`,
    });
    expect(trial.done).toEqual(["change", "restart"]);
  });

  test("says nothing when somebody has decided before it", async () => {
    using trial = new OnTrial();
    trial.scratch.putBoot({ run: NEW, previous: "base", state: "settled", reason: "by hand" });
    await trial.pass(STEADY_S + 10);
    expect(trial.scratch.boot?.reason).toBe("by hand");
    expect(trial.done).toEqual([]);
  });

  test("waits while somebody else changes something", async () => {
    using trial = new OnTrial();
    {
      using _lock = lockUpdates(trial.scratch.paths.lock);
      await trial.pass(STEADY_S + 20);
      expect(trial.scratch.boot?.state).toBe("trial");
    }
    await trial.pass(10);
    expect(trial.scratch.boot?.state).toBe("settled");
  });

  test("ends a version on trial that has lost its launcher", async () => {
    using trial = new OnTrial();
    trial.hasLauncher = false;
    await trial.pass(10);
    expect(trial.done).toEqual(["orphaned"]);
  });
});

test("whoever pauses a version on trial, or takes its pools, is not undone by its return", () => {
  const isPaused: Observation = { ...hashing, machine: { ...machine, paused: true } };
  const noPools: Observation = { ...hashing, hasPools: false };
  for (const later of [isPaused, noPools]) {
    const trial = new Trial(before, 0);
    expect(trial.take(hashing, 1).is).toBe("waiting");
    expect(trial.take(later, 2).is).toBe("waiting");
    expect(trial.take(later, STEADY_S + 2).is).toBe("healthy");
    // From its first moment on it was the update.
    const changed = new Trial(before, 0);
    changed.take(later, 1);
    expect(changed.take(later, HEALTHY_WITHIN_S + 1).is).toBe("unhealthy");
  }
});
