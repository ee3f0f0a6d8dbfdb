/** How well a chip does, in classes that a colour and a sign stand for. */
import type { ChipStatus } from "../../api/status.ts";

export type Health = "good" | "fair" | "weak" | "dead" | "unknown";

export const healthClasses: readonly Health[] = ["good", "fair", "weak", "dead", "unknown"];

/** More than colour alone: what stands in the corner of a chip. */
export const healthSigns: Readonly<Record<Health, string>> = {
  good: "",
  fair: "–",
  weak: "▽",
  dead: "✕",
  unknown: "?",
};

/** 15 minutes of one chip hold a hundred nonces or so: a tenth more or less is chance. */
const GOOD = 0.85;
const FAIR = 0.6;
const DEAD = 0.1;

export function healthOf({ health }: Pick<ChipStatus, "health">): Health {
  if (health === null) return "unknown";
  if (health >= GOOD) return "good";
  if (health >= FAIR) return "fair";
  return health >= DEAD ? "weak" : "dead";
}
