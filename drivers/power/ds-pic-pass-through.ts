/** The I²C bus behind the dsPIC, as far as it is known: reading a 16-bit register of a part such as the LM75A [C]. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus, SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import type { PeripheralClock } from "../../src/ports/peripherals.ts";
import { type Answer, answered, exchange, hexOf, type Question } from "./ds-pic-exchange.ts";
import {
  decodeDone,
  decodePayload,
  dsPicCommands,
  dsPicRequest,
  longReply,
  SHORT_REPLY,
} from "./ds-pic-frame.ts";

/**
 * Transfers that write one pointer byte and read two; all others are refused, and so is every address from 0x50 to 0x57:
 * nobody has seen what the dsPIC makes of a memory there.
 */
export function dsPicPassThrough(
  bus: SharedI2cBus,
  picAddress: number,
  clock: PeripheralClock,
): SharedI2cBus {
  const path = `${bus.path}/dsPIC@${hexOf(picAddress)}`;
  return {
    path,
    converse: (urgency, talk) =>
      bus.converse(urgency, (i2c) =>
        talk({
          transfer: (address, write, readLength) =>
            readRegister(i2c, { path, picAddress, clock }, address, write, readLength),
        }),
      ),
  };
}

/** Stock firmware waits this long before it reads what was passed through [C]. */
const REPLY_AFTER_MS = 46;

/** [C] for the LM75A; taken for granted for others. */
const READ_LENGTH = 2;

interface Pic {
  readonly path: string;
  readonly picAddress: number;
  readonly clock: PeripheralClock;
}

async function readRegister(
  i2c: Pick<I2cBus, "transfer">,
  { path, picAddress, clock }: Pic,
  address: number,
  write: Uint8Array,
  readLength: number,
): Promise<Uint8Array> {
  const device = `${path}@${hexOf(address)}`;
  const forbidden = reasonAgainst(address, write, readLength);
  if (forbidden !== undefined)
    throw new DeviceError(device, "transfer", "refused", { detail: forbidden });
  const say = async <T>(question: Question<T>): Promise<Answer<T>> =>
    exchange({ address: picAddress, clock, device }, question, i2c);
  answered(await say(setPointer(address, write[0] as number)));
  return answered(await say(readTwo(address)));
}

function reasonAgainst(address: number, write: Uint8Array, readLength: number): string | undefined {
  if (!Number.isInteger(address) || address < 0x08 || address > 0x77)
    return "allowed: addresses from 0x08 to 0x77";
  if (address >= 0x50 && address <= 0x57) return "a memory behind the dsPIC";
  if (write.length !== 1 || readLength !== READ_LENGTH)
    return `${write.length} bytes to write and ${readLength} to read; allowed: 1 and 2`;
  return undefined;
}

function setPointer(address: number, pointer: number): Question<true> {
  const command = dsPicCommands.i2cWrite;
  return {
    operation: "set pointer",
    request: dsPicRequest(command, address, pointer),
    replyLength: SHORT_REPLY,
    replyAfterMs: REPLY_AFTER_MS,
    decode: (reply) => decodeDone(reply, command),
  };
}

function readTwo(address: number): Question<Uint8Array> {
  const command = dsPicCommands.i2cRead;
  return {
    operation: "read",
    request: dsPicRequest(command, address, READ_LENGTH),
    replyLength: longReply(1 + READ_LENGTH),
    replyAfterMs: REPLY_AFTER_MS,
    // The first byte was 01 in every capture: that the part answered [?].
    decode: (reply) => {
      const payload = decodePayload(reply, command);
      return payload?.[0] === 0x01 ? payload.slice(1) : undefined;
    },
  };
}
