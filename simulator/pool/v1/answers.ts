/** What the pool says on one Stratum V1 connection: answers, refusals, notifications, and questions of its own. */
import type { QuirkName } from "../quirks.ts";
import { errorValue, type V1Error } from "./errors.ts";
import { encodeLine } from "./line-link.ts";

export type RequestId = number | string | null;

/** Questions that may wait for an answer. */
const MAX_QUESTIONS = 64;

export class Answers {
  readonly #send: (line: Uint8Array) => void;
  readonly #has: (quirk: QuirkName) => boolean;
  readonly #questions = new Map<number, string>();
  #nextQuestionId = 1;

  constructor(send: (line: Uint8Array) => void, has: (quirk: QuirkName) => boolean) {
    this.#send = send;
    this.#has = has;
  }

  get lineEnd(): string {
    return this.#has("v1-crlf") ? "\r\n" : "\n";
  }

  /** Whoever asked without an id wants no answer; so for refusals. */
  answer(id: RequestId, result: unknown): void {
    if (id === null) return;
    this.#write(this.#has("v1-no-error-key") ? { id, result } : { id, result, error: null });
  }

  refuse(id: RequestId, error: V1Error, result: unknown = null): void {
    if (id !== null) this.#write({ id, result, error: errorValue(error, this.#has) });
  }

  answerShare(id: RequestId, error: V1Error | undefined): void {
    if (error === undefined) this.answer(id, true);
    else if (this.#has("v1-result-false")) this.answer(id, false);
    else this.refuse(id, error);
  }

  notify(method: string, params: readonly unknown[]): void {
    this.#write({ id: null, method, params });
  }

  ask(method: string, params: readonly unknown[]): void {
    const id = this.#nextQuestionId++;
    if (this.#questions.size < MAX_QUESTIONS) this.#questions.set(id, method);
    this.#write({ id, method, params });
  }

  /** The method that was asked under this id; once. */
  askedUnder(id: RequestId): string | undefined {
    if (typeof id !== "number") return undefined;
    const method = this.#questions.get(id);
    this.#questions.delete(id);
    return method;
  }

  #write(value: unknown): void {
    this.#send(encodeLine(value, this.lineEnd));
  }
}
