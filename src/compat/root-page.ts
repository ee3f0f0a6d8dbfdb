/** What the page at / says to fleet tools. */
import type { Persona } from "../api/status.ts";

/** To stand in the page's head; "" where there is nothing to say. A statement about the interface, not about the firmware. */
export function rootPageMeta(persona: Persona): string {
  return persona === "axeos" ? '<meta name="api-compat" content="AxeOS">' : "";
}
