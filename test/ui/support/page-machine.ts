/** The built page behind the real server and a real device, whose settings are really kept; only guard and miner are a recording. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import type { Device, HistoryReader } from "../../../src/api/device.ts";
import type { MachineSnapshot } from "../../../src/telemetry/machine-snapshot.ts";
import type { MinerSnapshot } from "../../../src/telemetry/snapshot.ts";
import { machineWithSettings } from "../../compat/machine-with-settings.ts";
import { madeUpHistory } from "./made-up-history.ts";
import { servePage } from "./page-server.ts";
import type { TestedMachine } from "./tested-machine.ts";

/** `root`: of the repository, with the page built in `uiFolder`. */
export async function pageMachine(root: string, uiFolder: string): Promise<TestedMachine> {
  const clock = new SystemClock();
  const recorded = JSON.parse(
    readFileSync(join(root, "test/vectors/machine-snapshot.json"), "utf8"),
  ) as MachineSnapshot;
  const calm = withPast(recorded, clock.unixSeconds());
  const machine = await machineWithSettings({ clock, machine: calm });
  let isPaused = false;
  machine.device.onStatus(({ paused }) => {
    if (paused === isPaused) return;
    isPaused = paused;
    machine.tell(paused ? atRest(calm) : calm);
  });
  const device = withHistory(machine.device, madeUpHistory);
  const server = await servePage({ machine, device, uiFolder, clock });
  return {
    url: server.url,
    poolUrl: `stratum2+tcp://127.0.0.1:34254/${POOL_KEY}`,
    restarting: (act) => act(),
    overheat: async () => machine.tell(tooHot(calm, clock.unixSeconds(), "resting")),
    latch: async () => machine.tell(tooHot(calm, clock.unixSeconds(), "latched")),
    goAway: () => server.goAway(),
    comeBack: () => server.comeBack(),
    async [Symbol.asyncDispose]() {
      await server.goAway();
      await machine[Symbol.asyncDispose]();
    },
  };
}

/** It is a recording: what it tells as past is moved to before now. */
function withPast(machine: MachineSnapshot, now: number): MachineSnapshot {
  const last = machine.events.at(-1)?.time ?? now;
  const events = machine.events.map((event) => ({ ...event, time: event.time - last + now - 900 }));
  return { ...machine, events, miner: machine.miner && withHealth(machine.miner) };
}

/** Long enough for chips to be judged, and not all of them well. */
function withHealth(miner: MinerSnapshot): MinerSnapshot {
  const chains = miner.chains.map((chain) => {
    const expected = chain.nominalHps / chain.chipsFound;
    return {
      ...chain,
      belowShareTarget: 40_000,
      hardwareErrors: 12,
      chipHashrateWindowsHps: chain.chipHashrateWindowsHps.map((rates, chip) => ({
        ...rates,
        m15: expected * (ODD_CHIPS[chain.index]?.[chip] ?? 0.95 + ((chip * 7) % 11) / 100),
      })),
    };
  });
  return { ...miner, chains };
}

const ODD_CHIPS: readonly Readonly<Record<number, number>>[] = [
  { 17: 0.72, 44: 0.81 },
  { 3: 0.4, 90: 0, 91: 0.66 },
  {},
];

function atRest(machine: MachineSnapshot): MachineSnapshot {
  const boards = machine.boards.map((board) => ({ ...board, power: "off" as const }));
  if (machine.miner === null) return { ...machine, boards };
  const chains = machine.miner.chains.map((chain) => ({ ...chain, phase: "off" as const }));
  return { ...machine, boards, miner: { ...machine.miner, chains } };
}

const HOT_C = 71.4;

function tooHot(
  machine: MachineSnapshot,
  now: number,
  state: "resting" | "latched",
): MachineSnapshot {
  const reason = `board 1 is at ${HOT_C} °C, 70 °C is dangerous`;
  const boards = machine.boards.map((board) =>
    board.index !== 1
      ? board
      : {
          ...board,
          state,
          power: "off" as const,
          reason,
          sensors: board.sensors.map((sensor) => ({ ...sensor, temperatureC: HOT_C })),
        },
  );
  const event = {
    time: now,
    uptimeS: machine.uptimeS,
    what: "trip",
    where: "chain 1",
    rule: "dangerous-temperature",
    measured: HOT_C,
    limit: 70,
    action: "power off",
    reason,
  };
  return { ...machine, boards, events: [...machine.events, event] };
}

const POOL_KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";

function withHistory(device: Device, history: HistoryReader): Device {
  return {
    status: () => device.status(),
    onStatus: (listener) => device.onStatus(listener),
    chips: (board) => device.chips(board),
    events: (query) => device.events(query),
    onEvent: (listener) => device.onEvent(listener),
    act: (action, actor) => device.act(action, actor),
    audit: (actor, what, text) => device.audit(actor, what, text),
    config: device.config,
    history,
    updates: device.updates,
  };
}
