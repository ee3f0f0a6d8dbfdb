/** What every scenario of the interop run is given. */
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { PeerName, Peers } from "./peers.ts";
import type { Rows } from "./rows.ts";

export interface Stage {
  readonly peers: Peers;
  /** For configuration files; removed at the end. */
  readonly directory: string;
  readonly ports: { readonly clock: Clock; readonly entropy: Entropy };
  readonly rows: Rows;
  say(text: string): void;
}

export interface Scenario {
  /** Programs that must be installed before. */
  readonly needs: readonly PeerName[];
  run(stage: Stage): Promise<void>;
}
