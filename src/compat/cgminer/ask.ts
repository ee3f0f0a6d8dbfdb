/** What a command has to work with. */
import type { Actor, Device } from "../../api/device.ts";
import type { Status } from "../../api/status.ts";
import type { Dialect } from "./dialect.ts";
import type { Reply } from "./messages.ts";
import type { ZeroMark } from "./zero.ts";

export interface Ask {
  readonly device: Device;
  /** Of now, less what was zeroed. */
  readonly status: Status;
  readonly dialect: Dialect;
  readonly parameter: string | undefined;
  readonly newApi: boolean;
  readonly mayWrite: boolean;
  readonly actor: Actor;
  readonly whenUnixSeconds: number;
  readonly zero: ZeroMark;
  /** Of all commands; for `check`. */
  readonly find: (name: string) => Command | undefined;
}

export interface Command {
  readonly writes: boolean;
  /** May stand beside others in one request. */
  readonly joins: boolean;
  run(ask: Ask): Reply | Promise<Reply>;
}
