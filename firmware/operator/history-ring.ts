/** Records of one kind in one file, each at the place that follows from its step. */
import { concatBytes, equalBytes } from "../../src/lib/bytes.ts";
import { type StepMeans, slotOf } from "../../src/telemetry/history/mean-ring.ts";
import type { HistoryDisk } from "./history-disk.ts";
import { decodeRecord, encodeRecord, type RecordLayout, recordBytes } from "./history-record.ts";

/** Read at once: some 25 kB for a machine with three boards. */
const CHUNK_RECORDS = 256;

export class HistoryRing {
  readonly #disk: HistoryDisk;
  readonly #name: string;
  readonly #capacity: number;
  readonly #layout: RecordLayout;
  readonly #recordBytes: number;

  constructor(disk: HistoryDisk, name: string, capacity: number, layout: RecordLayout) {
    this.#disk = disk;
    this.#name = name;
    this.#capacity = capacity;
    this.#layout = layout;
    this.#recordBytes = recordBytes(layout);
  }

  get maxBytes(): number {
    return this.#capacity * this.#recordBytes;
  }

  /** Whole records only, whatever their steps; at most as many as there is room for. */
  async *all(): AsyncGenerator<StepMeans> {
    for (let slot = 0; slot < this.#capacity; slot += CHUNK_RECORDS)
      yield* await this.#slots(slot, Math.min(CHUNK_RECORDS, this.#capacity - slot));
  }

  /** Those of these steps that are there, in order. */
  async *range(fromStep: number, toStep: number): AsyncGenerator<StepMeans> {
    let step = Math.max(0, fromStep, toStep - this.#capacity + 1);
    while (step <= toStep) {
      const slot = slotOf(step, this.#capacity);
      const count = Math.min(CHUNK_RECORDS, toStep - step + 1, this.#capacity - slot);
      for (const one of await this.#slots(slot, count))
        if (one.step >= step && one.step < step + count) yield one;
      step += count;
    }
  }

  /** Steps in order. Rejects with the system's error; then some may be written. */
  async write(steps: readonly StepMeans[]): Promise<void> {
    let run: StepMeans[] = [];
    for (const one of steps) {
      const last = run.at(-1);
      if (last !== undefined && this.#slot(one) !== this.#slot(last) + 1) {
        await this.#writeRun(run);
        run = [];
      }
      run.push(one);
    }
    if (run.length > 0) await this.#writeRun(run);
  }

  /** Nothing would change by writing it. */
  isSame(onDisk: StepMeans, other: StepMeans): boolean {
    return equalBytes(encodeRecord(this.#layout, onDisk), encodeRecord(this.#layout, other));
  }

  #slot({ step }: StepMeans): number {
    return slotOf(step, this.#capacity);
  }

  async #writeRun(run: readonly StepMeans[]): Promise<void> {
    const [first] = run;
    if (first === undefined) return;
    const bytes = concatBytes(...run.map((one) => encodeRecord(this.#layout, one)));
    const position = this.#slot(first) * this.#recordBytes;
    await this.#disk.write(this.#name, position, bytes, this.maxBytes);
  }

  async #slots(slot: number, count: number): Promise<readonly StepMeans[]> {
    const size = this.#recordBytes;
    const bytes = await this.#disk.read(this.#name, slot * size, count * size);
    const found: StepMeans[] = [];
    for (let i = 0; (i + 1) * size <= bytes.length; i++) {
      const one = decodeRecord(this.#layout, bytes.subarray(i * size, (i + 1) * size));
      if (one !== undefined && this.#slot(one) === slot + i) found.push(one);
    }
    return found;
  }
}
