/** Antminer S19j Pro: three hashboards, each with a dsPIC that switches it, behind one of three control boards. */
import { dsPic } from "../drivers/power/ds-pic.ts";
import type { ChainSpec } from "./chain-spec.ts";
import { s19jProChain } from "./chains.ts";
import {
  AM335X_FAST_HOST_BAUD,
  am335x,
  am335xConnector,
  am335xFans,
  am335xSupply,
} from "./control-boards/am335x.ts";
import {
  amlogicA113d,
  amlogicConnector,
  amlogicFans,
  amlogicSupply,
} from "./control-boards/amlogic-a113d.ts";
import {
  cvitekConnector,
  cvitekCv1835,
  cvitekFans,
  cvitekSupply,
} from "./control-boards/cvitek-cv1835.ts";
import { hashboardLimitsWith } from "./limits.ts";
import type { MachineChainSpec, MachineSpec, VoltageSpec } from "./machine-spec.ts";
import { sensorsBehindPic } from "./parts.ts";

/** Those with 126 chips; relatives with 84 to 120 have other names [D]. */
const BOARDS = [
  ...["BHB42601", "BHB42603", "BHB42621", "BHB42631"],
  ...["BHB42632", "BHB42641", "BHB42651", "BHB42841"],
];
const SLOTS = [0, 1, 2];

const voltage: VoltageSpec = {
  startV: 15, // [C] for the S19 Pro, and DCENT_OS's value here [?]
  workingV: 13.7, // DCENT_OS; the settings of a stock image have 13.2 to 13.8 V at 525 MHz, if their unit is 10 V [?]
  evidence: "thin",
  source: "DCENT_OS alone",
};

type Connector = Pick<MachineChainSpec, "uart" | "reset" | "plugDetect" | "eeprom">;

/**
 * Each reading through a dsPIC takes two exchanges of 46 ms [C] and some 24 bytes, each in a transfer of its own: 0.1 s,
 * 1.2 s for twelve sensors; a heartbeat takes 0.3 s [C], 0.9 s for three. Once in three seconds that is 70 % of the one
 * bus, and leaves room for retries; every second it would not fit.
 */
const POLL_MS = 3_000;

const common = {
  match: { eepromBoard: BOARDS, eepromHeader: "0411" },
  fansRequired: 4, // all that there are
  limits: hashboardLimitsWith(s19jProChain.chip),
  backstop: { by: "supply", withinS: 10 }, // the dsPIC's heartbeat [D]
  pollMs: POLL_MS,
  startDelayMs: 2_000, // ours: no number is known
} as const;

function chainsOn(connector: (chain: number) => Connector, chain: ChainSpec) {
  return SLOTS.map(
    (slot): MachineChainSpec => ({
      chain,
      ...connector(slot),
      supply: {
        driver: dsPic,
        bus: { via: "i2c", path: "/dev/i2c-0" },
        address: 0x20 + slot,
        evidence: "driver",
        source: "vendor's topology file [D]; frames captured on an S19 Pro [C]",
      },
      voltage,
      sensors: sensorsBehindPic(slot),
      mayRunWithFewerChips: true,
    }),
  );
}

export const antminerS19jPro: MachineSpec = {
  ...common,
  id: "s19j-pro",
  name: "Antminer S19j Pro (Amlogic)",
  controlBoard: amlogicA113d,
  match: { ...common.match, compatible: amlogicA113d.compatible },
  chains: chainsOn(amlogicConnector, s19jProChain),
  fans: amlogicFans,
  supply: amlogicSupply,
  evidence:
    "bring-up and dsPIC frames captured by others, lines from one firmware; that its boards have dsPICs is taken from the vendor's file [?]",
};

export const antminerS19jProBb: MachineSpec = {
  ...common,
  id: "s19j-pro-bb",
  name: "Antminer S19j Pro (BeagleBone)",
  controlBoard: am335x,
  match: { ...common.match, compatible: am335x.compatible },
  chains: chainsOn(am335xConnector, {
    ...s19jProChain,
    fastBaud: { register: 0x11300000, hostBaud: AM335X_FAST_HOST_BAUD },
  }),
  fans: am335xFans,
  supply: am335xSupply,
  evidence:
    "bring-up and dsPIC frames captured by others, lines from one firmware, fan grouping inferred",
};

export const antminerS19jProCv: MachineSpec = {
  ...common,
  id: "s19j-pro-cv",
  name: "Antminer S19j Pro (CVitek)",
  controlBoard: cvitekCv1835,
  match: { ...common.match, compatible: cvitekCv1835.compatible },
  chains: chainsOn(cvitekConnector, s19jProChain),
  fans: cvitekFans,
  supply: cvitekSupply,
  evidence:
    "bring-up and dsPIC frames captured by others; control board from one firmware that was never run; its tachometers cannot be read yet",
};
