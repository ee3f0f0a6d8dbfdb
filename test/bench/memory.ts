/** Proportional set size: of a real device process at rest and at work, and of ten virtual minutes of mining. */
import { Child } from "./child.ts";
import { openDeviceRig } from "./device-rig.ts";
import type { MemoryUse } from "./machine.ts";
import { pause } from "./pause.ts";
import type { VirtualMinerTasks, VirtualMiningResult } from "./virtual-miner-process.ts";

export interface MemoryResult {
  /** Three chains up, channels open, no work yet. */
  readonly idleDevice: MemoryUse;
  readonly virtual: VirtualMiningResult;
  /** From half time to the end, each after a full collection. */
  readonly growth: MemoryUse & { readonly heapMB: number };
}

const MINUTES = 10;
/**
 * V8 doubles its young generation while a program runs (here after 4 and 13 minutes), up to 16 MB twice over. From the
 * start at its final size, it shows what the program will take, and growth that is left is the program's own.
 */
const V8_OPTIONS = ["--expose-gc", "--min-semi-space-size=16"];
const SETTLE_MS = 1_000;

export async function measureMemory(): Promise<MemoryResult> {
  const idleDevice = await measureIdleDevice();
  await using child = new Child<VirtualMinerTasks>("virtual-miner", V8_OPTIONS);
  const virtual = await child.ask("mine", MINUTES);
  const half = virtual.samples[MINUTES / 2 - 1];
  const last = virtual.samples[MINUTES - 1];
  if (half === undefined || last === undefined) throw new Error("samples are missing");
  return {
    idleDevice,
    virtual,
    growth: {
      pssMB: last.pssMB - half.pssMB,
      anonymousMB: last.anonymousMB - half.anonymousMB,
      heapMB: last.heapMB - half.heapMB,
    },
  };
}

/** Three chains of a miner in one process, as it was before there was a guard: channels open, no work yet. */
export async function measureIdleDevice(): Promise<MemoryUse> {
  await using rig = await openDeviceRig(3, true);
  await pause(SETTLE_MS);
  return await rig.device.ask("memory", undefined);
}
