/** What an operator asks for happens in the machine: the real guard and miner on a simulated one, under virtual time. */
import { describe, expect, test } from "vitest";
import type { MachineSettings } from "../../firmware/guard/guard-setup.ts";
import { VirtualPlant, type VirtualPlantOptions } from "../support/virtual-plant.ts";

const THREE_BOARDS = "s21-pro";
const ONE_BOARD = "bitaxe-gamma";
const UP_WITHIN_MS = 90_000;
const LONG_MS = 60_000;

async function hashing(options: VirtualPlantOptions): Promise<VirtualPlant> {
  const machine = new VirtualPlant({ assumptions: { sensorSpreadC: 0 }, ...options });
  void machine.startGuard();
  await machine.run(UP_WITHIN_MS, () => allHash(machine));
  expect(allHash(machine)).toBe(true);
  await machine.run(3_000);
  return machine;
}

function snapshotOf(machine: VirtualPlant) {
  const snapshot = machine.guard?.guard.snapshot();
  if (snapshot === undefined) throw new Error("there is no guard");
  return snapshot;
}

/** As the miner says, at the clock that the guard allows. */
function allHash(machine: VirtualPlant): boolean {
  if (!machine.isHashing) return false;
  const chains = machine.miner?.miner.chainReports() ?? [];
  if (!chains.every(({ phase }) => phase === "hashing")) return false;
  const { boards } = snapshotOf(machine);
  return chains.every(
    ({ frequencyMHz }, index) => Math.abs(frequencyMHz - (boards[index]?.frequencyCapMHz ?? 0)) < 7,
  );
}

const hasPower = (machine: VirtualPlant) =>
  machine.plant.state().chains.map((chain) => chain.hasPower);
const operatorEvents = (machine: VirtualPlant) =>
  machine.events.filter(({ rule }) => rule === "operator");
const clocksMHz = (machine: VirtualPlant) =>
  machine.chains.map(({ activeMHz }, index) =>
    Math.round(activeMHz / (machine.spec.chains[index]?.chain.chipCount ?? 1)),
  );

describe("a machine that is paused", () => {
  test.each([THREE_BOARDS, "s19j-pro", ONE_BOARD])(
    "%s: chips are told to stop before power goes, nothing counts as failed, and it comes back in order",
    async (id) => {
      using machine = await hashing({ machine: id });
      const boards = machine.spec.chains.length;
      const pausedAtMs = machine.nowMs;
      machine.changeSettings({ paused: true });
      await machine.run(2_000, () => !hasPower(machine).includes(true));
      expect(hasPower(machine)).toEqual(Array(boards).fill(false));
      expect(machine.nowMs - pausedAtMs).toBeLessThan(1_500);
      // Fans outlast hashing as after any power-off, and nobody takes it for a trip.
      await machine.run(20_000);
      const quieted = machine.hashingOffs.filter(({ atMs }) => atMs >= pausedAtMs);
      expect(quieted.flatMap(({ chains }) => chains).sort()).toEqual(
        machine.spec.chains.map((_, index) => index),
      );
      expect(hasPower(machine)).toEqual(Array(boards).fill(false));
      expect(machine.plant.state().isSupplyOn && machine.spec.supply !== undefined).toBe(false);
      const { paused, fans, boards: shown, miner } = snapshotOf(machine);
      expect(paused).toBe(true);
      expect(fans.targetDutyPercent).toBeGreaterThan(0);
      for (const { reason, state } of shown) {
        expect(reason).toBe("paused by the operator");
        expect(state).toBe("off");
      }
      for (const { phase, reason } of miner?.chains ?? []) {
        expect(phase).toBe("powering");
        expect(reason).toBe("paused by the operator");
      }
      expect(miner?.pools[0]).toMatchObject({ state: "off", why: "no chain asks for work" });
      const since = machine.events.filter(({ atMs }) => atMs >= pausedAtMs);
      const offs = since.filter(({ what }) => what === "power-off");
      expect(offs.map(({ rule, reason }) => `${rule}: ${reason}`)).toEqual(
        Array(boards).fill("operator: paused by the operator"),
      );
      expect(since.map(({ what }) => what)).toContain("paused");
      expect(since.filter(({ what }) => /trip|faulted|retry|no-pool/.test(what))).toEqual([]);

      const resumedAtMs = machine.nowMs;
      machine.changeSettings({ paused: false });
      await machine.run(UP_WITHIN_MS, () => allHash(machine));
      expect(allHash(machine)).toBe(true);
      const ons = machine.events.filter(
        ({ what, atMs }) => what === "power-on" && atMs >= resumedAtMs,
      );
      expect(ons.length).toBe(boards);
      await machine.run(5_000);
      const { accepted, rejected } = machine.pool.statistics();
      expect(accepted).toBeGreaterThan(0);
      expect(rejected).toBe(0);
      expect(miner?.pools[0]?.connects).toBe(1);
    },
    LONG_MS,
  );

  test(
    "stays without power after its guard or miner died",
    async () => {
      using machine = await hashing({ machine: THREE_BOARDS });
      machine.changeSettings({ paused: true });
      await machine.run(2_000);
      machine.killGuard();
      await machine.run(1_000);
      machine.killMiner();
      let powered = 0;
      await machine.run(40_000, () => {
        if (hasPower(machine).includes(true)) powered++;
        return false;
      });
      expect(powered).toBe(0);
      expect(snapshotOf(machine).boards[0]?.reason).toBe("paused by the operator");
      machine.changeSettings({ paused: false });
      await machine.run(UP_WITHIN_MS, () => allHash(machine));
      expect(allHash(machine)).toBe(true);
    },
    LONG_MS,
  );
});

describe("settings of a running machine", () => {
  test(
    "the clock goes down and up without a restart, also above what it was started with, never above the chips' bound",
    async () => {
      using machine = await hashing({ machine: THREE_BOARDS, settings: { frequencyMHz: 200 } });
      const declaredMHz = machine.spec.chains[0]?.chain.frequencyMHz ?? 0;
      const nominalMHz = machine.spec.chains[0]?.chain.chip.nominalFrequencyMHz ?? 0;
      const offsBefore = machine.hashingOffs.length;
      for (const [frequencyMHz, expectedMHz] of [
        [100, 100],
        [300, 300],
        [5_000, Math.max(declaredMHz, nominalMHz * 1.1)],
        [250, 250],
      ] as const) {
        machine.changeSettings({ frequencyMHz });
        await machine.run(20_000);
        for (const mhz of clocksMHz(machine)) expect(Math.abs(mhz - expectedMHz)).toBeLessThan(3);
        for (const { targetFrequencyMHz } of snapshotOf(machine).boards)
          expect(targetFrequencyMHz).toBeCloseTo(expectedMHz, 0);
      }
      expect(machine.hashingOffs.length).toBe(offsBefore);
      // A bring-up goes there, too.
      machine.changeSettings({ frequencyMHz: 300 });
      machine.guard?.guard.restartChain(1, "test");
      await machine.run(500);
      await machine.run(UP_WITHIN_MS, () => allHash(machine));
      expect(Math.abs((clocksMHz(machine)[1] ?? 0) - 300)).toBeLessThan(3);
      expect(machine.pool.statistics().rejected).toBe(0);
    },
    LONG_MS,
  );

  test(
    "another voltage comes with power off and on, and never while a chip hashes",
    async () => {
      for (const [id, voltageV] of [
        [THREE_BOARDS, 14.2],
        [ONE_BOARD, 1.1],
      ] as const) {
        using machine = await hashing({ machine: id });
        const volts = () => machine.plant.state().chains[0]?.voltageV ?? 0;
        const beforeV = volts();
        machine.changeSettings({ voltageV });
        let whileHashing = beforeV;
        let wasOff = false;
        await machine.run(UP_WITHIN_MS, () => {
          if (!hasPower(machine).includes(true)) wasOff = true;
          if (!wasOff && machine.isHashing) whileHashing = volts();
          return wasOff && allHash(machine);
        });
        expect(wasOff, id).toBe(true);
        expect(whileHashing, id).toBeCloseTo(beforeV, 1);
        expect(allHash(machine), id).toBe(true);
        await machine.run(3_000);
        expect(volts(), id).toBeCloseTo(voltageV, 1);
        expect(machine.events.some(({ what }) => what === "trip")).toBe(false);
      }
    },
    LONG_MS,
  );

  test(
    "fans and limits follow at once; limits above the declaration's change nothing",
    async () => {
      using machine = await hashing({ machine: ONE_BOARD });
      machine.changeSettings({ fans: { mode: "manual", dutyPercent: 73 } });
      await machine.run(2_000);
      expect(snapshotOf(machine).fans).toMatchObject({ mode: "manual", targetDutyPercent: 73 });
      const sensor = () =>
        snapshotOf(machine).boards[0]?.sensors.find(({ dangerousC }) => dangerousC !== null);
      const place = sensor()?.place as keyof NonNullable<MachineSettings["limits"]>;
      const before = sensor();
      machine.changeSettings({
        limits: { [place]: { targetC: 50, hotC: 999, dangerousC: 1_000 } },
      });
      await machine.run(1_000);
      expect(sensor()?.dangerousC).toBe(before?.dangerousC);
      expect(operatorEvents(machine).at(-1)).toMatchObject({
        what: "settings-refused",
        reason: expect.stringContaining("above the ceiling"),
      });
      const now = sensor()?.temperatureC ?? 0;
      const limits = { targetC: now - 9, hotC: now - 8, dangerousC: now - 5 };
      machine.changeSettings({ limits: { [place]: limits } });
      await machine.run(1_000);
      expect(sensor()).toMatchObject(limits);
      expect(machine.events.at(-1)).toMatchObject({ what: "trip", rule: "dangerous-temperature" });
      expect(operatorEvents(machine).map(({ what }) => what)).toEqual([
        "settings",
        "settings-refused",
        "settings",
      ]);
    },
    LONG_MS,
  );
});

describe("restarts", () => {
  test.each([THREE_BOARDS, "s19j-pro"])(
    "%s: of one chain: the others hash on, and its power or its reset shows that it was off",
    async (id) => {
      using machine = await hashing({ machine: id });
      const askedAtMs = machine.nowMs;
      machine.guard?.guard.restartChain(1, "an operator asked for it");
      let wasOff = false;
      let othersStopped = 0;
      await machine.run(UP_WITHIN_MS, () => {
        const { chains } = machine.plant.state();
        if (chains[1]?.hasPower === false || chains[1]?.isHeldInReset === true) wasOff = true;
        if ((chains[0]?.activeMHz ?? 0) === 0 || (chains[2]?.activeMHz ?? 0) === 0) othersStopped++;
        return wasOff && allHash(machine);
      });
      expect(wasOff).toBe(true);
      expect(allHash(machine)).toBe(true);
      expect(machine.nowMs - askedAtMs).toBeGreaterThan(2_000);
      expect(othersStopped).toBe(0);
      expect(operatorEvents(machine).map(({ what, where }) => `${what} ${where}`)).toEqual([
        "chain-restart chain 1",
        "power-off chain 1",
      ]);
      expect(machine.events.some(({ what }) => what === "trip")).toBe(false);
    },
    LONG_MS,
  );

  test("of a chain that does not exist: nothing happens", async () => {
    using machine = await hashing({ machine: ONE_BOARD });
    const before = machine.events.length;
    machine.guard?.guard.restartChain(7, "test");
    await machine.run(2_000);
    expect(machine.events.length).toBe(before);
    expect(allHash(machine)).toBe(true);
  });

  test(
    "of the miner: boards go off in order first, fans do not howl, and it is back at once",
    async () => {
      using machine = await hashing({ machine: THREE_BOARDS });
      const { miner } = machine;
      machine.guard?.guard.restartMiner("an operator asked for it");
      let loudest = 0;
      await machine.run(10_000, () => {
        loudest = Math.max(loudest, snapshotOf(machine).fans.targetDutyPercent);
        return machine.miner !== undefined && machine.miner !== miner;
      });
      expect(machine.miner).not.toBe(miner);
      expect(loudest).toBeLessThan(100);
      await machine.run(UP_WITHIN_MS, () => allHash(machine));
      expect(allHash(machine)).toBe(true);
      expect(snapshotOf(machine).minerProcess).toMatchObject({
        state: "running",
        restarts: 1,
        reason: "an operator asked for it",
      });
      expect(machine.events.filter(({ what }) => what === "trip")).toEqual([]);
      expect(machine.pool.statistics().rejected).toBe(0);
    },
    LONG_MS,
  );

  test(
    "of a miner that does not react: it is killed",
    async () => {
      using machine = await hashing({ machine: ONE_BOARD });
      const { miner } = machine;
      miner?.process.freeze();
      machine.guard?.guard.restartMiner("test");
      await machine.run(8_000, () => machine.miner !== undefined && machine.miner !== miner);
      expect(machine.miner).not.toBe(miner);
      await machine.run(UP_WITHIN_MS, () => allHash(machine));
      expect(allHash(machine)).toBe(true);
    },
    LONG_MS,
  );
});

test("a machine that is looked for tells so, with or without lamps", async () => {
  using machine = await hashing({ machine: ONE_BOARD });
  const identifying = () => snapshotOf(machine).identifying;
  machine.guard?.guard.identify(5);
  expect(identifying()).toBe(true);
  await machine.run(5_100);
  expect(identifying()).toBe(false);
  machine.guard?.guard.identify(60);
  machine.guard?.guard.identify(0);
  expect(identifying()).toBe(false);
  expect(operatorEvents(machine).map(({ action }) => action)).toEqual([
    "the lamp blinks for 5 s",
    "the lamp blinks for 60 s",
    "the lamp blinks no more",
  ]);
});

test(
  "without any pool no board has power, at the start and after the last one was removed; it mines when there is one",
  async () => {
    using machine = new VirtualPlant({ machine: THREE_BOARDS });
    const { pools } = machine;
    machine.changePools([]);
    void machine.startGuard();
    await machine.run(10_000);
    expect(hasPower(machine)).toEqual([false, false, false]);
    const { miner } = snapshotOf(machine);
    expect(miner?.pool).toMatchObject({ name: "none", why: "no pool is configured" });
    expect(miner?.chains.map(({ phase, reason }) => `${phase}: ${reason}`)).toEqual(
      Array(3).fill("off: no pool is configured"),
    );
    machine.changePools(pools);
    await machine.run(UP_WITHIN_MS, () => allHash(machine));
    expect(allHash(machine)).toBe(true);
    machine.changePools([]);
    await machine.run(3_000);
    expect(hasPower(machine)).toEqual([false, false, false]);
    machine.changePools(pools);
    await machine.run(UP_WITHIN_MS, () => allHash(machine));
    expect(allHash(machine)).toBe(true);
    expect(machine.events.filter(({ what }) => /trip|faulted|retry/.test(what))).toEqual([]);
    // A miner that starts anew knows the list of now.
    machine.changePools([]);
    machine.killMiner();
    await machine.run(10_000);
    expect(snapshotOf(machine).miner?.pools).toEqual([]);
    expect(hasPower(machine)).toEqual([false, false, false]);
  },
  LONG_MS,
);

test(
  "a machine that goes down: its watchdog ends with its power, since it may be flashed while its fans run on",
  async () => {
    using machine = await hashing({ machine: THREE_BOARDS, fanOutlastMs: 90_000 });
    expect(machine.plant.state().isWatchdogRunning).toBe(true);
    let isOff: boolean | undefined;
    void machine.guard?.guard.stop().then((end) => {
      isOff = end;
    });
    await machine.run(5_000);
    expect(hasPower(machine)).toEqual([false, false, false]);
    expect(machine.plant.state().isWatchdogRunning).toBe(false);
    expect(snapshotOf(machine).fans.targetDutyPercent).toBeGreaterThan(0);
    expect(isOff).toBe(undefined);
    await machine.run(95_000);
    expect(isOff).toBe(true);
  },
  LONG_MS,
);
