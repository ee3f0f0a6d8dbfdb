/** A host's side of a simulated chain for tests: commands as bytes, answers as frames, a virtual clock between them. */
import { ChainModel, geometryOf } from "../../../simulator/chain/chain-model.ts";
import type { ChainModelOptions } from "../../../simulator/chain/chain-options.ts";
import { openSynchronousSearcher } from "../../../simulator/hashing/synchronous-engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";

export interface Answer {
  readonly atMs: number;
  readonly hex: string;
}

export class TestHost {
  readonly clock: VirtualClock;
  readonly chain: ChainModel;
  readonly answers: Answer[] = [];
  baudRate = 115_200;

  constructor(
    options: Pick<ChainModelOptions, "chip" | "chipCount" | "requiredZeroBits"> &
      Partial<ChainModelOptions> & { readonly clock?: VirtualClock },
  ) {
    const { chip, chipCount, requiredZeroBits, clock = new VirtualClock() } = options;
    this.clock = clock;
    const geometry = geometryOf(chip, chipCount, requiredZeroBits);
    this.chain = new ChainModel({
      clock,
      seed: 1,
      searcher: openSynchronousSearcher({ clock, geometry }),
      hostBaudRate: () => this.baudRate,
      ...options,
    });
    this.chain.onTransmit((bytes) =>
      this.answers.push({ atMs: this.clock.nowMs(), hex: toHex(bytes) }),
    );
  }

  send(...frames: readonly (string | Uint8Array)[]): void {
    for (const frame of frames)
      this.chain.receive(typeof frame === "string" ? fromHex(frame) : frame, this.baudRate);
  }

  /** What came within that time, as hex frames; earlier answers are forgotten. */
  async answersWithin(durationMs: number): Promise<string[]> {
    this.answers.length = 0;
    await this.clock.advance(durationMs);
    return this.answers.map(({ hex }) => hex);
  }

  async ask(frame: string | Uint8Array, withinMs = 200): Promise<string[]> {
    this.send(frame);
    return this.answersWithin(withinMs);
  }
}

export const frames = {
  readAll: (register: number) => command(0x52, 0, register),
  readOne: (address: number, register: number) => command(0x42, address, register),
  writeAll: (register: number, value: number) => command(0x51, 0, register, value),
  writeOne: (address: number, register: number, value: number) =>
    command(0x41, address, register, value),
  chainInactive: command(0x53, 0, 0),
  setAddress: (address: number) => command(0x40, address, 0),
};

export interface JobFields {
  readonly idByte: number;
  /** 80 bytes, of which the nonce does not matter. */
  readonly header: Uint8Array;
}

export function jobFrame({ idByte, header }: JobFields): Uint8Array {
  const frame = new Uint8Array(88);
  frame.set([0x55, 0xaa, 0x21, 0x36, idByte, 0x01]);
  frame.set(header.subarray(72, 76), 10);
  frame.set(header.subarray(68, 72), 14);
  for (let i = 0; i < 8; i++) {
    frame.set(header.subarray(36 + 4 * i, 40 + 4 * i), 18 + 4 * (7 - i));
    frame.set(header.subarray(4 + 4 * i, 8 + 4 * i), 50 + 4 * (7 - i));
  }
  frame.set(header.subarray(0, 4), 82);
  return sealed(frame);
}

/** The job frame with the checksum that it should have. */
export function sealed(frame: Uint8Array): Uint8Array {
  const crc = remainder(frame.subarray(2, -2), 16, 0x1021, 0xffff);
  frame.set([crc >>> 8, crc & 0xff], frame.length - 2);
  return frame;
}

function command(header: number, address: number, register: number, value?: number): Uint8Array {
  const bytes = [header, value === undefined ? 5 : 9, address, register];
  if (value !== undefined)
    bytes.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  return Uint8Array.from([0x55, 0xaa, ...bytes, remainder(bytes, 5, 0x05, 0x1f)]);
}

function remainder(bytes: Iterable<number>, width: number, poly: number, initial: number): number {
  let crc = initial;
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >>> (width - 1)) & 1;
      crc = (crc << 1) & (2 ** width - 1);
      if (top !== ((byte >>> bit) & 1)) crc ^= poly;
    }
  return crc;
}
