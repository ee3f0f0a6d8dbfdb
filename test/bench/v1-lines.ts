/** What a Stratum V1 pool says, as bytes. */
import { reversed, toHex } from "../../src/lib/bytes.ts";
import {
  BLOCK_NBITS,
  BLOCK_NTIME,
  BLOCK_VERSION,
  coinbasePrefix,
  coinbaseSuffix,
  EXTRANONCE_PREFIX_BYTES,
  merklePath,
  OWN_EXTRANONCE_BYTES,
} from "./bench-block.ts";

/** Below it every hash is a share. */
const ANY_DIFFICULTY = 2 ** -32;

const encoder = new TextEncoder();

function line(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value)}\n`);
}

/** Every one of the same length. */
export function notifyLine(jobId: number, prevHash: Uint8Array, clean: boolean): Uint8Array {
  const params = [
    u32Hex(jobId),
    toHex(wordsReversed(prevHash)),
    toHex(coinbasePrefix),
    toHex(coinbaseSuffix),
    merklePath(jobId).map(toHex),
    u32Hex(BLOCK_VERSION),
    u32Hex(BLOCK_NBITS),
    u32Hex(BLOCK_NTIME),
    clean,
  ];
  return line({ id: null, method: "mining.notify", params });
}

/** The answer to a request of the device; `undefined` for shares. */
export function answerTo({ id, method }: { id: number; method: string }): Uint8Array | undefined {
  switch (method) {
    case "mining.submit":
      return undefined;
    case "mining.configure":
      return line({
        id,
        result: { "version-rolling": true, "version-rolling.mask": "1fffe000" },
        error: null,
      });
    case "mining.subscribe": {
      const subscriptions = [["mining.notify", "ae6812eb4cd7735a302a8a9dd95cf71f"]];
      const extranonce1 = "e0".repeat(EXTRANONCE_PREFIX_BYTES);
      return line({ id, result: [subscriptions, extranonce1, OWN_EXTRANONCE_BYTES], error: null });
    }
    default:
      return line({ id, result: true, error: null });
  }
}

export function acceptedLine(id: number): Uint8Array {
  return line({ id, result: true, error: null });
}

export function difficultyLine(): Uint8Array {
  return line({ id: null, method: "mining.set_difficulty", params: [ANY_DIFFICULTY] });
}

function u32Hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function wordsReversed(hash: Uint8Array): Uint8Array {
  const result = new Uint8Array(hash.length);
  for (let at = 0; at < hash.length; at += 4) result.set(reversed(hash.subarray(at, at + 4)), at);
  return result;
}
