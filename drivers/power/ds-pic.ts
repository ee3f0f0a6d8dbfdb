/**
 * The dsPIC on an S19 hashboard, firmware 0x89 at 0x20 + chain: switches the board's DC-DC converter, and switches it off
 * by itself when the heartbeat stops. Frames captured on an S19 Pro [C].
 */
import { DeviceError } from "../../src/lib/errors.ts";
import type { SharedI2cBus, Urgency } from "../../src/ports/i2c-bus.ts";
import type {
  BoardSupply,
  BoardSupplyDriver,
  PeripheralClock,
  SupplyReadings,
} from "../../src/ports/peripherals.ts";
import {
  ask,
  askOnce,
  type BytewisePart,
  hexOf,
  type Patience,
  type Question,
} from "./ds-pic-exchange.ts";
import {
  decodeDone,
  decodePayload,
  dsPicCommands,
  dsPicRequest,
  longReply,
  SHORT_REPLY,
} from "./ds-pic-frame.ts";
import { dsPicPassThrough } from "./ds-pic-pass-through.ts";

export const dsPic: BoardSupplyDriver = {
  part: "dsPIC",
  /** Stock boards of that generation go off after 10 s [D]; not measured on firmware 0x89 [?]. */
  beatWithinS: 10,
  open: (bus, address, clock) => new DsPic(bus, address, clock),
  passThrough: dsPicPassThrough,
};

/** The only firmware whose frames were captured; 0x82 speaks differently [?]. */
const FIRMWARE = 0x89;
/** Stock firmware waits this long before it reads a reply [C]. */
const REPLY_AFTER_MS = 300;
/** As the supply's stock driver [D]; for the dsPIC nothing is known. */
const PATIENCE: Patience = { tries: 3, pauseMs: 100 };

const { dcDc, heartbeat, jumpToApp, reset, version } = dsPicCommands;

const questions = {
  version: {
    operation: "read version",
    request: dsPicRequest(version),
    replyLength: longReply(1),
    replyAfterMs: REPLY_AFTER_MS,
    decode: (reply) => decodePayload(reply, version)?.[0],
  } satisfies Question<number>,
  beat: {
    operation: "heartbeat",
    request: dsPicRequest(heartbeat),
    replyLength: longReply(2),
    replyAfterMs: REPLY_AFTER_MS,
    decode: (reply) => decodePayload(reply, heartbeat),
  } satisfies Question<Uint8Array>,
  jumpToApp: command("jump to application", jumpToApp),
  turnOn: command("turn on", dcDc, 1),
  turnOff: command("turn off", dcDc, 0),
  reset: command("reset", reset),
};

/**
 * Sends the dsPIC back to its boot loader. Nothing here calls it: some do not come back from a reset (seen by others [?]).
 * Rejects with DeviceError.
 */
export async function resetDsPic(
  bus: SharedI2cBus,
  address: number,
  clock: PeripheralClock,
): Promise<void> {
  await askOnce(partAt(bus, address, clock), questions.reset, "routine");
}

class DsPic implements BoardSupply {
  readonly #part: BytewisePart;

  constructor(bus: SharedI2cBus, address: number, clock: PeripheralClock) {
    this.#part = partAt(bus, address, clock);
  }

  /** Also rejects with "wrong-id" for any firmware but 0x89. */
  async prepare(): Promise<void> {
    try {
      await this.#identify();
      await ask(this.#part, questions.turnOff, PATIENCE);
    } catch (error) {
      if (!(error instanceof DeviceError) || !IN_BOOT_LOADER.includes(error.code)) throw error;
      // Power-up leaves it in the boot loader; stock firmware jumps before it says anything else [C].
      await ask(this.#part, questions.jumpToApp, PATIENCE);
      await this.#identify();
      await ask(this.#part, questions.turnOff, PATIENCE);
    }
  }

  async turnOn(_voltageV: number): Promise<void> {
    await ask(this.#part, questions.turnOn, PATIENCE);
  }

  async turnOff(urgency: Urgency): Promise<void> {
    await askOnce(this.#part, questions.turnOff, urgency);
  }

  readonly beat = async (): Promise<void> => {
    await ask(this.#part, questions.beat, PATIENCE);
  };

  /** Firmware 0x89 measures nothing that is known. */
  async read(): Promise<SupplyReadings> {
    return {
      inputV: null,
      outputV: null,
      currentA: null,
      powerW: null,
      temperatureC: null,
      faults: [],
    };
  }

  async #identify(): Promise<void> {
    const found = await ask(this.#part, questions.version, PATIENCE);
    if (found !== FIRMWARE)
      throw new DeviceError(this.#part.device, "identify", "wrong-id", {
        detail: `firmware ${hexOf(found)}; known: ${hexOf(FIRMWARE)}`,
      });
  }
}

/** How silence of the application looks; how the boot loader answers its commands is not known [?]. */
const IN_BOOT_LOADER: readonly string[] = ["timeout", "crc"];

function partAt(bus: SharedI2cBus, address: number, clock: PeripheralClock): BytewisePart {
  return { bus, address, clock, device: `dsPIC@${hexOf(address)}` };
}

/** A request that is answered with `CMD 01`. */
function command(operation: string, code: number, ...payload: readonly number[]): Question<true> {
  return {
    operation,
    request: dsPicRequest(code, ...payload),
    replyLength: SHORT_REPLY,
    replyAfterMs: REPLY_AFTER_MS,
    decode: (reply) => decodeDone(reply, code),
  };
}
