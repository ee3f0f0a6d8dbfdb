/**
 * The Amlogic A113D control board of newer Antminers. Lines: DCENT_OS, which quotes stock scripts [D]. Its kernel's GPIO
 * bases are those of 4.9; with another kernel the numbers mean other lines [?]. Stock also fixes the pin mux through lines
 * 476 and 477 and an I/O expander at 0x1F; without them the connectors may have no power [?].
 */
import { apw12 } from "../../drivers/power/apw12.ts";
import type { Backstop, ControlBoardSpec, FanSpec, MachineSupplySpec } from "../machine-spec.ts";
import { activeLow, gpio, sysfsLine } from "../parts.ts";

export const amlogicA113d: ControlBoardSpec = {
  name: "Amlogic A113D",
  // The first is that of the vendor's 4.9 kernel, whose model says only "Amlogic" on a live unit [?]; then mainline's.
  compatible: ["amlogic, axg", "amlogic,a113d", "amlogic,meson-axg"],
  leds: [gpio(sysfsLine("red LED", 438)), gpio(sysfsLine("green LED", 453))],
  buttons: [gpio(sysfsLine("recovery button", 446)), gpio(sysfsLine("IP button", 445))],
  evidence: "driver",
  source: "DCENT_OS amlogic/mod.rs, stock scripts",
};

/** ttyS3 is a chain's on no board that was looked at [D]. */
export const amlogicUarts = ["/dev/ttyS1", "/dev/ttyS2", "/dev/ttyS4"] as const;

/** Lines of the connector of a chain. */
export function amlogicConnector(chain: number) {
  return {
    uart: amlogicUarts[chain] as string,
    plugDetect: gpio(sysfsLine(`plug of chain ${chain}`, 439 + chain)), // 1: a board is there
    reset: gpio(activeLow(sysfsLine(`reset of chain ${chain}`, 454 + chain))), // 0: held
    eeprom: { bus: { via: "i2c", path: "/dev/i2c-0" }, address: 0x50 + chain },
  } as const;
}

/** Which tachometer belongs to which fan is taken from the fans' numbers [?]: 2 and 4 behind, 1 and 3 in front. */
const fan = (name: string, channel: number, tachometers: readonly number[]): FanSpec => ({
  name: `${name} fans`,
  via: "pwm",
  pwm: { label: `${name} fans`, chip: "pwmchip0", channel, periodNs: 100_000 },
  tachometers: tachometers.map((number) => sysfsLine(`tachometer ${number - 446}`, number)),
  pulsesPerTurn: 2,
  evidence: "driver",
  source: "DCENT_OS amlogic/mod.rs, seen on an S21",
});
export const amlogicFans: readonly FanSpec[] = [
  fan("rear", 0, [448, 450]),
  fan("front", 1, [447, 449]),
];

export const amlogicSupply: MachineSupplySpec = {
  driver: apw12,
  bus: { via: "i2c", path: "/dev/i2c-1" },
  address: 0x10,
  enable: gpio(sysfsLine("supply", 437)), // 1: on
  evidence: "driver",
  source: "DCENT_OS; frames captured on an S19 Pro [C]",
};

/** That a reset of the control board takes the enable line of the supply down is inferred: it is an input then [?]. */
export const amlogicWatchdog: Backstop = { by: "watchdog", path: "/dev/watchdog", withinS: 15 };
