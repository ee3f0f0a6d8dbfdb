/** The tools' --chip. */
import { type Bm13xxChip, explainedChipsByName } from "../../drivers/bm13xx/chips.ts";
import { ConfigError } from "../../src/lib/errors.ts";

/** Upper and lower case alike. Throws ConfigError for a chip that the tools do not know. */
export function explainedChip(name: string): Bm13xxChip {
  const chip = explainedChipsByName.get(name.toUpperCase());
  if (chip === undefined)
    throw new ConfigError([
      { path: "--chip", problem: `unknown chip "${name}"`, allowed: explainedChipNames() },
    ]);
  return chip;
}

export function explainedChipNames(): string {
  return [...explainedChipsByName.keys()].join(", ");
}
