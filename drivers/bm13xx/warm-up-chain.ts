/** A chain of memory for the warm-up of the hot path: the real driver, at the far end of whose UART nobody is. */
import type { WarmUpChain } from "../../src/hashing/warm-up.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { answerTypes } from "./answer-stream.ts";
import { planOf } from "./chain-options.ts";
import { ChainWire } from "./chain-wire.ts";
import { type Bm13xxChip, REQUIRED_ZERO_BITS } from "./chips.ts";
import { crc5OfAnswer } from "./crc.ts";
import { headers } from "./frame.ts";
import { Bm13xxHashChain } from "./hash-chain.ts";

/** With this scale every hash counts. */
const HASH_SCALE = 2 ** REQUIRED_ZERO_BITS;

/** One chip, brought up by nobody: what it would say is written by `report`. */
export function openWarmUpChain(chip: Bm13xxChip, clock: Clock): WarmUpChain {
  const uart = new MemoryUart();
  const plan = planOf({
    chip,
    chipCount: 1,
    addressInterval: 1,
    layout: "single",
    frequencyMHz: chip.nominalFrequencyMHz,
    ticketDifficulty: 1,
    hashScale: HASH_SCALE,
    // No chip is driven here.
    allowExperimental: true,
  });
  const wire = new ChainWire(uart, clock, chip.answerBytes);
  const answer = new Uint8Array(chip.answerBytes);
  answer.set([0xaa, 0x55]);
  const last = answer.length - 1;
  const view = new DataView(answer.buffer);
  return {
    chain: new Bm13xxHashChain(wire, clock, plan, 1, HASH_SCALE, silentLog),
    report(nonce) {
      view.setUint32(2, nonce);
      answer[7] = uart.lastJobId << chip.answerJobIdShift;
      answer[last] = (answerTypes.nonce << 5) | crc5OfAnswer(answer, 2, last, answerTypes.nonce);
      uart.receive(answer);
    },
  };
}

class MemoryUart implements Uart {
  readonly path = "memory";
  readonly baudRate = 0;
  lastJobId = 0;
  receive: (chunk: Uint8Array) => void = () => {};

  send(bytes: Uint8Array): void {
    if (bytes[2] === headers.job) this.lastJobId = bytes[4] as number;
  }

  onReceive(listener: (chunk: Uint8Array) => void): Disposable {
    this.receive = listener;
    return NOTHING_TO_DISPOSE;
  }

  onGone(): Disposable {
    return NOTHING_TO_DISPOSE;
  }

  async drain(): Promise<void> {}
  async setBaudRate(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

const NOTHING_TO_DISPOSE: Disposable = { [Symbol.dispose]() {} };
