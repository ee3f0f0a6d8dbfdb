import { describe, test } from "vitest";
import type { FanSpec, LineRef } from "../../../boards/machine-spec.ts";
import { boardUnplugged } from "../../../simulator/plant/faults.ts";
import type { LineSpec } from "../../../src/ports/lines.ts";
import { i2cBusContract } from "../../contracts/i2c-bus.ts";
import {
  inputLineContract,
  outputLineContract,
  pwmContract,
  tachometerContract,
} from "../../contracts/lines.ts";
import { watchdogContract } from "../../contracts/watchdog.ts";
import { openRig, powerUp, type Rig } from "./plant-rig.ts";

function close(rig: Rig) {
  return async () => rig[Symbol.dispose]();
}

describe("a simulated I²C bus", () => {
  i2cBusContract(test, async () => {
    const rig = openRig("s21-pro");
    return {
      bus: await rig.plant.machine.openI2c("/dev/i2c-1"),
      register: {
        address: 0x48,
        pointer: 2,
        contents: [Uint8Array.of(0x4b, 0x00), Uint8Array.of(0x50, 0x00)],
      },
      absentAddress: 0x33,
      pass: () => rig.clock.advance(1),
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

describe("a simulated output, active high", () => {
  outputLineContract(test, async () => {
    const rig = openRig("s21-pro");
    await powerUp(rig);
    // The supply knows its voltage now: whether there is power tells the level of its enable line.
    await (await rig.plant.machine.openWatchdog("/dev/watchdog", 1))[Symbol.asyncDispose]();
    await rig.passS(2);
    const enable = gpio(rig.spec.supply?.enable);
    return {
      open: (active) => rig.plant.machine.openOutput(enable, active),
      isActiveLow: false,
      isImmediate: true,
      level: () => (rig.plant.state().isSupplyOn ? 1 : 0),
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

describe("a simulated output, active low", () => {
  outputLineContract(test, async () => {
    const rig = openRig("s21-pro");
    const reset = gpio(rig.spec.chains[1]?.reset);
    return {
      open: (active) => rig.plant.machine.openOutput(reset, active),
      isActiveLow: true,
      isImmediate: true,
      level: () => (rig.plant.state().chains[1]?.isHeldInReset ? 0 : 1),
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

describe("a simulated input", () => {
  inputLineContract(test, async () => {
    const rig = openRig("s21-pro");
    const pulled = boardUnplugged(2);
    return {
      input: await rig.plant.machine.openInput(gpio(rig.spec.chains[2]?.plugDetect)),
      isActiveLow: false,
      setLevel: (level) =>
        level === 0 ? rig.plant.addFault(pulled) : rig.plant.removeFault(pulled),
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

function pwmFan({ spec }: Rig): FanSpec & { readonly via: "pwm" } {
  const [fan] = spec.fans;
  if (fan?.via !== "pwm") throw new Error("no fan on a pulse-width output");
  return fan;
}

describe("a simulated pulse-width output", () => {
  pwmContract(test, async () => {
    const rig = openRig("s21-pro");
    return {
      pwm: await rig.plant.machine.openPwm(pwmFan(rig).pwm),
      dutyPercent: () => rig.plant.state().fans[0]?.dutyPercent,
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

describe("a simulated tachometer", () => {
  tachometerContract(test, async () => {
    const rig = openRig("s21-pro", { assumptions: { fanSpinUpS: 0.001 } });
    const fan = pwmFan(rig);
    const pwm = await rig.plant.machine.openPwm(fan.pwm);
    const setRpm = (rpm: number) => pwm.setDuty((rpm / 6_000) * 100);
    await setRpm(3_000);
    await rig.passS(10);
    return {
      tachometer: await rig.plant.machine.openTachometer(fan.tachometers[0] as LineSpec, 2),
      startRpm: 3_000,
      setRpm,
      pass: (durationMs) => rig.clock.advance(durationMs),
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

describe("a simulated watchdog", () => {
  watchdogContract(test, async () => {
    const rig = openRig("s21-pro");
    return {
      open: (timeoutS) => rig.plant.machine.openWatchdog("/dev/watchdog", timeoutS),
      canDisarm: true,
      board: {
        pass: rig.passS,
        wasReset: () => rig.plant.record.entries.some(({ detail }) => detail.startsWith("expired")),
      },
      [Symbol.asyncDispose]: close(rig),
    };
  });
});

function gpio(ref: LineRef | undefined): LineSpec {
  if (ref?.via !== "gpio") throw new Error("not a line of the control board");
  return ref;
}
