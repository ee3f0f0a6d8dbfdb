/** What a kind of step is: how it is written, what it does, and its row in the documentation. */
import type { TSchema } from "typebox";
import Type from "typebox";
import { DURATION_PATTERN, durationMs } from "./duration.ts";
import type { ScenarioProtocol, Step } from "./scenario.ts";
import type { Stage } from "./stage.ts";

export interface Verb {
  /** Of the value behind the verb; absent: there is none. */
  readonly argument?: TSchema;
  /** The verb may stand alone. */
  readonly isArgumentOptional?: boolean;
  readonly options?: Readonly<Record<string, TSchema>>;
  /** Absent: of both. */
  readonly protocol?: ScenarioProtocol;
  /** Message fields may be given under `with`. */
  readonly fields?: "expected" | "sent";
  /** Whose fields, where the argument is not the message's name. */
  readonly message?: Readonly<Record<ScenarioProtocol, string>>;
  /** The argument's own entries hold steps. */
  readonly steps?: "argument" | "option";
  /** How the argument is written, and what for: for the documentation. */
  readonly form: string;
  readonly does: string;
  run(step: Step, stage: Stage): Promise<void> | void;
}

export const duration = Type.String({
  pattern: DURATION_PATTERN,
  description: "a time such as 500ms, 5s or 1m30s",
});
export const anyValue = Type.Unknown();
export const byteCount = Type.Integer({ minimum: 0, maximum: 0xffffff });
export const messageName = Type.String({ minLength: 1, maxLength: 60, description: "a message" });
export const placeName = Type.String({ minLength: 1, maxLength: 40, description: "a server" });

/** The time that a step gives, or the usual one. */
export function timeOf(step: Step, option: string | undefined, usualMs: number): number {
  const node = option === undefined ? step.argument : step.option(option);
  const text = node?.kind === "scalar" ? node.text : undefined;
  return (text === undefined ? undefined : durationMs(text)) ?? usualMs;
}

/** The plain text of an option or, without one, of the argument. */
export function textOf(step: Step, option?: string): string | undefined {
  const node = option === undefined ? step.argument : step.option(option);
  return node?.kind === "scalar" && node.value !== null ? node.text : undefined;
}

export function countOf(step: Step, option: string | undefined, usual: number): number {
  const text = textOf(step, option);
  return text === undefined ? usual : Number(text);
}
