/**
 * A Raspberry Pi 4 with one S21 Pro hashboard on its UART: the wiring is an assumption from end to end, a pattern for
 * those who build such a thing. What comes from the hashboard is as on the S21 Pro.
 */
import { apw12 } from "../drivers/power/apw12.ts";
import type { LineSpec } from "../src/ports/lines.ts";
import { s21ProChain } from "./chains.ts";
import { hashboardLimitsWith } from "./limits.ts";
import type { ControlBoardSpec, FanSpec, MachineSpec, Source } from "./machine-spec.ts";
import { activeLow, gpio, sensorsOfSlot } from "./parts.ts";

const wiring: Source = { evidence: "assumed", source: "our wiring" };

/** A pin of the header: the kernel's label of the BCM2711's lines [D]. */
function pin(label: string, offset: number): LineSpec {
  return { label, chip: "pinctrl-bcm2711", offset };
}

const raspberryPi4: ControlBoardSpec = {
  name: "Raspberry Pi 4",
  compatible: ["raspberrypi,4-model-b"], // mainline's device tree [D]
  leds: [],
  buttons: [],
  ...wiring,
};

const fan = (name: string, channel: number, tachometer: number): FanSpec => ({
  name: `${name} fan`,
  via: "pwm",
  pwm: { label: `${name} fan`, chip: "pwmchip0", channel, periodNs: 100_000 },
  tachometers: [pin(`tachometer of the ${name} fan`, tachometer)],
  pulsesPerTurn: 2,
  ...wiring,
});

export const piUart: MachineSpec = {
  id: "pi-uart",
  name: "Raspberry Pi with an S21 Pro hashboard",
  controlBoard: raspberryPi4,
  match: {
    compatible: raspberryPi4.compatible,
    eepromBoard: ["A3HB70601"],
    eepromHeader: "0141",
  },
  chains: [
    {
      // The UART's clock is 48 MHz ÷ 16 [D]: 4 % below the chips' 3.125 M.
      chain: { ...s21ProChain, fastBaud: { register: 0x01300000, hostBaud: 3_000_000 } },
      uart: "/dev/ttyAMA0",
      reset: gpio(activeLow(pin("reset of chain 0", 17))),
      plugDetect: gpio(pin("plug of chain 0", 27)),
      voltage: {
        startV: 15,
        workingV: 13.8,
        evidence: "assumed",
        source: "as the S21 Pro",
      },
      sensors: sensorsOfSlot(0, "/dev/i2c-1", wiring),
      eeprom: { bus: { via: "i2c", path: "/dev/i2c-1" }, address: 0x50 },
      mayRunWithFewerChips: true,
    },
  ],
  fans: [fan("front", 0, 23), fan("rear", 1, 24)],
  fansRequired: 2,
  supply: {
    driver: apw12,
    bus: { via: "i2c", path: "/dev/i2c-1" },
    address: 0x10,
    enable: gpio(pin("supply", 22)),
    ...wiring,
  },
  limits: hashboardLimitsWith(s21ProChain.chip),
  backstop: { by: "watchdog", path: "/dev/watchdog", withinS: 15 }, // the most that the BCM2835's can [D]
  pollMs: 1_000,
  startDelayMs: 0, // one chain
  evidence: "hashboard as the S21 Pro; wiring assumed",
};
