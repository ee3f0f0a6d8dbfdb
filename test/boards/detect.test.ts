import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detectMachine, usbDeviceOf } from "../../boards/detect.ts";
import { expectedFacts, type ProbedFacts } from "../../boards/expected-facts.ts";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import { machineById, machines } from "../../boards/machines.ts";
import type { BoardIdentity } from "../../src/ports/peripherals.ts";

const pc: ProbedFacts = {
  deviceTree: { model: null, compatible: [] },
  usb: [],
  i2cBuses: ["/dev/i2c-0"],
  uarts: ["/dev/ttyS0"],
  eeproms: [],
};

function factsOf(id: string): Required<ProbedFacts> {
  return expectedFacts(machineById(id) as MachineSpec);
}

function memory(boardName: string | null, format: string): BoardIdentity {
  return { boardName, format, serial: null, voltageV: null, frequencyMHz: null };
}

/** The same machine with other memories. */
function withMemories(id: string, ...identities: readonly (BoardIdentity | null)[]): ProbedFacts {
  const facts = factsOf(id);
  return {
    ...facts,
    eeproms: facts.eeproms.map((fact, i) => ({ ...fact, identity: identities[i] ?? null })),
  };
}

describe("a machine that shows everything that is expected of it", () => {
  test.each(machines.map(({ id }) => id))("is %s", (id) => {
    const detection = detectMachine(factsOf(id));
    expect(detection.matched?.id).toBe(id);
    expect(detection).toMatchObject({ refused: null, ambiguous: false });
    expect(detection.candidates[0]).toMatchObject({ id, whyNot: [] });
    expect(detection.summary).toContain(id);
  });
});

describe("machines that are none of ours", () => {
  test("a bare PC is no machine", () => {
    expect(detectMachine(pc)).toEqual({
      matched: null,
      refused: null,
      candidates: [],
      ambiguous: false,
      summary: "no machine that is known",
    });
  });

  test.each([
    ["zynq", null],
    ["zynq", "some board"],
    ["s9", "Antminer S9"],
    ["s19", "Antminer S19 Pro"],
  ])("a Zynq is refused as %s when its model is %s, with the reason", (id, model) => {
    const deviceTree = { model, compatible: ["vendor,board", "xlnx,zynq-7000"] };
    const detection = detectMachine({ ...pc, deviceTree });
    expect(detection.matched).toBeNull();
    expect(detection.refused?.id).toBe(id);
    expect(detection.summary).toContain("FPGA");
  });

  test("the later AM335x board is refused although all that the earlier one has is there", () => {
    const detection = detectMachine({
      ...factsOf("s19j-pro-bb"),
      deviceTree: {
        model: "BeagleBone_Black_v2.1 on S19J_IO_BOARD_V2_0",
        compatible: ["ti,am335x-bone-black", "ti,am335x-bone", "ti,am33xx"],
      },
    });
    expect(detection.matched).toBeNull();
    expect(detection.refused?.id).toBe("s19j-pro-bb-v2");
  });

  test("a Bitaxe on the USB port of a Zynq is a Bitaxe", () => {
    const deviceTree = { model: null, compatible: ["xlnx,zynq-7000"] };
    const detection = detectMachine({ ...pc, deviceTree, usb: factsOf("bitaxe-gamma").usb });
    expect(detection).toMatchObject({ matched: { id: "bitaxe-gamma" }, refused: null });
  });

  test("a Raspberry Pi without a hashboard is not matched", () => {
    const { eeproms: _, ...facts } = factsOf("pi-uart");
    const detection = detectMachine(facts);
    expect(detection).toMatchObject({ matched: null, ambiguous: false });
    expect(detection.summary).toMatch(/^this looks like pi-uart, but: no hashboard's memory/);
  });
});

describe("what differs by its memories only", () => {
  const amlogic = ["s19-xp", "s19j-pro", "s19k-pro", "s21", "s21-pro", "t21"];

  test("is not guessed when nobody has read them", () => {
    const { eeproms: _, ...facts } = factsOf("s21");
    const { matched, ambiguous, candidates, summary } = detectMachine(facts);
    expect(matched).toBeNull();
    expect(ambiguous).toBe(true);
    expect(candidates.map(({ id }) => id).sort()).toEqual(amlogic);
    for (const id of amlogic) expect(summary).toContain(id);
    expect(summary).toContain("name the board");
  });

  test("is not guessed when they are silent", () => {
    const detection = detectMachine(withMemories("s21", null, null, null));
    expect(detection).toMatchObject({ matched: null, ambiguous: true });
  });

  test("is narrowed down by their header", () => {
    const header = memory("0511", "unknown, header 0511");
    const { matched, ambiguous, summary } = detectMachine(withMemories("s21", header));
    expect(matched).toBeNull();
    expect(ambiguous).toBe(true);
    expect(summary).toMatch(/s19k-pro, s19-xp, s21, t21/);
    expect(summary).not.toContain("s19j-pro");
  });

  test("is not matched by a header even when only one machine is left", () => {
    const header = memory("0411", "unknown, header 0411");
    const detection = detectMachine(withMemories("s19j-pro", header, header, header));
    expect(detection).toMatchObject({ matched: null, ambiguous: false });
    expect(detection.summary).toContain("s19j-pro");
  });

  test("is matched by one board of three", () => {
    const name = memory("BHB68606", "unknown, header 0511");
    const detection = detectMachine(withMemories("s21", null, name, null));
    expect(detection.matched?.id).toBe("s21");
  });

  test("is not matched when boards of two machines are plugged in", () => {
    const ours = memory("BHB68601", "unknown, header 0511");
    const other = memory("A3HB70601", "unknown, header 0141");
    const { matched, candidates } = detectMachine(withMemories("s21", ours, other, ours));
    expect(matched).toBeNull();
    expect(candidates.find(({ id }) => id === "s21")?.whyNot).toEqual([
      'memory at /dev/i2c-0 0x51: board A3HB70601, not "BHB68601" or "BHB68603" or "BHB68606"',
    ]);
  });

  test.each([
    ["a relative with fewer chips", memory("BHB42801", "unknown, header 0411")],
    ["an S19 Pro's", memory(null, "11, version 3")],
    ["unreadable", memory(null, "unreadable: erased")],
  ])("is not matched when the board is %s", (_, identity) => {
    expect(detectMachine(withMemories("s19j-pro", identity)).matched).toBeNull();
  });
});

describe("partly present hardware", () => {
  test("a control board without one of its UARTs is not matched, and says which", () => {
    const facts = factsOf("s21-pro");
    const detection = detectMachine({ ...facts, uarts: facts.uarts.slice(0, 2) });
    expect(detection.matched).toBeNull();
    expect(detection.summary).toBe("this looks like s21-pro, but: there is no /dev/ttyS4");
  });

  test("a control board without a bus is not matched", () => {
    const detection = detectMachine({ ...factsOf("s21-pro"), i2cBuses: ["/dev/i2c-0"] });
    expect(detection.matched).toBeNull();
    expect(detection.candidates[0]?.whyNot).toEqual(["there is no /dev/i2c-1"]);
  });
});

describe("boards on USB", () => {
  const gamma = machineById("bitaxe-gamma") as MachineSpec;
  const [device] = factsOf("bitaxe-gamma").usb;
  if (device === undefined) throw new Error("a Bitaxe is on USB");

  test("that only call themselves Bitaxe are not guessed", () => {
    const usb = [{ ...device, product: "Bitaxe" }];
    const { matched, ambiguous, summary } = detectMachine({ ...pc, usb });
    expect(matched).toBeNull();
    expect(ambiguous).toBe(true);
    expect(summary).toMatch(/bitaxe-max, bitaxe-ultra, bitaxe-supra, bitaxe-gamma/);
    expect(usbDeviceOf(gamma, { usb })).toBe(usb[0]);
  });

  test("are not matched when there are two", () => {
    const usb = [device, { ...device, serial: "2" }];
    const detection = detectMachine({ ...pc, usb });
    expect(detection.matched).toBeNull();
    expect(detection.summary).toContain("2 boards of this make");
    expect(usbDeviceOf(gamma, { usb })).toBeUndefined();
  });

  test("are not matched without their data port", () => {
    const detection = detectMachine({ ...pc, usb: [{ ...device, uarts: ["/dev/ttyACM0"] }] });
    expect(detection.matched).toBeNull();
    expect(detection.summary).toContain("1 of 2 serial ports");
  });

  test("of two makes are not chosen from", () => {
    const usb = [device, ...factsOf("emberone").usb];
    expect(detectMachine({ ...pc, usb })).toMatchObject({ matched: null, ambiguous: true });
  });

  test("of other makes are nothing", () => {
    const usb = [{ ...device, manufacturer: "Raspberry Pi", product: "Pico" }];
    expect(detectMachine({ ...pc, usb }).candidates).toEqual([]);
  });
});

test("whatever is missing of a machine, it is never taken for another one", () => {
  const kept = fc.constantFrom(true, true, true, false);
  const lossOf = (id: string) => {
    const facts = factsOf(id);
    const someOf = <T>(items: readonly T[]) =>
      fc
        .array(kept, { minLength: items.length, maxLength: items.length })
        .map((keep) => items.filter((_, i) => keep[i]));
    return fc.record({
      id: fc.constant(id),
      facts: fc.record({
        deviceTree: fc.oneof(fc.constant(facts.deviceTree), fc.constant(pc.deviceTree)),
        usb: someOf(facts.usb),
        i2cBuses: someOf(facts.i2cBuses),
        uarts: someOf(facts.uarts),
        eeproms: someOf(facts.eeproms),
      }),
    });
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...machines.map(({ id }) => id)).chain(lossOf),
      fc.constantFrom(...machines.map(({ id }) => id)).chain(lossOf),
      fc.boolean(),
      (one, other, isMixed) => {
        const facts: ProbedFacts = isMixed
          ? {
              ...one.facts,
              usb: [...one.facts.usb, ...other.facts.usb],
              eeproms: [...one.facts.eeproms, ...other.facts.eeproms],
            }
          : one.facts;
        const { matched, ambiguous } = detectMachine(facts);
        expect([one.id, ...(isMixed ? [other.id] : []), undefined]).toContain(matched?.id);
        if (matched !== null) expect(ambiguous).toBe(false);
      },
    ),
  );
});
