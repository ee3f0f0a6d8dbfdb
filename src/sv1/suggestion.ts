/** Which share difficulty we ask the pool for; most pools decide for themselves in the end. */
import { targetFromDifficulty } from "../bitcoin/target.ts";
import { reversed, toHex } from "../lib/bytes.ts";
import type { Logger } from "../lib/log.ts";
import type { V1Connection } from "./connection.ts";
import { difficultyFor } from "./difficulty.ts";
import { describeRpcError } from "./shares.ts";

const ANSWER_WITHIN_MS = 10_000;
/** A suggestion of our own is repeated when the rate has doubled or halved, and not more often than this. */
const PERIOD_MS = 60_000;
const WORTH_REPEATING = 2;

export type SuggestedDifficulty = number | "auto" | undefined;

export class Suggestion {
  readonly #connection: V1Connection;
  readonly #wish: SuggestedDifficulty;
  readonly #log: Logger;
  #told = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(connection: V1Connection, wish: SuggestedDifficulty, log: Logger) {
    this.#connection = connection;
    this.#wish = wish;
    this.#log = log;
  }

  /** `nominalHps` of all channels together; 0: not known yet. Called once in a while, sends when there is something new. */
  refresh(nominalHps: number, nowMs: number): void {
    if (this.#wish === undefined) return;
    if (this.#wish !== "auto") {
      if (this.#told === 0) this.#tell(this.#wish, nowMs);
      return;
    }
    if (nominalHps <= 0 || nowMs - this.#toldMs < PERIOD_MS) return;
    const difficulty = difficultyFor(nominalHps);
    const ratio = Math.max(difficulty / this.#told, this.#told / difficulty);
    if (ratio >= WORTH_REPEATING) this.#tell(difficulty, nowMs);
  }

  #tell(difficulty: number, nowMs: number): void {
    this.#told = difficulty;
    this.#toldMs = nowMs;
    const connection = this.#connection;
    connection.request("mining.suggest_difficulty", [difficulty], ANSWER_WITHIN_MS, (answer) => {
      if (answer === "late" || answer.error === undefined) return;
      const error = describeRpcError(answer.error);
      this.#log.debug({ error }, "the pool refuses mining.suggest_difficulty");
      // The other spelling of the same wish.
      const target = toHex(reversed(targetFromDifficulty(difficulty)));
      connection.request("mining.suggest_target", [target], ANSWER_WITHIN_MS, () => {});
    });
  }
}
