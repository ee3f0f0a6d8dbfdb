/** Whether enough fans turn, by their tachometers; they are proven before there is power, and watched while there is. */

/** Slower is standing still. */
const TURNING_RPM = 300;

export interface FanProof {
  readonly areProven: boolean;
  readonly turning: number;
  /** When there were last enough; undefined: never. */
  readonly enoughAtMs: number | undefined;
  readonly sinceMs: number;
}

export function newFanProof(nowMs: number): FanProof {
  return { areProven: false, turning: 0, enoughAtMs: undefined, sinceMs: nowMs };
}

/** `rpm`: one for each tachometer; undefined where it could not be read. */
export function stepFanProof(
  proof: FanProof,
  rpm: readonly (number | undefined)[],
  required: number,
  nowMs: number,
): FanProof {
  const turning = rpm.filter((turns) => turns !== undefined && turns >= TURNING_RPM).length;
  const isEnough = turning >= required;
  return {
    ...proof,
    turning,
    areProven: proof.areProven || isEnough,
    enoughAtMs: isEnough ? nowMs : proof.enoughAtMs,
  };
}

/** As if nothing had happened for so long: whoever counts was frozen. */
export function excusedProof(proof: FanProof, lateMs: number, nowMs: number): FanProof {
  const later = (atMs: number) => Math.min(nowMs, atMs + lateMs);
  const { enoughAtMs, sinceMs } = proof;
  return {
    ...proof,
    enoughAtMs: enoughAtMs === undefined ? undefined : later(enoughAtMs),
    sinceMs: later(sinceMs),
  };
}

/** How long there have been too few, ms. */
export function tooFewForMs({ enoughAtMs, sinceMs }: FanProof, nowMs: number): number {
  return nowMs - (enoughAtMs ?? sinceMs);
}
