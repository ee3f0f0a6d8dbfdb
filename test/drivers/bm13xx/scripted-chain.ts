/** A UART with a chain behind it that answers reads and records what it is told. It does not hash. */
import type { Bm13xxChip } from "../../../drivers/bm13xx/chips.ts";
import { headers } from "../../../drivers/bm13xx/frame.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Uart } from "../../../src/ports/uart.ts";
import { registerAnswer } from "./answer-frames.ts";

export interface ScriptedChainOptions {
  readonly chip: Bm13xxChip;
  readonly chips: number;
  /** Answers are this id instead of the chip's. */
  readonly chipId?: number;
  /** The host's rates at which the chain does not answer. */
  readonly deafAtBaud?: readonly number[];
  /** Chips that answer each probe in turn; the last number holds from then on. */
  readonly answeringPerProbe?: readonly number[];
  /** Sent before the answers of each probe. */
  readonly noise?: Uint8Array;
  /** Sent instead of answers, one every so often without end. */
  readonly babble?: { readonly answer: Uint8Array; readonly everyMs: number };
  readonly neverDrains?: boolean;
  /** Comes in at the moment at which the host changes its rate. */
  readonly garbageAtBaudChange?: Uint8Array;
}

export interface SentFrame {
  readonly atMs: number;
  readonly hex: string;
  readonly baudRate: number;
}

export class ScriptedChain implements Uart {
  readonly path = "/dev/ttyS9";
  baudRate = 115_200;
  readonly sent: SentFrame[] = [];
  closed = 0;
  probes = 0;
  readonly #clock: Clock;
  readonly #options: ScriptedChainOptions;
  readonly #receivers = new Set<(chunk: Uint8Array) => void>();
  #babbling: Disposable | undefined;
  readonly #goneListeners = new Set<(reason: DeviceError) => void>();

  constructor(clock: Clock, options: ScriptedChainOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  get listeners(): number {
    return this.#receivers.size + this.#goneListeners.size;
  }

  get hexes(): string[] {
    return this.sent.map(({ hex }) => hex);
  }

  send(bytes: Uint8Array): void {
    this.sent.push({ atMs: this.#clock.nowMs(), hex: toHex(bytes), baudRate: this.baudRate });
    const [, , header, , address = 0, register] = bytes;
    if (this.#options.deafAtBaud?.includes(this.baudRate) || register !== 0) return;
    if (header === headers.readAll) this.#answerProbe();
    if (header === headers.readOne) this.#answerLater([this.#identity(address)]);
  }

  receive(chunk: Uint8Array): void {
    for (const receiver of this.#receivers) receiver(chunk);
  }

  disappear(): void {
    const reason = new DeviceError(this.path, "read", "gone");
    for (const listener of this.#goneListeners) listener(reason);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    this.receive(this.#options.garbageAtBaudChange ?? new Uint8Array());
    this.baudRate = baudRate;
  }

  drain(): Promise<void> {
    return this.#options.neverDrains === true ? new Promise(() => {}) : Promise.resolve();
  }

  onReceive(listener: (chunk: Uint8Array) => void): Disposable {
    this.#receivers.add(listener);
    return { [Symbol.dispose]: () => void this.#receivers.delete(listener) };
  }

  onGone(listener: (reason: DeviceError) => void): Disposable {
    this.#goneListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#goneListeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed++;
    this.#babbling?.[Symbol.dispose]();
  }

  #answerProbe(): void {
    const { answeringPerProbe = [], babble, chips, noise } = this.#options;
    if (babble !== undefined && this.probes === 0)
      this.#babbling = this.#clock.every(babble.everyMs, () => this.receive(babble.answer));
    if (babble !== undefined) {
      this.probes++;
      return;
    }
    const answering = answeringPerProbe[Math.min(this.probes++, answeringPerProbe.length - 1)];
    const answers = Array.from({ length: answering ?? chips }, () => this.#identity(0));
    this.#answerLater(noise === undefined ? answers : [noise, ...answers]);
  }

  #identity(address: number): Uint8Array {
    const { chip, chipId = chip.chipId } = this.#options;
    return registerAnswer(((chipId << 16) | (chip.idByte3 << 8) | address) >>> 0, address, 0);
  }

  /** One millisecond each, as at 115 200 baud. */
  #answerLater(answers: readonly Uint8Array[]): void {
    answers.forEach((answer, i) => {
      this.#clock.after(i + 1, () => this.receive(answer));
    });
  }
}
