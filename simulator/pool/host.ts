/** What a connection needs of its pool. */
import type { PoolEvent } from "./events.ts";
import type { LeniencyName } from "./leniencies.ts";
import type { PoolOptions } from "./options.ts";
import type { Template } from "./templates.ts";

export interface PoolHost {
  readonly options: PoolOptions;
  readonly template: Template;
  /** Start time for a job of the present tip, Unix seconds. */
  minNtime(): number;
  /** Eight bytes that no other channel of the pool has. */
  nextExtranonce(): Uint8Array;
  emit(event: PoolEvent): void;
  forgave(names: readonly LeniencyName[]): void;
  /** A share met the network target; its acknowledgement is already sent. */
  blockFound(hash: Uint8Array): void;
  connectionEnded(connectionId: number): void;
}
