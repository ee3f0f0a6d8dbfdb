import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { ConfigView, DeviceFacts, GuardView } from "../../src/api/operator-link.ts";
import { clauses } from "../../src/api/sentence.ts";
import { type Status, statusSchema } from "../../src/api/status.ts";
import type { BoardSnapshot, MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import type { ChainSnapshot, PoolSnapshot } from "../../src/telemetry/snapshot.ts";
import { operatedDevice, recordedMachine, sampleConfig } from "../support/operated-device.ts";

async function statusOf(
  machine: MachineSnapshot | null,
  {
    lastWordAgoS = 0,
    config = sampleConfig(),
    facts = {},
    guard = {},
  }: {
    lastWordAgoS?: number;
    config?: ConfigView;
    facts?: Partial<DeviceFacts>;
    guard?: Partial<GuardView>;
  } = {},
) {
  const clock = new VirtualClock();
  const { device, tellMachine } = operatedDevice({ clock, config, facts });
  tellMachine(machine, machine === null ? null : lastWordAgoS, guard);
  await clock.advance(1);
  const status = device.status();
  expect([...Value.Errors(statusSchema, status)]).toEqual([]);
  return status;
}

interface Changes {
  readonly boards?: Partial<BoardSnapshot>;
  readonly chains?: Partial<ChainSnapshot>;
  readonly pools?: Partial<PoolSnapshot>;
  readonly machine?: Partial<MachineSnapshot>;
}

/** The recorded machine with all boards, chains or pools changed in the same way. */
function changed({ boards = {}, chains = {}, pools = {}, machine = {} }: Changes): MachineSnapshot {
  const recorded = recordedMachine();
  const { miner } = recorded;
  if (miner === null) throw new Error("the recorded machine has a miner");
  return {
    ...recorded,
    boards: recorded.boards.map((board) => ({ ...board, ...boards })),
    miner: {
      ...miner,
      chains: miner.chains.map((chain) => ({ ...chain, ...chains })),
      pools: miner.pools.map((pool) => ({ ...pool, ...pools })),
    },
    ...machine,
  };
}

/** As a machine is on its first day. */
function withoutPools(): ConfigView {
  const { pools: _, ...effective } = sampleConfig().effective as Record<string, unknown>;
  return { ...sampleConfig(), sparse: { version: 1 }, effective };
}

describe("one sentence of truth", () => {
  test("about a machine that mines", async () => {
    const { summary } = await statusOf(recordedMachine());
    expect(summary.state).toBe("mining");
    expect(summary.sentence).toMatch(
      /^Mining \d[\d.]* MH\/s on home over encrypted SV2; fans \d+ % because .+\.$/,
    );
  });

  test.each([
    ["before the guard has told anything", null, {}, "starting", /^Starting: waiting/],
    [
      "when the guard has been silent",
      recordedMachine(),
      { lastWordAgoS: 42 },
      "lost",
      /^The guard has not answered for 42 s; nothing here is fresh\.$/,
    ],
    [
      "paused",
      changed({
        boards: { power: "off", state: "off" },
        chains: { phase: "powering" },
        machine: { paused: true },
      }),
      { config: sampleConfig({ paused: true }) },
      "paused",
      /^Paused by the operator\.$/,
    ],
    [
      "that is to pause, as long as boards have power",
      changed({ chains: { phase: "powering" }, machine: { paused: true } }),
      { config: sampleConfig({ paused: true }) },
      "paused",
      /^Pausing: 3 of 3 boards still have power\.$/,
    ],
    [
      "whose guard died and waits for its restart",
      recordedMachine(),
      { guard: { state: "stopped", restarts: 1 }, lastWordAgoS: 1 },
      "lost",
      /^The guard died and is started again; nothing here is fresh\.$/,
    ],
    [
      "whose guard has ended",
      recordedMachine(),
      { guard: { state: "stopped" } },
      "stopped",
      /^Stopped\.$/,
    ],
    [
      "that the guard will not drive",
      null,
      { guard: { state: "stopped", reason: "another asicd drives it" } },
      "stopped",
      /^Stopped: another asicd drives it; one thing needs you\.$/,
    ],
    [
      "without any pool",
      changed({
        boards: { power: "off", state: "off", reason: "the miner wants no power" },
        chains: { phase: "off" },
      }),
      { config: withoutPools() },
      "no-pool",
      /^No pool is set\.$/,
    ],
    [
      "that protection keeps off, and has no pool either",
      changed({
        boards: { power: "off", state: "latched", reason: "2 of 4 fans turn" },
        chains: { phase: "off" },
      }),
      { config: withoutPools() },
      "protected",
      /^Nothing hashes: 2 of 4 fans turn/,
    ],
    [
      "with power, and a miner that uses it for nothing",
      changed({ boards: { power: "on", state: "on", reason: null }, chains: { phase: "stopped" } }),
      {},
      "protected",
      /^Nothing hashes, and 3 of 3 boards have power: the miner stopped its chains; fans/,
    ],
    [
      "with power, and a silent miner",
      changed({
        boards: { power: "on", state: "on", reason: null },
        machine: {
          miner: null,
          minerProcess: { state: "silent", pid: 1, restarts: 0, reason: "no sign of life" },
        },
      }),
      {},
      "starting",
      /^Starting: waiting for the miner, which is silent while 3 of 3 boards have power; fans/,
    ],
    [
      "without work",
      changed({
        chains: { phase: "idle" },
        pools: { state: "down", reason: "connection refused" },
      }),
      {},
      "no-pool",
      /^No pool gives work: connection refused/,
    ],
    [
      "with every board latched",
      changed({
        boards: { power: "off", state: "latched", reason: "chip at 101 °C, 95 °C is dangerous" },
        chains: { phase: "powering" },
      }),
      {},
      "protected",
      /^Nothing hashes: chip at 101 °C, 95 °C is dangerous; .*3 things need you\.$/,
    ],
  ] as const)("%s", async (_, machine, options, state, sentence) => {
    const { summary } = await statusOf(machine, options);
    expect(summary.state).toBe(state);
    expect(summary.sentence).toMatch(sentence);
  });

  test("its parts are clauses that other languages can have", async () => {
    const { summary } = await statusOf(recordedMachine());
    for (const { code } of summary.parts) expect(Object.keys(clauses)).toContain(code);
  });
});

describe("what is not known is not shown as if it were", () => {
  test("a sensor without a reading has its reason, and since when", async () => {
    const machine = changed({
      boards: {
        sensors: [
          {
            name: "board 0 inlet",
            place: "board",
            temperatureC: null,
            reason: "no answer",
            targetC: 60,
            hotC: 70,
            dangerousC: 80,
          },
        ],
      },
    });
    const { boards, temperature, problems } = await statusOf(machine);
    expect(boards[0]?.sensors[0]).toMatchObject({ temperatureC: null, reason: "no answer" });
    expect(boards[0]?.sensors[0]?.unknownSinceUnixSeconds).toBeTypeOf("number");
    expect(temperature).toEqual({ hottestC: null, where: null });
    expect(problems).toContainEqual(expect.objectContaining({ code: "sensor-unknown" }));
  });

  test("fans of a guard that has been silent turn at an unknown speed", async () => {
    const { fans } = await statusOf(recordedMachine(), { lastWordAgoS: 60 });
    expect(fans.fans.length).toBeGreaterThan(0);
    for (const { rpm } of fans.fans) expect(rpm).toBeNull();
  });

  test("power that nothing measures is null, or the declared one and marked so", async () => {
    const dark = changed({ boards: { supplyPowerW: null } });
    expect((await statusOf(dark)).power).toMatchObject({ powerW: null, powerSource: null });
    const declared = await statusOf(dark, { facts: { declaredPowerW: 3_050 } });
    expect(declared.power).toMatchObject({ powerW: 3_050, powerSource: "declared" });
  });

  test("measured power of all boards makes the efficiency of the real machine", async () => {
    const { power, hashrate, device } = await statusOf(
      changed({ boards: { supplyPowerW: 1_000 } }),
    );
    expect(power).toMatchObject({ powerW: 3_000, powerSource: "measured" });
    const th = (hashrate.hashrateHps.m5 * device.scale) / 1e12;
    expect(power.efficiencyJPerTh).toBeCloseTo(3_000 / th, 6);
  });
});

describe("pools", () => {
  test("are the operator's, in that order, also those that are switched off", async () => {
    const config = sampleConfig();
    const { pools } = config.sparse as { pools: Record<string, unknown>[] };
    const withThird = sampleConfig({
      pools: [
        ...pools,
        { name: "third", url: "stratum+tcp://10.0.0.9:3333", user: "a", enabled: false },
      ],
    });
    const status = await statusOf(recordedMachine(), { config: withThird });
    expect(status.pools.map(({ name, state, enabled }) => [name, state, enabled])).toEqual([
      ["home", "active", true],
      ["away", "standby", true],
      ["third", "off", false],
    ]);
    expect(status.pools[2]?.why).toBe("switched off by the operator");
    expect(status.pools[0]?.authorityKey).toMatch(/^9auq/);
  });

  test("never show a password", async () => {
    expect(JSON.stringify(await statusOf(recordedMachine()))).not.toContain(
      "planted-pool-password",
    );
  });

  test("sums over pools are exact", async () => {
    const machine = changed({});
    const { shares, pools } = await statusOf(machine);
    expect(shares.total.acceptedDifficulty).toBe(pools[0]?.total?.acceptedDifficulty);
  });
});

describe("a problem", () => {
  const codes = ({ problems }: Status) => problems.map(({ code, severity }) => [code, severity]);

  test("is a machine without pools", async () => {
    const status = await statusOf(recordedMachine(), { config: withoutPools() });
    expect(codes(status)).toContainEqual(["no-pools", "warning"]);
    expect(codes(await statusOf(recordedMachine())).flat()).not.toContain("no-pools");
  });

  test("is a guard that died, before its last word is old", async () => {
    const status = await statusOf(recordedMachine(), {
      lastWordAgoS: 1,
      guard: { state: "stopped", restarts: 2 },
    });
    expect(status.problems).toContainEqual(
      expect.objectContaining({ code: "guard-silent", severity: "error" }),
    );
    for (const { rpm } of status.fans.fans) expect(rpm).toBeNull();
  });

  test("is a low rate of boards that have hashed for a quarter of an hour, not of those after a pause", async () => {
    const clock = new VirtualClock();
    const { device, tellMachine } = operatedDevice({ clock });
    const tellFor = async (seconds: number, machine: MachineSnapshot) => {
      for (let i = 0; i < seconds; i += 5) {
        tellMachine(machine);
        await clock.advance(5_000);
      }
      tellMachine(machine);
      await clock.advance(1);
    };
    const slow = changed({
      chains: { hashrateWindowsHps: { s5: 1e6, m1: 1e6, m5: 5e5, m15: 2e5, h24: 1e6 } },
    });
    if (slow.miner === null) throw new Error("there is a miner");
    const slowFor = (uptimeS: number) => ({ ...slow, miner: { ...slow.miner, uptimeS } as never });
    const isTold = () => device.status().problems.some(({ code }) => code === "low-hashrate");
    await tellFor(890, slowFor(9_000));
    expect(isTold()).toBe(false);
    await tellFor(20, slowFor(9_900));
    expect(isTold()).toBe(true);
    await tellFor(
      60,
      changed({ boards: { power: "off", state: "off" }, chains: { phase: "powering" } }),
    );
    expect(isTold()).toBe(false);
    await tellFor(720, slowFor(11_000));
    expect(isTold()).toBe(false);
    await tellFor(200, slowFor(12_000));
    expect(isTold()).toBe(true);
  });
});

describe("times", () => {
  test("of how long things have been so know nothing of a wall clock that is set", async () => {
    const clock = new VirtualClock({ unixSeconds: 100 });
    const { device, tellMachine } = operatedDevice({ clock, facts: { upBeforeS: 50 } });
    const dark = changed({
      boards: {
        sensors: [
          {
            name: "inlet",
            place: "board",
            temperatureC: null,
            reason: "no answer",
            targetC: 60,
            hotC: 70,
            dangerousC: 80,
          },
        ],
      },
      pools: { stateSinceS: 30 },
    });
    tellMachine(dark);
    await clock.advance(10_000);
    clock.shiftWallClock(1_800_000_000);
    tellMachine(dark);
    await clock.advance(1);
    const status = device.status();
    expect(status.device.uptimeS).toBeCloseTo(60, 1);
    expect(status.unixSeconds).toBe(1_800_000_110);
    expect(status.boards[0]?.sensors[0]?.unknownSinceUnixSeconds).toBe(1_800_000_100);
    expect(status.pools[0]?.stateSinceUnixSeconds).toBe(1_800_000_080);
  });

  test("go on while nobody tells anything, also when the wall clock is set back", async () => {
    const clock = new VirtualClock();
    const { device, tellMachine } = operatedDevice({ clock });
    tellMachine(recordedMachine());
    await clock.advance(1_000);
    clock.shiftWallClock(-86_400);
    await clock.advance(20_000);
    expect(device.status().summary.state).toBe("lost");
    expect(device.status().processes.guard.lastWordAgoS).toBeGreaterThan(18);
  });
});

test("a change that waits for a restart is told", async () => {
  const config = { ...sampleConfig(), waitsForRestart: ["paths.stateDir"] };
  const { problems } = await statusOf(recordedMachine(), { config });
  expect(problems).toContainEqual(
    expect.objectContaining({ code: "restart-needed", text: "Restart asicd for: paths.stateDir" }),
  );
});
