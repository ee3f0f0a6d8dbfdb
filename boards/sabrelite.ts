/**
 * A machine for tests: the emulated i.MX6 with one or three S19j Pro chains that are emulated, too, on the other side of its
 * UARTs (simulator/control-board). The memory on its bus says that it is one, and how many chains there are: a SABRE Lite on
 * somebody's desk has no such memory, and is not taken for a miner.
 */
import { lm75a } from "../drivers/sensors/lm75.ts";
import { s19jProChain } from "./chains.ts";
import { emulatedWiring, imx6Connector, imx6SabreLite } from "./control-boards/imx6.ts";
import { hashboardLimitsWith } from "./limits.ts";
import type { MachineChainSpec, MachineSpec } from "./machine-spec.ts";

const I2C = "/dev/i2c-0";

/**
 * Chips emulated beside a computer that is emulated, too: some 0.5 MH/s per chain, which half a core can do. Nonces come as
 * often as on hardware.
 */
const HASH_SCALE = 2 ** 26;

function board(chain: number): MachineChainSpec {
  return {
    chain: s19jProChain,
    ...imx6Connector(chain),
    voltage: { startV: 12, workingV: 12, ...emulatedWiring },
    sensors: [
      {
        // A TMP105, behind a channel of a PCA9546 that is open from boot on.
        name: `board ${chain}`,
        place: "board",
        driver: lm75a,
        bus: { via: "i2c", path: I2C },
        address: 0x48 + chain,
        ...emulatedWiring,
      },
    ],
    // One memory for all, as if they were one board.
    ...(chain === 0 ? { eeprom: { bus: { via: "i2c", path: I2C }, address: 0x50 } } : {}),
    mayRunWithFewerChips: false,
  };
}

function sabreLiteWith(chains: number, id: string, name: string): MachineSpec {
  return {
    id,
    name,
    controlBoard: imx6SabreLite,
    match: {
      compatible: imx6SabreLite.compatible,
      model: "SABRE Lite", // mainline's device tree [D]
      eepromBoard: [`VHB0000${chains}`],
      eepromHeader: "00aa",
    },
    chains: Array.from({ length: chains }, (_, chain) => board(chain)),
    fans: [],
    fansRequired: 0,
    limits: hashboardLimitsWith(s19jProChain.chip),
    backstop: { by: "watchdog", path: "/dev/watchdog", withinS: 15 }, // imx2_wdt can 128 s [D]
    pollMs: 1_000,
    startDelayMs: 500,
    emulated: { hashScale: HASH_SCALE },
    evidence: "exists in QEMU only; its kernel, buses and lines are real ones",
  };
}

export const sabreLite = sabreLiteWith(3, "sabrelite", "Emulated control board (i.MX6 SABRE Lite)");
export const sabreLiteSingle = sabreLiteWith(
  1,
  "sabrelite-single",
  "Emulated control board with one chain",
);
