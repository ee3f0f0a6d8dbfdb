/** What may happen to a link: a history is a list of these, of any protocol. */
import type { Random } from "../random.ts";

/** `do` names the step; the numbers mean what the step makes of them, and are small, so that repetitions are common. */
export interface Step {
  readonly do: string;
  readonly a: number;
  readonly b: number;
  /** Bytes or text that the server sends; empty where there are none. */
  readonly bytes: Uint8Array;
  readonly text: string;
}

const EMPTY = new Uint8Array(0);

export function step(
  name: string,
  rest: { a?: number; b?: number; bytes?: Uint8Array; text?: string } = {},
): Step {
  return {
    do: name,
    a: rest.a ?? 0,
    b: rest.b ?? 0,
    bytes: rest.bytes ?? EMPTY,
    text: rest.text ?? "",
  };
}

/** Around every deadline that links have. */
const WAITS_MS: readonly number[] = [
  ...[1, 20, 999, 1_000, 1_001, 5_000, 9_999, 10_000, 10_001, 30_001, 60_000, 120_001],
  ...[299_999, 300_001, 600_001],
];

/** What network, time and device do, whatever the protocol. */
export function commonStep(random: Random): Step {
  return random.weighted<() => Step>([
    [
      6,
      () =>
        step("wait", {
          a: random.chance(0.7) ? random.pick(WAITS_MS.slice(0, 7)) : random.pick(WAITS_MS),
        }),
    ],
    [8, () => step("share", { a: random.below(8), b: random.between(1, 3) })],
    [1, () => step("flood", { a: random.below(8), b: random.pick([64, 4_200]) })],
    [1, () => step("open", { a: random.pick([1, 1e6, 1e14]) })],
    [1, () => step("update", { a: random.below(3), b: random.pick([1, 5e9, 1e14]) })],
    [1, () => step("close", { a: random.below(3) })],
    [1, () => step("roll", { a: random.below(3), b: random.pick([1, 3, 300]) })],
    [1, () => step("sever")],
    [1, () => step("server-closes")],
    [1, () => step("silent", { a: random.below(2) })],
    [1, () => step("listen", { a: random.below(2) })],
    [1, () => step("chunking", { a: random.below(3) })],
    [1, () => step(random.pick(["fail", "stop", "start"]))],
    // Seldom: it takes as long as a hundred others.
    [random.chance(0.01) ? 4 : 0, () => step("storm", { a: random.below(9) })],
  ])();
}
