/** Everything that can be fuzzed. */
import type { FuzzTarget } from "./target.ts";
import { accounts } from "./targets/accounts.ts";
import { chipAnswers, recordings } from "./targets/chip-bytes.ts";
import { config } from "./targets/config.ts";
import { configChanges, configPaths } from "./targets/config-changes.ts";
import { plainFrames, secureFrames } from "./targets/frames.ts";
import { handshake } from "./targets/handshake.ts";
import { messages } from "./targets/messages.ts";
import { plantedTargets } from "./targets/planted.ts";
import { poolUrls } from "./targets/pool-urls.ts";
import { scenarios } from "./targets/scenarios.ts";
import {
  autoHistories,
  extendedHistories,
  secureHistories,
  standardHistories,
} from "./targets/sv2-histories.ts";
import { v1Histories } from "./targets/v1-histories.ts";
import { v1Lines } from "./targets/v1-lines.ts";

const all: readonly FuzzTarget[] = [
  plainFrames,
  secureFrames,
  messages,
  v1Lines,
  handshake,
  poolUrls,
  config,
  configPaths,
  configChanges,
  chipAnswers,
  recordings,
  scenarios,
  accounts,
  standardHistories,
  extendedHistories,
  autoHistories,
  secureHistories,
  v1Histories,
  ...plantedTargets,
];

export const targets: readonly FuzzTarget[] = all.filter(({ isPlanted }) => isPlanted !== true);

/** Planted ones included. */
export function targetNamed(name: string): FuzzTarget | undefined {
  return all.find((target) => target.name === name);
}
