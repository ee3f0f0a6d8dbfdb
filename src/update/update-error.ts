/** Why an update is not taken: the operator's file is wrong for this machine, or the machine is not ready for it. */
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";

export type UpdateErrorCode =
  | "not-an-update"
  | "damaged"
  | "too-large"
  | "bad-signature"
  | "no-keys"
  | "wrong-target"
  | "wrong-version"
  | "old-node"
  | "settings"
  | "not-fit"
  | "disk-full"
  | "no-slots"
  | "busy"
  | "system-image";

export class UpdateError extends ConfigError {
  readonly code: UpdateErrorCode;

  constructor(code: UpdateErrorCode, problem: ConfigProblem) {
    super([problem]);
    this.name = "UpdateError";
    this.code = code;
  }
}
