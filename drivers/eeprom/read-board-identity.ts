/** Reading a hashboard's memory. Nothing here writes to it: a corrupted block turns the board into an unknown one [D]. */
import type { SharedI2cBus } from "../../src/ports/i2c-bus.ts";
import type { BoardIdentity } from "../../src/ports/peripherals.ts";
import { boardIdentityOf, EEPROM_LENGTH } from "./board-identity.ts";

/** What one SMBus block transfer can carry. */
const CHUNK_LENGTH = 32;

/**
 * Hints about the board whose memory is at `address` (0x50 and up). Rejects with DeviceError as the bus does; what is
 * read but makes no sense is told in `format`.
 */
export function readBoardIdentity(bus: SharedI2cBus, address: number): Promise<BoardIdentity> {
  return bus.converse("routine", async (i2c) => {
    const memory = new Uint8Array(EEPROM_LENGTH);
    for (let from = 0; from < EEPROM_LENGTH; from += CHUNK_LENGTH) {
      // The one pointer byte each time: a chunk that came short cannot shift the next one.
      const chunk = await i2c.transfer(address, Uint8Array.of(from), CHUNK_LENGTH);
      memory.set(chunk.subarray(0, CHUNK_LENGTH), from);
    }
    return boardIdentityOf(memory);
  });
}
