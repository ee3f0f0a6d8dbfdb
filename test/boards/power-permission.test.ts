import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { machineById, machines } from "../../boards/machines.ts";
import { mayPower } from "../../boards/power-permission.ts";

const s21 = machineById("s21") as MachineSpec;
const gamma = machineById("bitaxe-gamma") as MachineSpec;
const CLAMP = { minV: 12, maxV: 15 };

describe("a voltage that shipping firmware has", () => {
  test("needs nobody's word", () => {
    expect(mayPower(gamma, undefined, undefined, false)).toEqual({
      allowed: true,
      startV: 1.15,
      workingV: 1.15,
      note: null,
    });
  });

  test("may be changed within what that firmware offers", () => {
    expect(mayPower(gamma, { voltageV: 1.2 }, undefined, false)).toMatchObject({
      allowed: true,
      startV: 1.2,
      workingV: 1.2,
    });
    const { reason } = refused(gamma, { voltageV: 1.3 });
    expect(reason).toBe("the operator wants 1.3 V, bitaxe-gamma takes 1 to 1.25 V");
  });
});

describe("a voltage that rests on too little", () => {
  test("is refused, and the reason says what to do", () => {
    const { reason } = refused(s21, undefined, CLAMP);
    expect(reason).toContain("name both the board and its voltage (the supply gives 12 to 15 V)");
  });

  test("is refused when only the board, or only the voltage, is named", () => {
    refused(s21, { board: "s21" }, CLAMP);
    expect(refused(s21, { voltageV: 13.5 }, CLAMP).reason).toContain("name the board too");
  });

  test("is allowed when both are named, from start to work as the operator says", () => {
    expect(mayPower(s21, { board: "s21", voltageV: 13.5 }, CLAMP, false)).toEqual({
      allowed: true,
      startV: 13.5,
      workingV: 13.5,
      note: "13.5 V on the operator's word",
    });
  });

  test("is refused outside the supply's clamp, and before that is known", () => {
    refused(s21, { board: "s21", voltageV: 15.5 }, CLAMP);
    refused(s21, { board: "s21", voltageV: 13.5 }, undefined);
  });

  test("is refused when another board was named", () => {
    expect(refused(s21, { board: "t21", voltageV: 13.5 }, CLAMP).reason).toBe(
      "the operator named t21, this is s21",
    );
  });

  test("is good enough for the simulation, which says so", () => {
    expect(mayPower(s21, undefined, CLAMP, true)).toMatchObject({
      allowed: true,
      workingV: 13.8,
      note: expect.stringContaining("assumption of the simulation"),
    });
  });
});

test("a supply that cannot give what is declared gives nothing", () => {
  const { reason } = refused(s21, undefined, { minV: 14.22, maxV: 15 }, true);
  expect(reason).toBe("s21 wants 13.8 V, the supply gives 14.22 to 15 V");
});

test("every machine may be simulated", () => {
  for (const spec of machines)
    expect(mayPower(spec, undefined, undefined, true)).toMatchObject({ allowed: true });
});

test("no word of an operator leads beyond a clamp, or to an uncertain voltage without both names", () => {
  const volts = fc.oneof(
    fc.constantFrom(
      0,
      -1,
      0.5,
      1.15,
      1.3,
      12,
      13.8,
      15,
      15.01,
      16,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ),
    fc.double({ min: 0, max: 20 }),
  );
  const clamps = fc.constantFrom(
    undefined,
    CLAMP,
    { minV: 1, maxV: 1.4 },
    { minV: 14.22, maxV: 15 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...machines.map(({ id }) => id)),
      fc.option(fc.constantFrom(...machines.map(({ id }) => id), "nothing"), { nil: undefined }),
      fc.option(volts, { nil: undefined }),
      clamps,
      (id, board, voltageV, clamp) => {
        const spec = machineById(id) as MachineSpec;
        const operator = {
          ...(board === undefined ? {} : { board }),
          ...(voltageV === undefined ? {} : { voltageV }),
        };
        const permission = mayPower(spec, operator, clamp, false);
        if (!permission.allowed) {
          expect(permission.reason).not.toBe("");
          return;
        }
        const voltage = spec.chains[0]?.voltage;
        for (const given of [permission.startV, permission.workingV]) {
          expect(given).toBeGreaterThan(0);
          expect(given).toBeGreaterThanOrEqual(clamp?.minV ?? 0);
          expect(given).toBeLessThanOrEqual(clamp?.maxV ?? 20);
          expect(given).toBeLessThanOrEqual(voltage?.offered?.maxV ?? 20);
        }
        if (voltage?.evidence === "thin" || voltage?.evidence === "assumed") {
          expect(board).toBe(spec.id);
          expect(voltageV).toBe(permission.workingV);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

function refused(
  spec: MachineSpec,
  operator: Parameters<typeof mayPower>[1],
  clamp: Parameters<typeof mayPower>[2] = undefined,
  simulated = false,
) {
  const permission = mayPower(spec, operator, clamp, simulated);
  if (permission.allowed) throw new Error(`${permission.workingV} V were allowed`);
  return permission;
}
