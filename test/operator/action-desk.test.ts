import { describe, expect, test } from "vitest";
import { ActionDesk } from "../../firmware/operator/action-desk.ts";
import type { Action, ConfigChange, ConfigResult } from "../../src/api/device.ts";
import type { MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { recordedMachine } from "../support/operated-device.ts";

const actor = { name: "somebody", scope: "admin" } as const;

/** The desk between a machine that only writes down what it is told and settings that take everything. */
function desk(machine: MachineSnapshot = recordedMachine(), saved?: ConfigResult) {
  const told: unknown[] = [];
  const applied: ConfigResult = { is: "applied", differences: [], confirmByUnixSeconds: null };
  const parts = {
    supervisor: {
      machine,
      clear: (chain: number | null) => void told.push(["clear", chain]),
      restartChain: (chain: number, reason: string) => void told.push(["restart", chain, reason]),
      restartMiner: (reason: string) => void told.push(["restart-miner", reason]),
      identify: (seconds: number) => void told.push(["identify", seconds]),
    },
    settings: {
      sparse: () => ({ version: 1, pools: ["a", "b"] }),
      apply: (changes: readonly ConfigChange[]): Promise<ConfigResult> => {
        told.push(["apply", changes]);
        return Promise.resolve(saved ?? applied);
      },
      replace: (config: unknown) => {
        told.push(["replace", config]);
        return Promise.resolve(applied);
      },
      hold: (changes: readonly ConfigChange[]) => {
        told.push(["hold", changes]);
        return Promise.resolve(applied);
      },
      reset: (config: unknown) => {
        told.push(["reset", config]);
        return Promise.resolve(applied);
      },
    },
    forget: () => void told.push(["forget"]),
    restart: (how: string) => void told.push([how]),
    factoryConfig: () => ({ version: 1 }),
  };
  return { told, act: async (action: Action) => new ActionDesk(parts).act(action, actor) };
}

function latched(reason: string): MachineSnapshot {
  const machine = recordedMachine();
  return {
    ...machine,
    boards: machine.boards.map((board) =>
      board.index === 1 ? { ...board, state: "latched", reason } : board,
    ),
  };
}

describe("each action becomes what guard and settings understand", () => {
  test.each<[Action, unknown]>([
    [{ do: "pause" }, ["apply", [{ path: "paused", value: true }]]],
    [{ do: "resume" }, ["apply", [{ path: "paused", value: false }]]],
    [{ do: "restart-chain", chain: 2 }, ["restart", 2, "somebody asked for it"]],
    [{ do: "restart-miner" }, ["restart-miner", "somebody asked for it"]],
    [{ do: "restart" }, ["restart"]],
    [{ do: "reboot" }, ["reboot"]],
    [{ do: "identify", seconds: 60 }, ["identify", 60]],
    [{ do: "switch-pool", pool: 1 }, ["replace", { version: 1, pools: ["b", "a"] }]],
  ])("%j", async (action, expected) => {
    const { act, told } = desk();
    expect((await act(action)).is).not.toBe("refused");
    expect(told).toEqual([expected]);
  });

  test("a factory reset forgets the settings and starts again", async () => {
    const { act, told } = desk();
    await act({ do: "factory-reset" });
    expect(told).toEqual([["reset", { version: 1 }], ["forget"], ["restart"]]);
  });
});

describe("what makes no sense is refused, and nothing is done", () => {
  test.each<[Action, string]>([
    [{ do: "restart-chain", chain: 3 }, "there is no board 3; allowed: 0 to 2"],
    [{ do: "restart-chain", chain: 0.5 }, "there is no board 0.5; allowed: 0 to 2"],
    [{ do: "identify", seconds: 601 }, "seconds: 601; allowed: 0 to 600"],
    [{ do: "identify", seconds: Number.NaN }, "seconds: NaN; allowed: 0 to 600"],
    [{ do: "switch-pool", pool: 2 }, "there is no pool 2; allowed: 0 to 1"],
    [{ do: "clear-trip", chain: 1 }, "no board waits to be cleared"],
    [{ do: "clear-trip", chain: 7 }, "there is no board 7; allowed: 0 to 2"],
  ])("%j", async (action, text) => {
    const { act, told } = desk();
    expect(await act(action)).toMatchObject({ is: "refused", text });
    expect(told).toEqual([]);
  });
});

describe("a latched board", () => {
  test("is cleared by whoever names the reason that they have read", async () => {
    const { act, told } = desk(latched("chip at 101 °C"));
    expect(await act({ do: "clear-trip", chain: 1, reason: "chip at 101 °C" })).toMatchObject({
      is: "accepted",
    });
    expect(told).toEqual([["clear", 1]]);
  });

  test("is not cleared for a reason that it no longer has", async () => {
    const { act, told } = desk(latched("fans stand still"));
    expect(await act({ do: "clear-trip", chain: null, reason: "chip at 101 °C" })).toMatchObject({
      is: "refused",
      code: "reason-changed",
      text: "board 1 is off because: fans stand still",
    });
    expect(told).toEqual([]);
  });
});

test("a board is not cleared by somebody who has not read why", async () => {
  const { act, told } = desk(latched("fans stand still"));
  expect(await act({ do: "clear-trip", chain: 1 })).toMatchObject({ code: "reason-needed" });
  expect(told).toEqual([]);
});

test("a machine that should stop stops, although the disk does not take it", async () => {
  const text = "the configuration could not be saved (ENOSPC); nothing has changed";
  const { act, told } = desk(recordedMachine(), { is: "refused", code: "not-saved", text });
  expect(await act({ do: "pause" })).toMatchObject({
    is: "done",
    text: expect.stringContaining("not kept over a restart"),
  });
  expect(told.at(-1)).toEqual(["hold", [{ path: "paused", value: true }]]);
});
