/** What the operator's words become at the guard, without a machine around it; and the lamps. */
import { describe, expect, test } from "vitest";
import { machineById } from "../../../boards/machines.ts";
import type { BoardHardware } from "../../../firmware/guard/board-hardware.ts";
import type { MachineSettings } from "../../../firmware/guard/guard-setup.ts";
import { blinkAt, openLamps } from "../../../firmware/guard/lamps.ts";
import { OperatorDesk } from "../../../firmware/guard/operator-desk.ts";
import { settingsChanges } from "../../../firmware/guard/settings-change.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { UntimedEvent } from "../../../src/telemetry/event.ts";

const plain: MachineSettings = { fans: { mode: "auto" }, paused: false };

function desk(settings: MachineSettings = plain) {
  const spec = machineById("s21-pro");
  if (spec === undefined) throw new Error("no such machine");
  const told: UntimedEvent[] = [];
  const boards = spec.chains.map((chain, index) => ({
    ...{ index, where: `chain ${index}`, state: "on", spec: chain },
  })) as unknown as BoardHardware[];
  const operator = new OperatorDesk(
    { spec, boards, supply: undefined },
    { settings, simulated: true },
    (event) => told.push(event),
  );
  return { operator, boards, told };
}

describe("a machine that is looked for", () => {
  test("blinks for as long as asked and at most ten minutes", () => {
    const { operator } = desk();
    operator.identify(100_000, 0);
    expect(operator.isIdentifying(599_999)).toBe(true);
    expect(operator.isIdentifying(600_000)).toBe(false);
    for (const nonsense of [Number.NaN, -5, Number.NEGATIVE_INFINITY]) {
      operator.identify(nonsense, 0);
      expect(operator.isIdentifying(0)).toBe(false);
    }
  });

  test("shows green and red in turns, whatever it would show otherwise, and goes back to that", async () => {
    const lit = new Map<string, boolean>();
    const lamps = await openLamps(
      {
        leds: ["red LED", "green LED"].map((label) => ({
          ...{ at: "control-board", label, line: { label } },
        })) as never,
      },
      {
        openOutput: async ({ label }) => ({
          label,
          set: async (active) => void lit.set(label, active),
          [Symbol.asyncDispose]: async () => {},
        }),
      },
      silentLog,
    );
    const shown = () => [lit.get("green LED"), lit.get("red LED")];
    lamps.show({ isHashing: true, isTripped: false, blink: null });
    expect(shown()).toEqual([true, false]);
    lamps.show({ isHashing: true, isTripped: false, blink: blinkAt(600) });
    expect(shown()).toEqual([false, true]);
    lamps.show({ isHashing: true, isTripped: false, blink: blinkAt(1_100) });
    expect(shown()).toEqual([true, false]);
    lamps.show({ isHashing: false, isTripped: true, blink: null });
    expect(shown()).toEqual([false, true]);
  });
});

describe("a board that is restarted", () => {
  test("goes without power until it has been off for two seconds", () => {
    const { operator, boards, told } = desk();
    const board = boards[1] as BoardHardware;
    expect(operator.restartChain(1, "it looks stuck", false)).toBe(true);
    operator.tick(60_000);
    expect(operator.withheld(1)).toBe("restarted by the operator: it looks stuck");
    expect(operator.withheld(0)).toBeNull();
    board.state = "off";
    operator.tick(61_000);
    operator.tick(62_900);
    expect(operator.withheld(1)).not.toBeNull();
    operator.tick(63_000);
    expect(operator.withheld(1)).toBeNull();
    expect(told).toEqual([expect.objectContaining({ what: "chain-restart", rule: "operator" })]);
  });

  test("has to be cleared first where it is latched, and has to exist", () => {
    const { operator, told } = desk();
    expect(operator.restartChain(1, "test", true)).toBe(false);
    expect(operator.withheld(1)).toBeNull();
    expect(told[0]?.action).toContain("clear");
    expect(operator.restartChain(9, "test", false)).toBe(false);
    expect(told.length).toBe(1);
  });
});

describe("settings", () => {
  test("that change nothing are told nobody", () => {
    const { operator, told } = desk();
    operator.change({ ...plain });
    expect(told).toEqual([]);
  });

  test("are told in words", () => {
    const after: MachineSettings = {
      ...{ paused: true, frequencyMHz: 400, voltageV: 13.5 },
      fans: { mode: "manual", dutyPercent: 60 },
      limits: { board: { targetC: 50, hotC: 60, dangerousC: 70 } },
    };
    expect(settingsChanges(plain, after)).toEqual([
      "fans: auto → manual 60 %",
      "frequency: as declared → 400 MHz",
      "voltage: as declared → 13.5 V",
      "temperature limits: as declared → board 50/60/70 °C",
    ]);
  });

  test("never lift the clock above a tenth over the chips' usual one", () => {
    const { operator, boards } = desk({ ...plain, frequencyMHz: 9_999 });
    const { chain } = (boards[0] as BoardHardware).spec;
    const mostMHz = Math.max(chain.frequencyMHz, chain.chip.nominalFrequencyMHz * 1.1);
    expect(operator.targetMHz(boards[0] as BoardHardware)).toBeCloseTo(mostMHz, 1);
  });
});
