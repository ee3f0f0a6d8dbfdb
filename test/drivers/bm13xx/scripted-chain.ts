/** A UART with a chain behind it that answers reads and records what it is told, and keeps it. It does not hash. */
import type { Bm13xxChip } from "../../../drivers/bm13xx/chips.ts";
import { headers } from "../../../drivers/bm13xx/frame.ts";
import { toHex, viewOf } from "../../../src/lib/bytes.ts";
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
  /** Answers are long from the first one on, as of chips that were not reset. */
  readonly answersLong?: boolean;
  /** What a chip says instead of `held`, what it was told; `undefined` for nothing. */
  readonly saysOf?: (register: number, index: number, held: number) => number | undefined;
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
  /** Addresses given out, the nearest chip's first. */
  readonly addresses: number[] = [];
  readonly #written: Map<number, number>[];
  #answerLength: 9 | 11;
  readonly #clock: Clock;
  readonly #options: ScriptedChainOptions;
  readonly #receivers = new Set<(chunk: Uint8Array) => void>();
  #babbling: Disposable | undefined;
  readonly #goneListeners = new Set<(reason: DeviceError) => void>();

  constructor(clock: Clock, options: ScriptedChainOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#answerLength = options.answersLong === true ? 11 : 9;
    this.#written = Array.from({ length: options.chips }, () => new Map());
  }

  /** What chip `index` was told last. */
  held(index: number, register: number): number | undefined {
    return this.#written[index]?.get(register);
  }

  get listeners(): number {
    return this.#receivers.size + this.#goneListeners.size;
  }

  get hexes(): string[] {
    return this.sent.map(({ hex }) => hex);
  }

  send(bytes: Uint8Array): void {
    this.sent.push({ atMs: this.#clock.nowMs(), hex: toHex(bytes), baudRate: this.baudRate });
    const [, , header, , address = 0, register = 0] = bytes;
    if (this.#options.deafAtBaud?.includes(this.baudRate)) return;
    const value = bytes.length === 11 ? viewOf(bytes).getUint32(6) : 0;
    switch (header) {
      case headers.chainInactive:
        this.addresses.length = 0;
        break;
      case headers.setAddress:
        if (this.addresses.length < this.#options.chips) this.addresses.push(address);
        break;
      case headers.writeAll:
        for (const registers of this.#written) registers.set(register, value);
        if (register === 0xa4 && value >>> 31 === 1) this.#answerLength = 11;
        break;
      case headers.writeOne:
        this.#written[this.#indexOf(address)]?.set(register, value);
        break;
      case headers.readAll:
        if (register === 0) this.#answerProbe();
        else this.#answerLater(this.#written.flatMap((_, index) => this.#say(register, index)));
        break;
      case headers.readOne:
        if (register === 0) this.#answerLater([this.#identity(address)]);
    }
  }

  #indexOf(address: number): number {
    const shift = this.#options.chip.commandAddressShift;
    return this.addresses.findIndex((given) => given >> shift === address);
  }

  #say(register: number, index: number): Uint8Array[] {
    const held = this.held(index, register) ?? 0;
    const { saysOf = (_register, _index, value) => value } = this.#options;
    const said = saysOf(register, index, held);
    const address = this.addresses[index];
    if (said === undefined || address === undefined) return [];
    return [registerAnswer(said, address, register, this.#answerLength)];
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
    const id = ((chipId << 16) | (chip.idByte3 << 8) | address) >>> 0;
    return registerAnswer(id, address, 0, this.#answerLength);
  }

  /** One millisecond each, as at 115 200 baud. */
  #answerLater(answers: readonly Uint8Array[]): void {
    answers.forEach((answer, i) => {
      this.#clock.after(i + 1, () => this.receive(answer));
    });
  }
}
