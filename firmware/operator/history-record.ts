/**
 * One step of history as bytes, all little endian: CRC-32, number of the step, then per series 24 bits of mean (a float
 * without its lowest byte: 16 significant bits) above 8 bits of weight. The checksum begins with the layout's name, so a
 * record of another layout is as unreadable as a damaged one, and nothing but the records has to be intact.
 */
import { crc32 } from "../../src/lib/crc32.ts";
import type { StepMeans } from "../../src/telemetry/history/mean-ring.ts";

export interface RecordLayout {
  /** Names everything that the bytes depend on. */
  readonly seed: number;
  readonly width: number;
  /** Weight is kept in units of so many, rounded up: 0 is unknown and nothing else. */
  readonly weightUnit: number;
}

export function recordLayout(
  kind: string,
  names: readonly string[],
  weightUnit: number,
): RecordLayout {
  // The format's version; whoever changes the format changes it, and old records become gaps.
  const name = `asicd history 1 ${kind} ${weightUnit} ${names.join(",")}`;
  const seed = crc32(new TextEncoder().encode(name));
  return { seed, width: names.length, weightUnit };
}

export function recordBytes({ width }: RecordLayout): number {
  return HEADER_BYTES + width * CELL_BYTES;
}

export function encodeRecord(
  layout: RecordLayout,
  { step, means, weights }: StepMeans,
): Uint8Array {
  const bytes = new Uint8Array(recordBytes(layout));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, step, true);
  for (let i = 0; i < layout.width; i++) {
    const units = Math.min(255, Math.ceil((weights[i] ?? 0) / layout.weightUnit));
    view.setUint32(HEADER_BYTES + i * CELL_BYTES, units === 0 ? 0 : cell(means[i], units), true);
  }
  view.setUint32(0, crc32(bytes.subarray(4), layout.seed), true);
  return bytes;
}

/** `undefined` for bytes that are no whole record of this layout. */
export function decodeRecord(layout: RecordLayout, bytes: Uint8Array): StepMeans | undefined {
  if (bytes.length !== recordBytes(layout)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4), layout.seed)) return undefined;
  const means = new Float32Array(layout.width);
  const weights = new Uint16Array(layout.width);
  for (let i = 0; i < layout.width; i++) {
    const value = view.getUint32(HEADER_BYTES + i * CELL_BYTES, true);
    means[i] = floatOf(value & ~0xff);
    weights[i] = (value & 0xff) * layout.weightUnit;
  }
  return { step: view.getUint32(4, true), means, weights };
}

const HEADER_BYTES = 8;
const CELL_BYTES = 4;

const scratch = new DataView(new ArrayBuffer(4));

function cell(mean: number | undefined, units: number): number {
  scratch.setFloat32(0, mean ?? Number.NaN);
  const bits = scratch.getUint32(0);
  const rounded = (bits + 0x80) & ~0xff;
  // Neither NaN nor infinity is a mean, nor what rounds to it.
  return Number.isFinite(floatOf(rounded)) ? (rounded | units) >>> 0 : 0;
}

function floatOf(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}
