/** Words by which fleet tools take a machine for that of another maker, wherever in a text they stand. */
import type { Persona } from "../api/status.ts";

/** Looked for in answers on 4028, in any case (pyasic 0.78 factory.py, asic-rs 0.7.3, Proto Fleet's exclusions). */
const FOREIGN_ON_4028 = [
  ...["BOSMINER", "BOSER", "BTMINER", "BITMICRO", "LUXMINER", "HIVEON", "KAONSU", "RWGLR"],
  ...["INTCHAINS_QOMO", "KDAMINER", "BFGMINER", "INNOMINER", "AVALON", "GCMINER", "FLUXOS"],
  ...["VNISH", "MARAFW", "BDMINER", "LUXOS", "BRAIINS", "EPIC"],
] as const;

/** Looked for in the root page, in this case. */
const FOREIGN_ON_THE_PAGE = [
  ...["Braiins OS", "Luxor Firmware", "Lucky miner", "cloud-box", "AnthillOS", "Avalon"],
  ...["Miner Web Dashboard", "DragonMint", "Miner UI", "/cgi-bin/luci", "amazeui", "Nerd"],
  ...["VolcMiner", "Proto OS", "用户界面"],
] as const;

/** What `version` and `devdetails` must not say. */
export function wordsForbiddenOn4028(persona: Persona): readonly string[] {
  return persona === "antminer" ? FOREIGN_ON_4028 : [...FOREIGN_ON_4028, "ANTMINER"];
}

/** What the page at / must not say. */
export function wordsForbiddenOnPage(persona: Persona): readonly string[] {
  return persona === "axeos" ? FOREIGN_ON_THE_PAGE : [...FOREIGN_ON_THE_PAGE, "AxeOS"];
}

/** The text with such words broken by a hyphen: people still read it, tools no longer match it. */
export function withoutTriggers(text: string, persona: Persona): string {
  let safe = text;
  for (const word of wordsForbiddenOn4028(persona)) {
    // Breaking one word never makes another, but it can stand there more than once.
    safe = safe.replace(new RegExp(word, "gi"), (found) => `${found[0]}-${found.slice(1)}`);
  }
  return safe;
}
