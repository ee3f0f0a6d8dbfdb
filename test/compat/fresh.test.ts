/** What other people's tools are shown of a machine that does not answer, has no pool, or is too hot. */
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { Persona, Status } from "../../src/api/status.ts";
import { systemInfo } from "../../src/compat/axeos/info.ts";
import { answerRequest } from "../../src/compat/cgminer/answer.ts";
import { ZeroMark } from "../../src/compat/cgminer/zero.ts";
import { toJson } from "../../src/compat/numerals.ts";
import { newBoardMemory } from "../../src/control/board-policy.ts";
import type { BoardFacts, MachineState } from "../../src/control/board-policy-types.ts";
import { tripOf } from "../../src/control/trips.ts";
import type { BoardSnapshot, MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { operatedDevice, recordedMachine, sampleConfig } from "../support/operated-device.ts";

async function deviceTold(machine: MachineSnapshot, lastWordAgoS = 0, persona: Persona = "none") {
  const clock = new VirtualClock();
  const config = sampleConfig({ compat: { persona } });
  const { device, tellMachine } = operatedDevice({ clock, config });
  tellMachine(machine, lastWordAgoS);
  await clock.advance(1);
  return device;
}

describe.each(["antminer", "none"] as const)("4028 of a lost machine (%s)", (persona) => {
  async function ask(command: string, lastWordAgoS: number) {
    const device = await deviceTold(recordedMachine(), lastWordAgoS, persona);
    const request = {
      form: "json",
      commands: [command],
      isJoined: false,
      parameter: undefined,
      newApi: false,
    } as const;
    const parts = { device, zero: new ZeroMark(), unixSeconds: 1_750_000_000 };
    return answerRequest(request, { address: "127.0.0.1", access: "read" }, parts);
  }
  /** Names and values of rates, temperatures and fans, as far as they are not 0. */
  const shown = (text: string) =>
    [
      ...text.matchAll(/"((?:[MG]HS |chain_rate|temp|Temperature|fan\d|freq)[^"]*)":"?([\d.-]+)/g),
    ].flatMap(([, key = "", value = ""]) =>
      /[1-9]/.test(value) && !/num/.test(key) ? [`${key} ${value}`] : [],
    );

  test.each(["summary", "devs", "stats", "lcd"])("%s shows nothing as live", async (command) => {
    const fresh = await ask(command, 0);
    if (command !== "stats" || persona === "antminer") expect(shown(fresh)).not.toEqual([]);
    expect(shown(await ask(command, 60))).toEqual([]);
  });

  test("devs are dead, and notify says why", async () => {
    expect(await ask("devs", 0)).toContain('"Status":"Alive"');
    expect(await ask("devs", 60)).not.toContain("Alive");
    expect(await ask("devs", 60)).toContain('"Status":"Dead"');
    expect(await ask("notify", 60)).toContain("The guard has not answered for 60 s");
  });
});

describe("AxeOS' information", () => {
  const infoOf = (status: Status) => JSON.parse(toJson(systemInfo(status)));

  test("of a lost machine has no rate, temperature, power or fan that would be read as live", async () => {
    const fresh = infoOf((await deviceTold(recordedMachine())).status());
    expect(fresh.hashRate).toBeGreaterThan(0);
    expect(fresh).toHaveProperty("temp");
    const lost = infoOf((await deviceTold(recordedMachine(), 60)).status());
    expect(lost).toMatchObject({ hashRate: 0, hashRate_1m: 0, actualFrequency: 0 });
    for (const key of ["temp", "vrTemp", "power", "fanrpm", "fan2rpm"])
      expect(lost).not.toHaveProperty(key);
  });

  const off = (board: Partial<BoardSnapshot>) => {
    const recorded = recordedMachine();
    const { miner } = recorded;
    if (miner === null) throw new Error("the recorded machine has a miner");
    const chains = miner.chains.map((chain) => ({ ...chain, phase: "off" as const }));
    return {
      ...recorded,
      miner: { ...miner, chains },
      boards: recorded.boards.map((one) => ({ ...one, power: "off" as const, ...board })),
    };
  };

  /** In the guard's own words. */
  const tripReason = (valueC: number, hotForMs = 0): string => {
    const facts: BoardFacts = {
      where: "chain 0",
      isPresent: true,
      withheld: null,
      wantsPower: true,
      supply: "on",
      supplyFault: null,
      allSensorsLost: false,
      sensors: [
        {
          name: "chip",
          place: "chip",
          limits: { targetC: 70, hotC: 85, dangerousC: 95, ceilingC: 95, source: "a test" },
          reading: { is: "known", valueC, ageMs: 0 },
        },
      ],
      targetMHz: 400,
      frequencyMHz: 400,
    };
    const machine: MachineState = {
      isStopping: false,
      miner: { silentMs: 0 },
      fans: { required: 0, turning: 0, areProven: true, tooFewForMs: 0 },
      supplyFault: null,
    };
    const memory = { ...newBoardMemory(), hotSinceMs: -hotForMs, capMHz: 1 };
    const trip = tripOf(memory, facts, machine, 0);
    if (trip === undefined) throw new Error("no trip");
    return trip.reason;
  };

  test.each([
    ["dangerous heat", tripReason(101)],
    ["heat at the lowest clock", tripReason(90, 70_000)],
    ["heat for the second time", `${tripReason(101)}; the second time within 300 s`],
  ])("says overheated after %s, also when it is cool again", async (_, reason) => {
    for (const state of ["latched", "resting"] as const) {
      const status = (await deviceTold(off({ state, reason }))).status();
      expect(infoOf(status)).toMatchObject({ overheat_mode: 1 });
    }
  });

  test.each([
    ["off", "the miner wants no power"],
    ["latched", "2 of 4 fans have been turning for 9 s"],
    ["resting", "the miner has given no sign of life for 1.6 s; board 0 is still at 60.0 °C"],
  ] as const)("does not when a board is %s because %s", async (state, reason) => {
    const status = (await deviceTold(off({ state, reason }))).status();
    expect(status.summary.state).toBe("protected");
    expect(infoOf(status)).toMatchObject({ overheat_mode: 0 });
  });
});
