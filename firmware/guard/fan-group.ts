/** Fans on one output with their tachometers, whether the control board drives them or a controller chip. */
import type { FanSpec } from "../../boards/machine-spec.ts";
import type { OpenPorts } from "./open-ports.ts";

export interface FanGroup {
  readonly name: string;
  /** As last measured, one per tachometer; `undefined` where it could not be read. */
  readonly rpm: readonly (number | undefined)[];
  /** 0 to 100. Rejects with DeviceError. */
  setDuty(dutyPercent: number): Promise<void>;
  /** Never rejects: what cannot be read is `undefined`. */
  measure(): Promise<void>;
}

/** Opens the group at full speed. Throws DeviceError. */
export async function openFanGroup(spec: FanSpec, ports: OpenPorts): Promise<FanGroup> {
  return spec.via === "pwm" ? openPwmFans(spec, ports) : openControllerFans(spec, ports);
}

async function openPwmFans(
  { name, pwm, tachometers, pulsesPerTurn }: FanSpec & { via: "pwm" },
  ports: OpenPorts,
): Promise<FanGroup> {
  const output = await ports.openPwm(pwm);
  await output.setDuty(100);
  const counters = await Promise.all(
    tachometers.map((line) => ports.openTachometer(line, pulsesPerTurn)),
  );
  let rpm: readonly (number | undefined)[] = counters.map(() => undefined);
  return {
    name,
    get rpm() {
      return rpm;
    },
    setDuty: (dutyPercent) => output.setDuty(dutyPercent),
    async measure() {
      rpm = await Promise.all(counters.map((counter) => counter.readRpm().catch(() => undefined)));
    },
  };
}

async function openControllerFans(
  { name, driver, bus, address }: FanSpec & { via: "controller" },
  ports: OpenPorts,
): Promise<FanGroup> {
  const controller = driver.open(await ports.open(bus), address);
  await controller.prepare();
  await controller.setDuty(100);
  let rpm: readonly (number | undefined)[] = Array.from({ length: driver.fans }, () => undefined);
  return {
    name,
    get rpm() {
      return rpm;
    },
    setDuty: (dutyPercent) => controller.setDuty(dutyPercent),
    async measure() {
      rpm = await controller.readRpm().catch(() => rpm.map(() => undefined));
    },
  };
}
