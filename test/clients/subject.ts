/** A machine that clients are let loose on, and the truth about it. */
import type { Status } from "../../src/api/status.ts";

/**
 * mining: all well. paused: by the operator. crippled: one board dead (where there is more than one) and the first pool
 * dead, so the others mine on the second. broken: a fan has stopped as well.
 */
export type SubjectState = "mining" | "paused" | "crippled" | "broken";

export interface Subject {
  /** Its interfaces are at ports 80 and 4028 there, as clients know no others. */
  readonly address: string;
  readonly persona: Status["device"]["persona"];
  /** Password of the Antminer interface. */
  readonly personaPassword: string;
  /** Where clients are shown something of it, e.g. "a recording", "asicd simulate". */
  readonly kind: string;
  /** Boards follow what is asked for, not only settings. */
  readonly isLive: boolean;
  /** The status of this instant. */
  truth(): Promise<Status>;
  /** Rejects with Error that says what it is instead. */
  enter(state: SubjectState): Promise<void>;
  /** By the operator's own way in, so that each client finds the same. */
  setFirstPool(url: string, user: string): Promise<void>;
}
