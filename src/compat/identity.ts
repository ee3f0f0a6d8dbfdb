/** As what the machine presents itself: its hardware under its maker's name, its firmware always under ours. */
import type { Status } from "../api/status.ts";
import { withoutTriggers } from "./trigger-words.ts";

type Known = Pick<Status["device"], "model" | "persona" | "version" | "scale">;

/** "asicd 0.1.0". */
export function firmwareName({ version, persona }: Known): string {
  return withoutTriggers(`asicd ${version}`, persona);
}

/**
 * "Antminer S19j Pro": as Bitmain writes it, without the control board that ours have behind it, because clients compare it
 * with a list. On other hardware, where the operator asked for this persona, what follows is on nobody's list.
 */
export function antminerType({ model, persona }: Known): string {
  const [name = ""] = model.split(" (");
  return withoutTriggers(
    name.startsWith("Antminer ") ? name : `Antminer compatible, ${name}`,
    persona,
  );
}
