/** A board on the far end of a control port: parses requests, answers in one of the protocols, or misbehaves. */

import type { SimDevice } from "../../../simulator/sim-uart.ts";
import { toHex } from "../../../src/lib/bytes.ts";

/** How a v0 board says that something failed: as described, or as its source has it. */
export type Dialect = "v0, as described" | "v0, as in the source" | "v1";

export interface Refusal {
  readonly status: number;
  readonly message?: string;
}

/** Data of the reply; "silent" for none. `command` is page, command and data in hex. */
export type Behaviour = (command: string, count: number) => Uint8Array | Refusal | "silent";

export class ControlDevice {
  readonly requests: string[] = [];
  /** Put before the next reply. */
  noise: Uint8Array = new Uint8Array();
  #held: number[] = [];
  readonly #device: SimDevice;
  readonly #dialect: Dialect;
  readonly #behaviour: Behaviour;

  constructor(device: SimDevice, dialect: Dialect, behaviour: Behaviour) {
    this.#device = device;
    this.#dialect = dialect;
    this.#behaviour = behaviour;
    device.onData((chunk) => this.#take(chunk));
  }

  /** Something that nobody asked for. */
  write(bytes: Uint8Array): void {
    this.#device.write(bytes);
  }

  #take(chunk: Uint8Array): void {
    this.#held.push(...chunk);
    while (this.#held.length >= 2) {
      const length = (this.#held[0] as number) + 256 * (this.#held[1] as number);
      if (this.#held.length < length) return;
      const request = Uint8Array.from(this.#held.splice(0, length));
      this.requests.push(toHex(request));
      const answer = this.#behaviour(toHex(request.subarray(4)), this.requests.length);
      if (answer !== "silent") this.#answer(request[2] as number, answer);
    }
  }

  #answer(id: number, answer: Uint8Array | Refusal): void {
    const reply = answer instanceof Uint8Array ? this.#data(id, answer) : this.#error(id, answer);
    this.#device.write(Uint8Array.of(...this.noise, ...reply));
    this.noise = new Uint8Array();
  }

  #data(id: number, data: Uint8Array): number[] {
    const head = this.#dialect === "v1" ? [data.length + 4, 0, id, 0] : [data.length, 0, id];
    return [...head, ...data];
  }

  #error(id: number, { status, message = "" }: Refusal): number[] {
    const text = [...message].map((c) => c.charCodeAt(0));
    switch (this.#dialect) {
      case "v1":
        return [text.length + 4, 0, id, status, ...text];
      case "v0, as described":
        return [text.length + 2, 0, id, 0xff, status, ...text];
      case "v0, as in the source":
        return [text.length + 4, 0, id, status, ...text];
      default:
        return this.#dialect satisfies never;
    }
  }
}
