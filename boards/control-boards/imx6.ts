/**
 * The i.MX6 "SABRE Lite" as QEMU emulates it (`-M sabrelite`): a control board for tests, which no miner has. Names of
 * devices and lines are those of mainline's kernel on it [C, in QEMU 7.2]; which line does what is ours.
 */
import type { LineSpec } from "../../src/ports/lines.ts";
import type { ControlBoardSpec, Source } from "../machine-spec.ts";
import { activeLow, gpio } from "../parts.ts";

/** "captured" would be a miner's. */
export const emulatedWiring: Source = {
  evidence: "assumed",
  source: "our wiring of an emulated board",
};

export const imx6SabreLite: ControlBoardSpec = {
  name: "i.MX6 SABRE Lite (emulated)",
  compatible: ["fsl,imx6q-sabrelite"], // mainline's device tree [D]
  leds: [],
  buttons: [],
  ...emulatedWiring,
};

/** Labels of the kernel's gpio-mxc driver: GPIO1 first. */
const BANKS = [
  ...["209c000.gpio", "20a0000.gpio", "20a4000.gpio", "20a8000.gpio"],
  ...["20ac000.gpio", "20b0000.gpio", "20b4000.gpio"],
];

/** 1 for GPIO1, as its data sheet counts. Throws RangeError for a line that is on none of its banks. */
export function imx6BankOf({ label, chip }: LineSpec): number {
  const index = BANKS.indexOf(chip ?? "");
  if (index < 0) throw new RangeError(`${label}: ${chip} is no GPIO bank of an i.MX6`);
  return index + 1;
}

const GPIO5 = "20ac000.gpio";
const FIRST_RESET = 0;
const FIRST_ENABLE = 4;
/** ttymxc0 has nothing on it, ttymxc1 is the console. */
const FIRST_UART = 2;

/** Lines that nobody drives are low: chips held in reset, no power. */
export function imx6Connector(chain: number) {
  const line = (what: string, offset: number) => ({
    label: `${what} of chain ${chain}`,
    chip: GPIO5,
    offset,
  });
  return {
    uart: `/dev/ttymxc${FIRST_UART + chain}`,
    reset: gpio(activeLow(line("reset", FIRST_RESET + chain))),
    enable: gpio(line("supply", FIRST_ENABLE + chain)),
  } as const;
}
