/** The bitaxe-raw firmware of a USB board: packets on its control port become I²C transfers and levels of pins [D, mujina]. */
import { concatBytes } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { I2cBusModel } from "./i2c-bus-model.ts";

/** Length, id, bus, page and command; the length counts them all. */
const HEADER_BYTES = 6;
/** The I²C of these boards gives no more; more is a packet that begins in the middle. */
const MAX_PACKET_BYTES = 512;

const PAGE_I2C = 0x05;
const PAGE_GPIO = 0x06;
const PAGE_ADC = 0x07;
const PAGE_LED = 0x08;
const PAGE_SYSTEM = 0x09;
const SET_FREQUENCY = 0x10;
const WRITE = 0x20;
const READ = 0x30;
const WRITE_READ = 0x40;
const READ_VDD = 0x50;
const READ_VIN = 0x51;
const SET_COLOR = 0x10;
const REBOOT = 0x01;
const REBOOT_MAGIC = 0xdeadbeef;

const STATUS = { ok: 0x00, timeout: 0x10, invalid: 0x11, overflow: 0x12, custom: 0xff } as const;
/** What announces an error where there is no status, version 0. */
const ERROR_MARK = 0xff;

interface Outcome {
  readonly status: number;
  readonly data: readonly number[];
}

export interface BitaxeRawOptions {
  readonly clock: Clock;
  /** 0: the length of a response counts its data only, and there is no status. */
  readonly protocol: 0 | 1;
  readonly bus: I2cBusModel;
  readonly latencyMs: number;
  readonly inputV: () => number;
  readonly onPins: () => void;
}

export class BitaxeRawModel {
  readonly #options: BitaxeRawOptions;
  readonly #transmitted = new Signal<Uint8Array>();
  readonly #pins = new Map<number, boolean>();
  #heard: Uint8Array = new Uint8Array(0);
  /** Requests are done one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: BitaxeRawOptions) {
    this.#options = options;
  }

  /** High or low; pins that nobody has driven are low [?]. */
  level(pin: number): boolean {
    return this.#pins.get(pin) ?? false;
  }

  /** A level that comes from outside. */
  setLevel(pin: number, level: boolean): void {
    this.#pins.set(pin, level);
  }

  /** Bytes of the host, in chunks of any size. */
  receive(bytes: Uint8Array): void {
    this.#heard = concatBytes(this.#heard, bytes);
    while (this.#heard.length >= 2) {
      const length = (this.#heard[0] as number) | ((this.#heard[1] as number) << 8);
      if (length < HEADER_BYTES || length > MAX_PACKET_BYTES) {
        this.#heard = this.#heard.slice(1);
        continue;
      }
      if (this.#heard.length < length) return;
      const packet = this.#heard.slice(0, length);
      this.#heard = this.#heard.slice(length);
      this.#last = this.#last.then(() => this.#serve(packet));
    }
  }

  /** What the board sends to its host. The bytes are the listener's. */
  onTransmit(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#transmitted.on(listener);
  }

  async #serve(packet: Uint8Array): Promise<void> {
    const [, , id = 0, , page = 0, command = 0] = packet;
    await this.#options.clock.sleep(this.#options.latencyMs);
    const { status, data } = await this.#perform(page, command, packet.slice(HEADER_BYTES));
    this.#transmitted.emit(this.#response(id, status, data));
  }

  #response(id: number, status: number, data: readonly number[]): Uint8Array {
    if (this.#options.protocol === 1) {
      const length = 4 + data.length;
      return Uint8Array.of(length & 0xff, length >> 8, id, status, ...data);
    }
    const shown = status === STATUS.ok ? data : [ERROR_MARK, status];
    return Uint8Array.of(shown.length & 0xff, shown.length >> 8, id, ...shown);
  }

  async #perform(page: number, command: number, data: Uint8Array): Promise<Outcome> {
    switch (page) {
      case PAGE_I2C:
        return this.#transfer(command, data);
      case PAGE_GPIO:
        return this.#pin(command, data[0]);
      case PAGE_ADC:
        return this.#measure(command);
      case PAGE_LED:
        return command === SET_COLOR && data.length === 3 ? ok() : failed("invalid");
      case PAGE_SYSTEM:
        return this.#system(command, data);
      default:
        return failed("invalid");
    }
  }

  async #transfer(command: number, data: Uint8Array): Promise<Outcome> {
    const { bus } = this.#options;
    if (command === SET_FREQUENCY) {
      if (data.length !== 4) return failed("invalid");
      bus.setFrequency(Math.max(1, littleEndian(data)));
      return ok();
    }
    const [address = 0x80] = data;
    const last = data.at(-1) ?? 0;
    try {
      switch (command) {
        case WRITE:
          return ok(await bus.transfer(address, data.slice(1), 0));
        case READ:
          return ok(await bus.transfer(address, new Uint8Array(0), last));
        case WRITE_READ:
          return ok(await bus.transfer(address, data.slice(1, -1), last));
        default:
          return failed("invalid");
      }
    } catch (error) {
      // Which status stands for which failure is not known [?].
      if (!(error instanceof DeviceError)) throw error;
      return failed(error.code === "refused" ? "invalid" : "timeout");
    }
  }

  #pin(pin: number, value: number | undefined): Outcome {
    if (value === undefined) return ok([this.level(pin) ? 1 : 0]);
    if (value > 1) return failed("invalid");
    const hasChanged = this.level(pin) !== (value === 1);
    this.#pins.set(pin, value === 1);
    if (hasChanged) this.#options.onPins();
    return ok([value]);
  }

  #measure(command: number): Outcome {
    if (command !== READ_VDD && command !== READ_VIN) return failed("invalid");
    const millivolts = command === READ_VDD ? 3_300 : Math.round(this.#options.inputV() * 1_000);
    return ok([millivolts & 0xff, millivolts >> 8]);
  }

  #system(command: number, data: Uint8Array): Outcome {
    if (command !== REBOOT || data.length !== 4 || littleEndian(data) !== REBOOT_MAGIC)
      return failed("invalid");
    this.#pins.clear();
    this.#options.onPins();
    return ok();
  }
}

function ok(data: Iterable<number> = []): Outcome {
  return { status: STATUS.ok, data: [...data] };
}

function failed(why: keyof typeof STATUS): Outcome {
  return { status: STATUS[why], data: [] };
}

function littleEndian(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}
