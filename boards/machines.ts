/** Every declared machine, and those that are known and cannot be served. */
import {
  antminerS19kPro,
  antminerS19Xp,
  antminerS21,
  antminerS21Pro,
  antminerT21,
} from "./antminer-amlogic.ts";
import { antminerS19jPro, antminerS19jProBb, antminerS19jProCv } from "./antminer-s19j-pro.ts";
import { bitaxeGamma, bitaxeMax, bitaxeSupra, bitaxeUltra } from "./bitaxe.ts";
import { emberOne } from "./emberone.ts";
import type { MachineSpec, RefusedMachine } from "./machine-spec.ts";
import { piUart } from "./raspberry-pi.ts";
import { sabreLite, sabreLiteSingle } from "./sabrelite.ts";
import { virtualMachines } from "./virtual.ts";

export const machines: readonly MachineSpec[] = [
  antminerS19jPro,
  antminerS19jProBb,
  antminerS19jProCv,
  antminerS19kPro,
  antminerS19Xp,
  antminerS21,
  antminerT21,
  antminerS21Pro,
  bitaxeMax,
  bitaxeUltra,
  bitaxeSupra,
  bitaxeGamma,
  emberOne,
  piUart,
  sabreLite,
  sabreLiteSingle,
  ...virtualMachines,
];

/** `undefined` when there is none of that name. */
export function machineById(id: string): MachineSpec | undefined {
  return machines.find((machine) => machine.id === id);
}

const ZYNQ = ["xlnx,zynq-7000"]; // mainline's device trees [D]
const BEHIND_AN_FPGA =
  "its hashboards hang on an FPGA, not on a UART; another control board (Amlogic, AM335x) serves such hashboards";

/** The most specific one counts. Words of the model are what firmware images of others write there [?]. */
export const refusedMachines: readonly RefusedMachine[] = [
  {
    id: "zynq",
    name: "a machine with a Xilinx Zynq control board (S9, S17, T17, S19 and S19 Pro)",
    match: { compatible: ZYNQ },
    reason: BEHIND_AN_FPGA,
  },
  {
    id: "s9",
    name: "Antminer S9",
    match: { compatible: ZYNQ, model: "S9" },
    reason: BEHIND_AN_FPGA,
  },
  {
    id: "s17",
    name: "Antminer S17",
    match: { compatible: ZYNQ, model: "S17" },
    reason: BEHIND_AN_FPGA,
  },
  {
    id: "t17",
    name: "Antminer T17",
    match: { compatible: ZYNQ, model: "T17" },
    reason: BEHIND_AN_FPGA,
  },
  {
    id: "s19",
    name: "Antminer S19 or S19 Pro",
    match: { compatible: ZYNQ, model: "S19" },
    reason: BEHIND_AN_FPGA,
  },
  {
    id: "s19j-pro-bb-v2",
    name: "Antminer S19j Pro with S19J_IO_BOARD_V2_0",
    match: { compatible: ["ti,am335x-bone-black"], model: "S19J_IO_BOARD_V2_0" },
    reason:
      "its lines differ from the BBCtrl's, and sources contradict each other about the polarity of its resets",
  },
];
