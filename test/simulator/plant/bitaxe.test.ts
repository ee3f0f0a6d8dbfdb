import { describe, expect, test } from "vitest";
import { expectedFacts } from "../../../boards/expected-facts.ts";
import type { UsbFact } from "../../../src/ports/machine-platform.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { askUsb, declared, openRig, type Rig, usbTransfer } from "./plant-rig.ts";

const RESET_HIGH = "07000100060001";
const EMC2101 = 0x4c;
const TPS546 = 0x24;

/** A word as PMBus parts want it: low byte first. */
function word(value: number): [number, number] {
  return [value & 0xff, value >> 8];
}

/** As ESP-Miner does it. */
async function turnOn(rig: Rig, voltageV: number): Promise<void> {
  await usbTransfer(rig, TPS546, [0x02, 0x1b], 0);
  await usbTransfer(rig, TPS546, [0x35, ...word(0xca66)], 0); // VIN_ON 4.8 V
  await usbTransfer(rig, TPS546, [0x36, ...word(0xca40)], 0); // VIN_OFF 4.5 V
  await usbTransfer(rig, TPS546, [0x21, ...word(Math.round(voltageV * 512))], 0);
  await usbTransfer(rig, TPS546, [0x01, 0x80], 0);
  await askUsb(rig, RESET_HIGH);
}

async function fanTo(rig: Rig, setting: number): Promise<void> {
  await usbTransfer(rig, EMC2101, [0x03, 0x04], 0);
  await usbTransfer(rig, EMC2101, [0x4a, 0x23], 0);
  await usbTransfer(rig, EMC2101, [0x4c, setting], 0);
}

describe("the control port speaks bitaxe-raw", () => {
  test.each(vectors.bitaxe_raw.filter((vector) => vector.response_v1 !== undefined))(
    "version 1: $meaning",
    async ({ request, response_v1 }) => {
      using rig = openRig("bitaxe-gamma");
      expect(await askUsb(rig, request)).toBe(response_v1);
    },
  );

  test.each(vectors.bitaxe_raw.filter((vector) => vector.response_v0 !== undefined))(
    "version 0, which older releases speak: $meaning",
    async ({ request, response_v0 }) => {
      const [device] = expectedFacts(declared("bitaxe-gamma")).usb;
      const usb = [{ ...(device as UsbFact), release: "0100" }];
      using rig = openRig("bitaxe-gamma", { facts: { usb } });
      expect(await askUsb(rig, request)).toBe(response_v0);
    },
  );

  test("packets may come in pieces, and several in one", async () => {
    using rig = openRig("bitaxe-gamma");
    const answers: string[] = [];
    rig.plant.usbControl?.onTransmit((bytes) => answers.push(Buffer.from(bytes).toString("hex")));
    const stream = Buffer.from("0700000006000007000100060001", "hex");
    rig.plant.usbControl?.receive(stream.subarray(0, 3));
    rig.plant.usbControl?.receive(stream.subarray(3));
    await rig.passS(0.1);
    expect(answers).toEqual(["0500000000", "0500010001"]);
  });

  test("a part that is not there, and a page that is not there, are errors", async () => {
    using rig = openRig("bitaxe-gamma");
    expect(await usbTransfer(rig, 0x33, [0], 1)).toBe("status 10");
    expect(await askUsb(rig, "060009003310")).toBe("04000911");
  });

  test("the port is a serial device, too, and one program has it", async () => {
    using rig = openRig("bitaxe-gamma");
    const { usb } = await rig.plant.machine.readFacts();
    const path = usb[0]?.uarts[0] ?? "";
    const uart = await rig.plant.machine.openUart(path, 115_200);
    await expect(rig.plant.machine.openUart(path, 115_200)).rejects.toMatchObject({ code: "busy" });
    const heard: string[] = [];
    uart.onReceive((chunk) => heard.push(Buffer.from(chunk).toString("hex")));
    uart.send(Buffer.from(RESET_HIGH, "hex"));
    await rig.passS(0.1);
    expect(heard).toEqual(["0500010001"]);
    await uart[Symbol.asyncDispose]();
    await (await rig.plant.machine.openUart(path, 115_200))[Symbol.asyncDispose]();
    await expect(rig.plant.machine.openUart("/dev/ttyS0", 1)).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("it is found under the names that the world gives it", async () => {
    using rig = openRig("bitaxe-gamma");
    rig.plant.nameUsbUarts(["/dev/pts/7", "/dev/pts/8"]);
    const facts = await rig.plant.machine.readFacts();
    expect(facts.usb[0]?.uarts).toEqual(["/dev/pts/7", "/dev/pts/8"]);
    await (await rig.plant.machine.openUart("/dev/pts/7", 1))[Symbol.asyncDispose]();
  });
});

describe("a Bitaxe Gamma", () => {
  test("has power when its regulator is told so, and hashes when reset is released", async () => {
    using rig = openRig("bitaxe-gamma");
    expect(rig.plant.state().chains[0]).toMatchObject({ hasPower: false, isHeldInReset: true });
    await turnOn(rig, 1.15);
    const [chain] = rig.plant.state().chains;
    expect(chain).toMatchObject({ hasPower: true, isHeldInReset: false });
    expect(chain?.voltageV).toBeCloseTo(1.15, 2);
    expect(chain?.powerW).toBeGreaterThan(13);
    expect(chain?.powerW).toBeLessThan(20);
    await usbTransfer(rig, TPS546, [0x01, 0x00], 0);
    expect(rig.plant.state().chains[0]?.hasPower).toBe(false);
  });

  test("its chip settles near 55 °C at 60 % fan", async () => {
    using rig = openRig("bitaxe-gamma");
    await fanTo(rig, 38);
    await turnOn(rig, 1.15);
    await rig.passS(1_800);
    const [chain] = rig.plant.state().chains;
    expect(chain?.dieC).toBeGreaterThan(51);
    expect(chain?.dieC).toBeLessThan(59);
    expect(chain?.regulatorC).toBeGreaterThan(50);
    expect(chain?.regulatorC).toBeLessThan(80);
    // The diode that reads it: 11 bits in eighths, high byte at 1 and low byte at 10.
    const high = Number.parseInt(await usbTransfer(rig, EMC2101, [0x01], 1), 16);
    const low = Number.parseInt(await usbTransfer(rig, EMC2101, [0x10], 1), 16);
    expect((((high << 8) | low) >> 5) / 8).toBeCloseTo(chain?.dieC ?? 0, 0);
  });

  test("gets hot at more than 0.3 °C in a second when its fan stands still", async () => {
    using rig = openRig("bitaxe-gamma");
    await turnOn(rig, 1.15);
    await rig.passS(20);
    const before = rig.plant.state().chains[0];
    await rig.passS(60);
    const after = rig.plant.state().chains[0];
    expect((after?.boardC ?? 0) - (before?.boardC ?? 0)).toBeGreaterThan(0.3 * 60);
    expect((after?.dieC ?? 0) - (after?.boardC ?? 0)).toBeGreaterThan(10);
  });

  test("a reboot of its firmware drops its pins: the chip is in reset, the regulator goes on", async () => {
    using rig = openRig("bitaxe-gamma");
    await turnOn(rig, 1.15);
    expect(await askUsb(rig, "0a0005000901efbeadde")).toBe("04000500");
    expect(rig.plant.state().chains[0]).toMatchObject({ hasPower: true, isHeldInReset: true });
  });

  test("its regulator gives up when its input does", async () => {
    using rig = openRig("bitaxe-gamma");
    await turnOn(rig, 1.15);
    const brownOut = { fault: "psu-brown-out", share: 0.5 } as const;
    rig.plant.addFault(brownOut);
    await rig.passS(0.5);
    expect(rig.plant.state().chains[0]?.hasPower).toBe(false);
    const status = await usbTransfer(rig, TPS546, [0x79], 2);
    expect(Number.parseInt(status.slice(0, 2), 16) & 0x48).toBe(0x48);
    rig.plant.removeFault(brownOut);
    await rig.passS(0.5);
    expect(rig.plant.state().chains[0]?.hasPower).toBe(true);
  });

  test("too much load latches it off until it is told to be off", async () => {
    using rig = openRig("bitaxe-gamma");
    await turnOn(rig, 1.15);
    rig.plant.addFault({ fault: "psu-over-power", limitW: 5 });
    await rig.passS(0.5);
    expect(rig.plant.state().chains[0]?.hasPower).toBe(false);
    const status = await usbTransfer(rig, TPS546, [0x79], 2);
    expect(Number.parseInt(status.slice(0, 2), 16) & 0x10).toBe(0x10);
  });

  test("as a wrong or a silent part it is not what it was", async () => {
    using rig = openRig("bitaxe-gamma");
    expect(await usbTransfer(rig, TPS546, [0xad], 7)).toBe("065449546d2441");
    const wrong = { fault: "psu-wrong-type", type: 0x99 } as const;
    rig.plant.addFault(wrong);
    expect(await usbTransfer(rig, TPS546, [0xad], 7)).toBe("065449546d9941");
    rig.plant.addFault({ fault: "psu-silent" });
    expect(await usbTransfer(rig, TPS546, [0xad], 7)).toBe("status 10");
  });

  test("a hung bus answers nothing until the fault ends", async () => {
    using rig = openRig("bitaxe-gamma");
    rig.plant.schedule({ fault: { fault: "i2c-hung", bus: "usb" }, fromMs: 1_000, untilMs: 5_000 });
    await rig.passS(1);
    const answers: string[] = [];
    rig.plant.usbControl?.onTransmit((bytes) => answers.push(Buffer.from(bytes).toString("hex")));
    rig.plant.usbControl?.receive(Buffer.from("0900030005404cfd01", "hex"));
    await rig.passS(3.9);
    expect(answers).toEqual([]);
    await rig.passS(0.2);
    expect(answers).toEqual(["04000310"]);
  });
});

test("emberOne has power when both its supplies are on, and 3.6 V while nothing corrects them", async () => {
  using rig = openRig("emberone");
  await askUsb(rig, "07000000060201");
  expect(rig.plant.state().chains[0]?.hasPower).toBe(false);
  await askUsb(rig, "07000000060101");
  expect(rig.plant.state().chains[0]).toMatchObject({ hasPower: true });
  expect(rig.plant.state().chains[0]?.voltageV).toBeCloseTo(3.6, 2);
  await usbTransfer(rig, 0x48, [0xf8, 0xff], 0);
  expect(rig.plant.state().chains[0]?.voltageV).toBeCloseTo(2.875, 2);
  await usbTransfer(rig, 0x48, [0xf8, 0x7f], 0);
  expect(rig.plant.state().chains[0]?.voltageV).toBeCloseTo(4.324, 2);
});
