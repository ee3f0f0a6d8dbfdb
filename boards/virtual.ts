/** Machines that exist in the simulation only: any chain, any number of them, and the simplest of everything around. */
import { bm1362, bm1370 } from "../drivers/bm13xx/chips.ts";
import { lm75a } from "../drivers/sensors/lm75.ts";
import type { LineSpec } from "../src/ports/lines.ts";
import type { ChainSpec } from "./chain-spec.ts";
import { chainOf } from "./known-boards.ts";
import { hashboardLimitsWith } from "./limits.ts";
import type {
  ControlBoardSpec,
  FanSpec,
  MachineChainSpec,
  MachineSpec,
  Source,
} from "./machine-spec.ts";
import { activeLow, gpio } from "./parts.ts";

const simulated: Source = { evidence: "assumed", source: "exists in the simulation only" };
const PLUG = 0;
const RESET = 16;
const ENABLE = 32;
const TACHOMETER = 48;

function line(label: string, offset: number): LineSpec {
  return { label, chip: "asicd-virtual", offset };
}

/** Throws RangeError for more than 16 chains. */
export function virtualMachine(chain: ChainSpec, chains: number): MachineSpec {
  if (!(chains >= 1 && chains <= 16)) throw new RangeError(`${chains} chains; allowed: 1 to 16`);
  const id = `virtual-${chain.chip.name.toLowerCase()}`;
  const controlBoard: ControlBoardSpec = {
    name: "virtual",
    compatible: [`asicd,${id}`],
    leds: [],
    buttons: [],
    ...simulated,
  };
  return {
    id,
    name: `Virtual machine with ${chain.chip.name}`,
    controlBoard,
    match: { compatible: controlBoard.compatible },
    chains: Array.from({ length: chains }, (_, index) => boardOf(chain, index)),
    fans: [fan("front", 0), fan("rear", 1)],
    fansRequired: 2,
    limits: hashboardLimitsWith(chain.chip),
    backstop: { by: "watchdog", path: "/dev/watchdog", withinS: 15 },
    pollMs: 1_000,
    startDelayMs: 500,
    evidence: "exists in the simulation only",
  };
}

/** Eight LM75 have addresses on one bus. */
function boardOf(chain: ChainSpec, index: number): MachineChainSpec {
  return {
    chain,
    uart: `/dev/ttyV${index}`,
    reset: gpio(activeLow(line(`reset of chain ${index}`, RESET + index))),
    plugDetect: gpio(line(`plug of chain ${index}`, PLUG + index)),
    enable: gpio(line(`supply of chain ${index}`, ENABLE + index)),
    voltage: { startV: 12, workingV: 12, ...simulated },
    sensors: [
      {
        name: `board ${index}`,
        place: "board",
        driver: lm75a,
        bus: { via: "i2c", path: `/dev/i2c-${Math.floor(index / 8)}` },
        address: 0x48 + (index % 8),
        ...simulated,
      },
    ],
    mayRunWithFewerChips: false,
  };
}

function fan(name: string, channel: number): FanSpec {
  return {
    name: `${name} fan`,
    via: "pwm",
    pwm: { label: `${name} fan`, chip: "pwmchip0", channel, periodNs: 40_000 },
    tachometers: [line(`tachometer of the ${name} fan`, TACHOMETER + channel)],
    pulsesPerTurn: 2,
    ...simulated,
  };
}

/** As many chips as the usual machine of that chip has. */
export const virtualMachines: readonly MachineSpec[] = [
  virtualMachine(chainOf(bm1362, 126), 3),
  virtualMachine(chainOf(bm1370, 65), 3),
];
