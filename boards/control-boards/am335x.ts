/**
 * The BeagleBone-like AM335x control board "BBCtrl" of the S19j Pro: lines of DCENT_OS, which quotes stock scripts [D].
 * The later S19J_IO_BOARD_V2_0 has other lines, and its reset's polarity is in dispute: machines.ts refuses it.
 */
import { apw12 } from "../../drivers/power/apw12.ts";
import type { ControlBoardSpec, FanSpec, MachineSupplySpec } from "../machine-spec.ts";
import { activeLow, am335xLine, gpio } from "../parts.ts";

export const am335x: ControlBoardSpec = {
  name: "AM335x BBCtrl",
  compatible: ["ti,am335x-bone"],
  // Sources disagree which of them is red.
  leds: [gpio(am335xLine("LED 23", 23)), gpio(am335xLine("LED 45", 45))],
  buttons: [gpio(am335xLine("recovery button", 46)), gpio(am335xLine("IP button", 26))],
  evidence: "driver",
  source: "DCENT_OS beaglebone.rs, stock scripts",
};

const UARTS = ["/dev/ttyS1", "/dev/ttyS2", "/dev/ttyS4"];
const PLUGS = [51, 48, 47];
const RESETS = [5, 4, 27];

/** The UARTs' clock is 48 MHz ÷ 16 [D]: 4 % below the chips' 3.125 M, in use in the field. */
export const AM335X_FAST_HOST_BAUD = 3_000_000;

/** Lines of the connector of a chain. */
export function am335xConnector(chain: number) {
  return {
    uart: UARTS[chain] as string,
    plugDetect: gpio(am335xLine(`plug of chain ${chain}`, PLUGS[chain] as number)), // 1: a board is there
    reset: gpio(activeLow(am335xLine(`reset of chain ${chain}`, RESETS[chain] as number))), // 0: held
    eeprom: { bus: { via: "i2c", path: "/dev/i2c-0" }, address: 0x50 + chain },
  } as const;
}

/** pwmchip0 and pwmchip2 with newer kernels; which fans hang on which, and their channel, is inferred [?]. */
const fan = (name: string, chip: string, tachometers: readonly number[]): FanSpec => ({
  name: `${name} fans`,
  via: "pwm",
  pwm: { label: `${name} fans`, chip, channel: 0, periodNs: 100_000 },
  tachometers: tachometers.map((number) => am335xLine(`tachometer ${number}`, number)),
  pulsesPerTurn: 2,
  evidence: "thin",
  source: "DCENT_OS beaglebone.rs; grouping inferred",
});
export const am335xFans: readonly FanSpec[] = [
  fan("front", "pwmchip0", [7, 110]),
  fan("rear", "pwmchip2", [20, 112]),
];

export const am335xSupply: MachineSupplySpec = {
  driver: apw12,
  bus: { via: "i2c", path: "/dev/i2c-1" },
  address: 0x10,
  enable: gpio(am335xLine("supply", 65)), // 1: on
  evidence: "driver",
  source: "DCENT_OS beaglebone.rs, stock scripts; frames captured on an S19 Pro [C]",
};
