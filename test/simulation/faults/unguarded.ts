/** The same machine without a guard: powered by hand, fans at what does in a cool room, the miner allowed everything. */
import type { BoardHardware } from "../../../firmware/guard/board-hardware.ts";
import { openMachineHardware } from "../../../firmware/guard/machine-hardware.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { VirtualPlant, type VirtualPlantOptions } from "../../support/virtual-plant.ts";
import { machineFor, VirtualProcess } from "./virtual-process.ts";

const FAN_PERCENT = 60;
const BEAT_MS = 3_000;

export async function startUnguarded(options: VirtualPlantOptions): Promise<VirtualPlant> {
  const machine = new VirtualPlant(options);
  void powerUp(machine);
  return machine;
}

async function powerUp(machine: VirtualPlant): Promise<void> {
  const { clock, spec, plant } = machine;
  const process = new VirtualProcess(clock);
  const platform = machineFor(process, plant.machine);
  const usbControl = await machine.usbControl();
  const { boards, fans } = await openMachineHardware(spec, platform, usbControl, silentLog);
  for (const fan of fans) await fan.setDuty(FAN_PERCENT);
  const voltage = spec.chains[0]?.voltage;
  if (voltage === undefined) return;
  const miner = machine.startMiner(process);
  clock.every(BEAT_MS, () => beat(boards));
  clock.every(1_000, () =>
    miner.link.send({
      tell: "allow",
      chains: boards.map(({ index, grant, spec: { chain } }) => ({
        ...{ index, grant, targetFrequencyMHz: null, reason: null },
        frequencyCapMHz: chain.frequencyMHz,
      })),
    }),
  );
  for (const board of boards) await board.powerOn(voltage);
}

function beat(boards: readonly BoardHardware[]): void {
  for (const board of boards) void board.beat();
}
