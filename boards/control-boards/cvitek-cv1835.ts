/**
 * The CVitek CV1835 control board of the S19j Pro: lines of DCENT_OS, which quotes a stock script [D]. It has no plug
 * detect, and its tachometers are captured by a PWM block, which nothing here reads yet: on hardware its fans cannot be
 * proven, so it gets no power.
 */
import { apw12 } from "../../drivers/power/apw12.ts";
import type { ControlBoardSpec, FanSpec, MachineSupplySpec } from "../machine-spec.ts";
import { activeLow, gpio, sysfsLine } from "../parts.ts";

export const cvitekCv1835: ControlBoardSpec = {
  name: "CVitek CV1835",
  // Inferred from the names of its peripherals' drivers [?].
  compatible: ["cvitek,cv1835", "sophgo,cv1835"],
  leds: [gpio(sysfsLine("red LED", 434)), gpio(sysfsLine("green LED", 435))],
  buttons: [gpio(sysfsLine("recovery button", 447)), gpio(sysfsLine("IP button", 406))],
  evidence: "thin",
  source: "DCENT_OS cvitek.rs",
};

const UARTS = ["/dev/ttyS1", "/dev/ttyS2", "/dev/ttyS3"];
const RESETS = [427, 429, 431];

/** Lines of the connector of a chain. */
export function cvitekConnector(chain: number) {
  return {
    uart: UARTS[chain] as string,
    reset: gpio(activeLow(sysfsLine(`reset of chain ${chain}`, RESETS[chain] as number))), // 0: held [?]
    eeprom: { bus: { via: "i2c", path: "/dev/i2c-0" }, address: 0x50 + chain },
  } as const;
}

/** The captures are pwm0 to pwm3 of pwmchip12, in the order of the fans' numbers [?]. */
const fan = (name: string, channel: number, captures: readonly number[]): FanSpec => ({
  name: `${name} fans`,
  via: "pwm",
  pwm: { label: `${name} fans`, chip: "pwmchip8", channel, periodNs: 1_000_000 },
  tachometers: captures.map((offset) => ({
    label: `tachometer ${offset + 1}`,
    chip: "pwmchip12",
    offset,
  })),
  pulsesPerTurn: 2,
  evidence: "thin",
  source: "DCENT_OS cvitek.rs",
});
export const cvitekFans: readonly FanSpec[] = [
  fan("rear", 0, [1, 3]), // fans 2 and 4
  fan("front", 1, [0, 2]), // fans 1 and 3
];

/** On the one bus that everything else is on, too; stock also bit-bangs one on lines 459 and 461 [?]. */
export const cvitekSupply: MachineSupplySpec = {
  driver: apw12,
  bus: { via: "i2c", path: "/dev/i2c-0" },
  address: 0x10,
  enable: gpio(sysfsLine("supply", 412)), // 1: on [?]
  evidence: "thin",
  source: "DCENT_OS cvitek.rs",
};
