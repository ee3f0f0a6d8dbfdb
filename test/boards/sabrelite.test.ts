import { describe, expect, test } from "vitest";
import { imx6BankOf } from "../../boards/control-boards/imx6.ts";
import { detectMachine } from "../../boards/detect.ts";
import type { ProbedFacts } from "../../boards/expected-facts.ts";
import { machines } from "../../boards/machines.ts";
import { mayPower } from "../../boards/power-permission.ts";
import { sabreLite, sabreLiteSingle } from "../../boards/sabrelite.ts";
import { boardIdentityOf } from "../../drivers/eeprom/board-identity.ts";
import { eepromContent } from "../../simulator/plant/parts/eeprom-content.ts";

/** As the guest's device tree, buses and ports are. */
const computer: ProbedFacts = {
  deviceTree: {
    model: "Freescale i.MX6 Quad SABRE Lite Board",
    compatible: ["fsl,imx6q-sabrelite", "fsl,imx6q"],
  },
  usb: [],
  i2cBuses: ["/dev/i2c-0", "/dev/i2c-1", "/dev/i2c-2"],
  uarts: [0, 1, 2, 3, 4].map((number) => `/dev/ttymxc${number}`),
};

describe("the emulated control board", () => {
  test.each([sabreLite, sabreLiteSingle])("is $id by what its memory says", (spec) => {
    const [chain] = spec.chains;
    if (chain === undefined) throw new Error("no chain");
    const identity = boardIdentityOf(eepromContent(spec.match, chain, 0));
    const eeproms = [{ bus: "/dev/i2c-0", address: 0x50, identity }];
    expect(detectMachine({ ...computer, eeproms }).matched?.id).toBe(spec.id);
  });

  test.each([
    ["is silent", null],
    ["is blank", boardIdentityOf(new Uint8Array(256).fill(0xff))],
  ])("a SABRE Lite whose memory %s is not taken for it", (_, identity) => {
    const eeproms = [{ bus: "/dev/i2c-0", address: 0x50, identity }];
    expect(detectMachine({ ...computer, eeproms }).matched).toBeNull();
  });

  test("has lines that lie at rest when nobody drives them, each on a bank of the i.MX6", () => {
    for (const { reset, enable } of sabreLite.chains) {
      if (reset.via !== "gpio" || enable?.via !== "gpio") throw new Error("no lines");
      expect([reset.activeLow, enable.activeLow]).toEqual([true, undefined]);
      expect([imx6BankOf(reset), imx6BankOf(enable)]).toEqual([5, 5]);
    }
    expect(() => imx6BankOf({ label: "x", chip: "gpio-0-31", offset: 1 })).toThrow(RangeError);
  });

  test("its voltage is good for an emulation only", () => {
    expect(mayPower(sabreLite, {}, undefined, true)).toMatchObject({ allowed: true });
    expect(mayPower(sabreLite, {}, undefined, false)).toMatchObject({ allowed: false });
  });
});

test("no other machine is emulated, so that none gets power without the operator's word by mistake", () => {
  const emulated = machines.filter((spec) => spec.emulated !== undefined);
  expect(emulated).toEqual([sabreLite, sabreLiteSingle]);
  for (const { controlBoard } of emulated)
    expect(controlBoard.compatible).toEqual(["fsl,imx6q-sabrelite"]);
});
