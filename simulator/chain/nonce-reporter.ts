/** Makes answers of what the chips find, and spoils them as the faults of the moment demand. */
import type { Bm13xxChip } from "../../drivers/bm13xx/chips.ts";
import type { ChainHit } from "../hashing/chain-searcher.ts";
import { bitCount } from "../hashing/job-versions.ts";
import type { AnswerLine } from "./answer-line.ts";
import type { ChainWork } from "./chain-work.ts";
import type { ChipModel } from "./chip-model.ts";
import type { FaultState } from "./fault-state.ts";
import { nonceAnswer } from "./nonce-answer.ts";
import type { SeededRandom } from "./random.ts";

/** Nonces that a chip keeps while the line is busy; more are lost and counted [?]. */
const NONCES_KEPT_PER_CHIP = 8;

export interface NonceReporterOptions {
  readonly chip: Bm13xxChip;
  readonly requiredZeroBits: number;
  readonly work: ChainWork;
  readonly line: AnswerLine;
  readonly random: SeededRandom;
}

export class NonceReporter {
  readonly #options: NonceReporterOptions;

  constructor(options: NonceReporterOptions) {
    this.#options = options;
  }

  /** A hash that meets the ticket becomes an answer, unless its job is gone or its ticket has changed. */
  report(hit: ChainHit, chip: ChipModel, faults: FaultState): void {
    const { work, line, random } = this.#options;
    const latched = work.find(hit.jobGeneration);
    if (latched === undefined || chip.jobGeneration !== hit.jobGeneration) return;
    if (hit.ticketMask !== chip.ticketMask) return;
    if (line.countQueued(chip.index) >= NONCES_KEPT_PER_CHIP) {
      chip.nonceOverflows++;
      return;
    }
    const bytes = faults.stuck.has(chip.index)
      ? chip.lastNonceAnswer
      : this.#answer(hit, latched.idByte, chip, faults);
    if (bytes === undefined) return;
    const times = random.happens(faults.duplicateNonces) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      chip.noncesSent++;
      line.enqueue({
        bytes,
        chipIndex: chip.index,
        jobIdByte: latched.idByte,
        gapBits: 0,
        baudRate: () => chip.baudRate,
      });
    }
  }

  #answer(hit: ChainHit, idByte: number, chip: ChipModel, faults: FaultState): Uint8Array {
    const { chip: kind, random, requiredZeroBits, work } = this.#options;
    let reported = hit;
    if (random.happens(faults.hardwareErrors(chip.index, chip.frequencyMHz))) {
      chip.countNonceError();
      // Below the address, so that it is still this chip's nonce.
      const wrongBit = 1 << random.below(kind.nonceAddressShift);
      reported = { ...reported, nonce: (hit.nonce ^ wrongBit) >>> 0 };
    }
    if (random.happens(faults.wrongVersions)) reported = this.#withWrongVersion(reported);
    const isWrongJob = random.happens(faults.wrongJobs);
    const required = requiredZeroBits + bitCount(chip.ticketMask);
    chip.lastNonceAnswer = nonceAnswer(
      kind,
      {
        hit: reported,
        jobIdByte: isWrongJob ? (work.previousIdByte ?? this.#idAfter(idByte)) : idByte,
        excessBits: Math.max(0, hit.zeroBits - required),
      },
      chip.answerForm,
    );
    return chip.lastNonceAnswer;
  }

  #withWrongVersion(hit: ChainHit): ChainHit {
    const { chip, random } = this.#options;
    return chip.jobFormat === "midstate"
      ? { ...hit, smallCore: hit.smallCore ^ (1 + random.below(3)) }
      : { ...hit, versionField: hit.versionField ^ (1 << random.below(16)) };
  }

  /** Before a second job there is no job to confuse it with. */
  #idAfter(idByte: number): number {
    const ids = this.#options.chip.jobIdBytes;
    return ids[(ids.indexOf(idByte) + 1) % ids.length] as number;
  }
}
