import { expect, test } from "vitest";
import type { MachineChainSpec } from "../../../boards/machine-spec.ts";
import { machineById } from "../../../boards/machines.ts";
import { BoardHardware, type BoardParts } from "../../../firmware/guard/board-hardware.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { OutputLine } from "../../../src/ports/lines.ts";
import type { BoardSupply, SupplyReadings } from "../../../src/ports/peripherals.ts";

const nothing: SupplyReadings = {
  inputV: null,
  outputV: null,
  currentA: null,
  powerW: null,
  temperatureC: null,
  faults: [],
};

/** A supply whose "on" waits its turn on the bus, and whose "off" does not. */
class SlowSupply implements BoardSupply {
  isOn = false;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async prepare(): Promise<void> {}

  async turnOn(): Promise<void> {
    await this.#clock.sleep(400);
    this.isOn = true;
  }

  async turnOff(): Promise<void> {
    this.isOn = false;
  }

  async read(): Promise<SupplyReadings> {
    return nothing;
  }
}

function line(): OutputLine & { active: boolean } {
  return {
    label: "line",
    active: true,
    async set(active) {
      this.active = active;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** A sensor that fails after so long, whatever is asked of it. */
function failingSensor(clock: VirtualClock, failsAfterMs: number) {
  const [spec] = machineById("bitaxe-gamma")?.chains[0]?.sensors ?? [];
  if (spec === undefined) throw new Error("no sensor is declared");
  let reads = 0;
  return {
    spec,
    sensor: {
      async readC(): Promise<number> {
        reads++;
        await clock.sleep(failsAfterMs);
        throw new Error("no answer");
      },
    },
    get reads() {
      return reads;
    },
  };
}

function boardOn(clock: VirtualClock, sensors: BoardParts["sensors"] = []) {
  const supply = new SlowSupply(clock);
  const reset = line();
  const spec = machineById("bitaxe-gamma")?.chains[0] as MachineChainSpec;
  const board = new BoardHardware(
    {
      spec,
      index: 0,
      reset,
      enable: undefined,
      plugDetect: undefined,
      sensors,
      supply,
      machineSupply: undefined,
    },
    clock,
  );
  return { board, supply, reset };
}

const VOLTAGE = { startV: 1.15, workingV: 1.15 };

test("a board gets power, and its chips leave reset afterwards", async () => {
  const clock = new VirtualClock();
  const { board, supply, reset } = boardOn(clock);
  const turning = board.powerOn(VOLTAGE);
  await clock.advance(600);
  expect([supply.isOn, reset.active]).toEqual([true, true]);
  await clock.advance(1_000);
  await turning;
  expect([board.state, board.grant, reset.active]).toEqual(["on", 1, false]);
});

test.each([0, 1, 200, 399, 400, 700, 1_000])(
  "an off that comes %i ms after an on wins, although it overtakes it on the bus",
  async (afterMs) => {
    const clock = new VirtualClock();
    const { board, supply, reset } = boardOn(clock);
    const turning = board.powerOn(VOLTAGE).catch(() => {});
    await clock.advance(afterMs);
    const off = board.powerOff();
    await clock.advance(3_000);
    await Promise.all([turning, off]);
    expect([board.state, board.grant, supply.isOn, reset.active]).toEqual(["off", 0, false, true]);
  },
);

test.each([
  ["refuses at once", 1, 3],
  ["times out", 100, 2],
])(
  "a sensor that %s is asked again, but not for so long that power stays on",
  async (_, failsAfterMs, reads) => {
    const clock = new VirtualClock();
    const sensor = failingSensor(clock, failsAfterMs);
    const { board } = boardOn(clock, [sensor]);
    const startMs = clock.nowMs();
    let tookMs = Number.NaN;
    const reading = board
      .readSensors(() => {})
      .then((isAnyThere) => {
        tookMs = clock.nowMs() - startMs;
        return isAnyThere;
      });
    await clock.advance(1_000);
    expect(await reading).toBe(false);
    expect(sensor.reads).toBe(reads);
    expect(tookMs).toBeLessThan(250);
  },
);
