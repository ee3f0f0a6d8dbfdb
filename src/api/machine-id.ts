/** What a machine is known by to others for ever. */
import type { Status } from "./status.ts";

/** "asicd_020000123456": by the network card, so that a new name changes nothing; by the name where no card is known. */
export function machineId({ mac, name }: Pick<Status["device"], "mac" | "name">): string {
  return `asicd_${mac?.replaceAll(":", "") ?? slug(name)}`;
}

/** "-123456", which tells machines of one name apart; empty where no card is known. */
export function cardSuffix({ mac }: Pick<Status["device"], "mac">): string {
  return mac === null ? "" : `-${mac.replaceAll(":", "").slice(-6)}`;
}

/** Letters, digits, "_" and "-" alone: what topics, ids and host names have in common. */
export function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, "_");
}
