/** The answer with which a chip reports a hash that meets its ticket. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import type { ChainHit } from "../hashing/chain-searcher.ts";
import { type AnswerForm, encodeNonceAnswer } from "./wire.ts";

export interface FoundNonce {
  readonly hit: ChainHit;
  /** As the job frame gave it. */
  readonly jobIdByte: number;
  /** Leading zero bits beyond those that the chip and its ticket require. */
  readonly excessBits: number;
}

export function nonceAnswer(
  chip: Bm13xxChip,
  { hit, jobIdByte, excessBits }: FoundNonce,
  form: AnswerForm,
): Uint8Array {
  const jobBits = (jobIdByte << chip.answerJobIdShift) & chip.answerJobIdMask;
  const smallCoreBits = reportedSmallCore(chip, hit) & chip.answerSmallCoreMask;
  const midstateBits = hit.smallCore & chip.answerMidstateMask;
  return encodeNonceAnswer(
    hit.nonce,
    excessByte(chip, excessBits),
    jobBits | smallCoreBits | midstateBits,
    hit.versionField,
    form,
  );
}

/**
 * Twice the zero bits beyond the required ones; the lowest bit, unreliable on silicon, stays 0 [C]. What BM1397 says there
 * is not known; 00 and 01 were seen [?].
 */
function excessByte(chip: Bm13xxChip, excessBits: number): number {
  return chip.jobFormat === "midstate" ? 0 : Math.min(0xff, 2 * excessBits);
}

/** In 8 % of BM1362 captures the id byte's small core differs from the version's low bits, then by exactly 4 [C]. */
function reportedSmallCore(chip: Bm13xxChip, { nonce, smallCore }: ChainHit): number {
  if (chip.name !== "BM1362") return smallCore;
  const chance = Math.imul(nonce, 0x9e3779b1) >>> 0;
  return chance < 0.08 * 2 ** 32 ? smallCore ^ 4 : smallCore;
}
