/** A plant under a virtual clock, with chains that draw power when told to. */

import type { LineRef, MachineSpec } from "../../../boards/machine-spec.ts";
import { machineById } from "../../../boards/machines.ts";
import type { Assumptions } from "../../../simulator/plant/assumptions.ts";
import type { PoweredChain } from "../../../simulator/plant/board-model.ts";
import { Plant } from "../../../simulator/plant/plant.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import type { OutputLine } from "../../../src/ports/lines.ts";
import type { MachineFacts } from "../../../src/ports/machine-platform.ts";

/** Hashes at the declared frequency whenever it may and `wantsToHash`. */
export class LoadChain implements PoweredChain {
  readonly #fullMHz: number;
  wantsToHash = true;
  isPowered = true;
  isHeld = false;
  resets = 0;
  readonly chipsC = new Map<number | "all", number>();
  readonly faults = new Set<unknown>();

  constructor(fullMHz: number) {
    this.#fullMHz = fullMHz;
  }

  get activeMHz(): number {
    return this.isPowered && !this.isHeld && this.wantsToHash ? this.#fullMHz : 0;
  }

  setPower(on: boolean): void {
    this.isPowered = on;
  }

  setReset(held: boolean): void {
    this.isHeld = held;
    this.resets++;
  }

  setChipTemperatureC(chip: number | "all", temperatureC: number): void {
    this.chipsC.set(chip, temperatureC);
  }

  addFault(fault: unknown): void {
    this.faults.add(fault);
  }

  removeFault(fault: unknown): void {
    this.faults.delete(fault);
  }
}

export interface Rig extends Disposable {
  readonly spec: MachineSpec;
  readonly clock: VirtualClock;
  readonly chains: readonly LoadChain[];
  readonly plant: Plant;
  readonly passS: (seconds: number) => Promise<void>;
}

export function openRig(
  machine: string | MachineSpec,
  options: { assumptions?: Partial<Assumptions>; facts?: Partial<MachineFacts> } = {},
): Rig {
  const spec = typeof machine === "string" ? declared(machine) : machine;
  const clock = new VirtualClock();
  const chains = spec.chains.map(
    ({ chain }) => new LoadChain(chain.frequencyMHz * chain.chipCount),
  );
  const plant = new Plant({ spec, chains, clock, seed: 1, ...options });
  return {
    ...{ spec, clock, chains, plant },
    passS: (seconds) => clock.advance(seconds * 1_000),
    [Symbol.dispose]: () => plant[Symbol.dispose](),
  };
}

export function declared(id: string): MachineSpec {
  const spec = machineById(id);
  if (spec === undefined) throw new Error(`no machine ${id}`);
  return spec;
}

/** Output lines of a control board, opened. */
export async function openLine(rig: Rig, ref: LineRef, active: boolean): Promise<OutputLine> {
  if (ref.via !== "gpio") throw new Error(`${ref.label} is not a line of the control board`);
  return rig.plant.machine.openOutput(ref, active);
}

/** The outcome of what needs the clock to go on. */
export async function settled<T>(rig: Pick<Rig, "clock">, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  for (let step = 0; step < 100_000 && !isOver; step++) await rig.clock.advance(1);
  return promise;
}

/** "dead" and such. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Frames of the vendor's parts, a byte in each transfer; `register`: what goes before each byte. */
export async function talk(
  rig: Rig,
  at: { readonly path: string; readonly address: number; readonly register?: number },
  request: Uint8Array,
  answerBytes: number,
  waitMs = 500,
): Promise<Uint8Array> {
  const bus = await rig.plant.machine.openI2c(at.path);
  const prefix = at.register === undefined ? [] : [at.register];
  for (const byte of request)
    await settled(rig, bus.transfer(at.address, Uint8Array.of(...prefix, byte), 0));
  await rig.clock.advance(waitMs);
  const answer = new Uint8Array(answerBytes);
  for (let i = 0; i < answerBytes; i++) {
    const [byte = 0] = await settled(rig, bus.transfer(at.address, Uint8Array.from(prefix), 1));
    answer[i] = byte;
  }
  await bus[Symbol.asyncDispose]();
  return answer;
}

export const PSU = { path: "/dev/i2c-1", address: 0x10, register: 0x11 };

/** The supply at so many volts, on; all resets released; every board enabled. */
export async function powerUp(rig: Rig, code = 88): Promise<void> {
  const { spec } = rig;
  if (spec.supply?.driver.part.startsWith("APW")) {
    const body = [0x06, 0x83, code, 0x00];
    const sum = body.reduce((total, byte) => total + byte, 0);
    await talk(rig, PSU, Uint8Array.of(0x55, 0xaa, ...body, sum & 0xff, sum >> 8), 8);
  }
  if (spec.supply !== undefined) await openLine(rig, spec.supply.enable, true);
  for (const [index, chain] of spec.chains.entries()) {
    if (chain.enable !== undefined) await openLine(rig, chain.enable, true);
    if (chain.supply?.driver.part.startsWith("dsPIC")) await switchPic(rig, index, true);
    await openLine(rig, chain.reset, false);
  }
}

export async function switchPic(rig: Rig, chain: number, on: boolean): Promise<Uint8Array> {
  const at = { path: "/dev/i2c-0", address: 0x20 + chain };
  const request = on ? "55aa051501001b" : "55aa051500001a";
  return talk(rig, at, Uint8Array.from(Buffer.from(request, "hex")), 2);
}

export async function beat(rig: Rig, chain: number): Promise<Uint8Array> {
  const at = { path: "/dev/i2c-0", address: 0x20 + chain };
  return talk(rig, at, Uint8Array.from(Buffer.from("55aa0416001a", "hex")), 6);
}

/** A USB board's control port: the answer to a packet. */
export async function askUsb(rig: Rig, packet: string): Promise<string> {
  const { usbControl } = rig.plant;
  if (usbControl === undefined) throw new Error("no control port");
  let answer: string | undefined;
  using _listening = usbControl.onTransmit((bytes) => {
    answer = Buffer.from(bytes).toString("hex");
  });
  usbControl.receive(Uint8Array.from(Buffer.from(packet, "hex")));
  for (let step = 0; step < 1_000 && answer === undefined; step++) await rig.clock.advance(1);
  return answer ?? "nothing";
}

/** An I²C transfer through the control port; the data of the answer. */
export async function usbTransfer(
  rig: Rig,
  address: number,
  write: readonly number[],
  readLength: number,
): Promise<string> {
  const command = readLength === 0 ? 0x20 : 0x40;
  const data = [address, ...write, ...(readLength === 0 ? [] : [readLength])];
  const packet = [6 + data.length, 0, 7, 0, 5, command, ...data];
  const answer = await askUsb(rig, Buffer.from(packet).toString("hex"));
  return answer.slice(6, 8) === "00" ? answer.slice(8) : `status ${answer.slice(6, 8)}`;
}
