/**
 * Antminers on the Amlogic control board whose hashboards have no controller of their own ("NoPic", seen on one live S19k
 * Pro and one S21 [?]): all hang on the one supply, and only its enable line and the watchdog switch them off.
 */
import type { ChainSpec } from "./chain-spec.ts";
import { s19kProChain, s19XpChain, s21Chain, s21ProChain } from "./chains.ts";
import {
  amlogicA113d,
  amlogicConnector,
  amlogicFans,
  amlogicSupply,
  amlogicWatchdog,
} from "./control-boards/amlogic-a113d.ts";
import { hashboardLimitsWith } from "./limits.ts";
import type { MachineSpec, VoltageSpec } from "./machine-spec.ts";
import { sensorsOfSlot } from "./parts.ts";

interface Hashboards {
  readonly chain: ChainSpec;
  /** As their memories name them. */
  readonly boards: readonly string[];
  /** First bytes of their memories. */
  readonly header: string;
  readonly voltage: VoltageSpec;
  readonly evidence: string;
}

const SLOTS = [0, 1, 2];

function amlogicAntminer(id: string, name: string, hashboards: Hashboards): MachineSpec {
  const { chain, boards, header, voltage, evidence } = hashboards;
  return {
    id,
    name: `Antminer ${name}`,
    controlBoard: amlogicA113d,
    match: {
      compatible: amlogicA113d.compatible,
      eepromBoard: boards,
      eepromHeader: header,
    },
    chains: SLOTS.map((slot) => ({
      chain,
      ...amlogicConnector(slot),
      voltage,
      sensors: sensorsOfSlot(slot, "/dev/i2c-1", {
        evidence: "thin",
        source: "DCENT_OS, read on one S19k Pro",
      }),
      mayRunWithFewerChips: true,
    })),
    fans: amlogicFans,
    fansRequired: 4, // all that there are
    supply: amlogicSupply,
    limits: hashboardLimitsWith(chain.chip),
    backstop: amlogicWatchdog,
    pollMs: 1_000, // six readings of a millisecond, and one exchange of 0.4 s with the supply
    startDelayMs: 2_000, // ours: no number is known
    evidence,
  };
}

export const antminerS19Xp: MachineSpec = amlogicAntminer("s19-xp", "S19 XP", {
  chain: s19XpChain,
  boards: ["BHB56801", "BHB56802"], // DCENT_OS [?]
  header: "0511",
  voltage: {
    startV: 15, // as the S19 Pro
    workingV: 13.9, // as the S19k Pro
    evidence: "assumed",
    source: "nothing is known; for the simulation",
  },
  evidence: "bring-up from notes of a dump, control board from one firmware, voltage assumed",
});

export const antminerS19kPro: MachineSpec = amlogicAntminer("s19k-pro", "S19k Pro", {
  chain: s19kProChain,
  boards: ["BHB56902"],
  header: "0511",
  voltage: {
    startV: 15, // as the S19 Pro
    workingV: 13.9, // what three boards' memories say for 670 MHz
    evidence: "thin",
    source: "DCENT_OS's reading of one machine's memories",
  },
  evidence: "chips counted on hardware, bring-up as the S19 XP's, sensors seen on one unit",
});

/** Of the S21 and T21. */
const s21Voltage: VoltageSpec = {
  startV: 15, // stock's test fixture
  workingV: 13.8, // within 12.9 to 15.0 V
  evidence: "thin",
  source: "DCENT_OS alone",
};

export const antminerS21: MachineSpec = amlogicAntminer("s21", "S21", {
  chain: s21Chain,
  boards: ["BHB68601", "BHB68603", "BHB68606"],
  header: "0511",
  voltage: s21Voltage,
  evidence: "no capture of its chain; control board from one firmware",
});

export const antminerT21: MachineSpec = amlogicAntminer("t21", "T21", {
  chain: s21Chain,
  boards: ["BHB68701"],
  header: "0511",
  voltage: { ...s21Voltage, evidence: "assumed", source: "as the S21" },
  evidence: "no capture of its chain; everything else as the S21",
});

export const antminerS21Pro: MachineSpec = amlogicAntminer("s21-pro", "S21 Pro", {
  chain: s21ProChain,
  boards: ["A3HB70601"],
  header: "0141",
  voltage: {
    startV: 15, // as the S21
    workingV: 13.8, // within 12.8 to 16.0 V
    evidence: "thin",
    source: "DCENT_OS alone",
  },
  evidence:
    "bring-up captured by others, control board from one firmware; its sensors may be a bank behind an I²C switch instead [?]",
});
