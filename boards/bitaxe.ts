/**
 * Bitaxe boards behind USB with the bitaxe-raw firmware. That calls itself "Bitaxe" whatever the board is [D]: the longer
 * names below are only how a simulation tells them apart, and a real board must be named by the operator.
 */
import { emc2101Fan } from "../drivers/fans/emc2101.ts";
import { ds4432uBitaxe } from "../drivers/power/ds4432u.ts";
import { tps546Single } from "../drivers/power/tps546.ts";
import { emc2101External } from "../drivers/sensors/emc2101.ts";
import type { ChainSpec } from "./chain-spec.ts";
import { bitaxeGammaChain, bitaxeMaxChain, bitaxeSupraChain, bitaxeUltraChain } from "./chains.ts";
import { usbBus, usbHost } from "./control-boards/usb.ts";
import { chipLimits, regulatorLimits } from "./limits.ts";
import type { MachineChainSpec, MachineSpec, Source } from "./machine-spec.ts";
import { usbPin } from "./parts.ts";

const espMiner: Source = { evidence: "driver", source: "ESP-Miner device_config.h" };

function bitaxe(
  family: string,
  chain: ChainSpec,
  power: Pick<MachineChainSpec, "supply" | "voltage">,
  evidence: string,
): MachineSpec {
  return {
    id: `bitaxe-${family.toLowerCase()}`,
    name: `Bitaxe ${family}`,
    controlBoard: usbHost,
    match: { usb: { manufacturer: "OSMU", product: `Bitaxe ${family}` } },
    chains: [
      {
        chain,
        uart: "usb",
        reset: usbPin("reset", 0, "low"), // [D]
        ...power,
        sensors: [
          {
            name: "chip diode",
            place: "chip",
            driver: emc2101External,
            bus: usbBus,
            address: 0x4c,
            ...espMiner,
          },
        ],
        mayRunWithFewerChips: false,
      },
    ],
    fans: [
      {
        name: "fan",
        via: "controller",
        driver: emc2101Fan,
        bus: usbBus,
        address: 0x4c,
        ...espMiner,
      },
    ],
    fansRequired: 1,
    limits: { chip: chipLimits, regulator: regulatorLimits },
    backstop: {
      by: "nothing",
      why: "the regulator goes on without the host, and the board's firmware watches nothing",
    },
    pollMs: 1_000,
    startDelayMs: 0, // one chain
    evidence,
  };
}

/** The regulator of board versions 207, 402, 403 and 600 to 603 [D]. */
const tps546: MachineChainSpec["supply"] = {
  driver: tps546Single,
  bus: usbBus,
  address: 0x24,
  ...espMiner,
};

export const bitaxeGamma = bitaxe(
  "Gamma",
  bitaxeGammaChain,
  {
    supply: tps546,
    voltage: { startV: 1.15, workingV: 1.15, offered: { minV: 1, maxV: 1.25 }, ...espMiner },
  },
  "bring-up, job and an accepted share captured by others; parts and limits of ESP-Miner",
);

/** Board versions 402 and 403; the older ones have other parts. */
export const bitaxeSupra = bitaxe(
  "Supra",
  bitaxeSupraChain,
  {
    supply: tps546,
    voltage: { startV: 1.166, workingV: 1.166, offered: { minV: 1.1, maxV: 1.3 }, ...espMiner },
  },
  "ESP-Miner; no capture of its chip's nonces",
);

/** Board version 207; the older ones have other parts. */
export const bitaxeUltra = bitaxe(
  "Ultra",
  bitaxeUltraChain,
  {
    supply: tps546,
    voltage: { startV: 1.2, workingV: 1.2, offered: { minV: 1.1, maxV: 1.3 }, ...espMiner },
  },
  "ESP-Miner; chip captured by others",
);

/** Board version 102. */
export const bitaxeMax: MachineSpec = {
  ...bitaxe(
    "Max",
    bitaxeMaxChain,
    {
      voltage: {
        startV: 1.4,
        workingV: 1.4,
        offered: { minV: 1.1, maxV: 1.5 },
        // 1.4 V is ESP-Miner's [D], but what switches it off is not known.
        evidence: "thin",
        source: "ESP-Miner; the pin that switches it is assumed",
      },
    },
    "ESP-Miner; that bitaxe-raw can switch its power is assumed",
  ),
  limits: { chip: chipLimits },
  supply: {
    driver: ds4432uBitaxe,
    bus: usbBus,
    address: 0x48,
    enable: usbPin("supply", 1, "high"), // as on the emberOne; not in the protocol's description of a Bitaxe
    evidence: "assumed",
    source: "part of ESP-Miner [D], pin as the emberOne",
  },
};
