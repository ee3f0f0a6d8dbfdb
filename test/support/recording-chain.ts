/** A hash chain without chips: records what it is told and reports the nonces that a test hands it. */
import type {
  ChipHealth,
  ChipJob,
  HashChain,
  NonceListener,
} from "../../src/hashing/hash-chain.ts";
import type { DeviceError } from "../../src/lib/errors.ts";
import { BIP320_MASK } from "../../src/work/work.ts";

export class RecordingChain implements HashChain {
  readonly chipName = "none";
  readonly chipsFound = 1;
  frequencyMHz = 500;
  nominalHps: number;
  readonly ticketZeroBits: number;
  readonly chipJobIds: readonly number[] = [0, 8, 16, 24];
  readonly nonceCoverage = 1;
  readonly rollableMask = BIP320_MASK;
  readonly counters = {
    framesReceived: 0,
    bytesDropped: 0,
    crcErrors: 0,
    wrongChipIds: 0,
    unexpectedFrames: 0,
  };
  /** What `readHealth` says; tests fill it. */
  health: readonly ChipHealth[] = [];
  readonly chipFrequenciesMHz = new Map<number, number>();
  /** Jobs dispatched and the word "idle", in order. */
  readonly told: (ChipJob | "idle")[] = [];
  versionMask = -1;
  readonly #epochMs: number;
  #onNonce: NonceListener = () => {};
  #onGone: (reason: DeviceError) => void = () => {};

  constructor(options: { ticketZeroBits?: number; nominalHps?: number; epochMs?: number } = {}) {
    this.ticketZeroBits = options.ticketZeroBits ?? 0;
    this.nominalHps = options.nominalHps ?? 1e6;
    this.#epochMs = options.epochMs ?? 10_000;
  }

  get jobs(): readonly ChipJob[] {
    return this.told.filter((entry) => entry !== "idle");
  }

  get lastJob(): ChipJob | undefined {
    return this.jobs.at(-1);
  }

  epochMs(rolledBits: number): number {
    return this.#epochMs * 2 ** (rolledBits - 16);
  }

  setVersionMask(mask: number): void {
    this.versionMask = mask;
  }

  dispatch(job: ChipJob): void {
    this.told.push({ ...job });
  }

  idle(): void {
    this.told.push("idle");
  }

  /** At once, and the rate in proportion. */
  async setFrequency(frequencyMHz: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.nominalHps *= frequencyMHz / this.frequencyMHz;
    this.frequencyMHz = frequencyMHz;
  }

  setChipFrequency(chipIndex: number, frequencyMHz: number | undefined): void {
    if (frequencyMHz === undefined) this.chipFrequenciesMHz.delete(chipIndex);
    else this.chipFrequenciesMHz.set(chipIndex, frequencyMHz);
  }

  async readHealth(signal: AbortSignal): Promise<readonly ChipHealth[]> {
    signal.throwIfAborted();
    return this.health;
  }

  onNonce(listener: NonceListener): Disposable {
    this.#onNonce = listener;
    return { [Symbol.dispose]() {} };
  }

  onGone(listener: (reason: DeviceError) => void): Disposable {
    this.#onGone = listener;
    return { [Symbol.dispose]() {} };
  }

  report(chipJobId: number, nonce: number, versionBits = 0): void {
    this.#onNonce(chipJobId, nonce, versionBits, 0, 0);
  }

  vanish(reason: DeviceError): void {
    this.#onGone(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
