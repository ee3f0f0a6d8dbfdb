/** How 4028 speaks, by persona. */
import type { Persona } from "../api/status.ts";
import { antminerDialect } from "./antminer/rpc.ts";
import { type Dialect, plainDialect } from "./cgminer/dialect.ts";

export function dialectOf(persona: Persona): Dialect {
  return persona === "antminer" ? antminerDialect : plainDialect;
}
