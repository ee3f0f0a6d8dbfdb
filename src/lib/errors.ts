/** Errors, classified by what the catcher does. Match on `code`, never on messages. */

export type WireErrorCode =
  | "truncated"
  | "oversize"
  | "bad-length"
  | "bad-value"
  | "bad-key"
  | "bad-signature"
  | "bad-certificate"
  | "certificate-time"
  | "decrypt-failed"
  | "handshake"
  | "unexpected-message"
  | "timeout"
  | "unsupported";

/** A peer's bytes break the protocol: close the session, count it, back off. */
export class WireError extends Error {
  readonly code: WireErrorCode;
  /** Section of the specification that is broken, e.g. "SV2 §4.5.2". */
  readonly section: string | undefined;

  constructor(
    code: WireErrorCode,
    message: string,
    options: { section?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WireError";
    this.code = code;
    this.section = options.section;
  }
}

export type DeviceErrorCode =
  | "timeout"
  | "nack"
  | "crc"
  | "wrong-id"
  | "gone"
  | "busy"
  | "not-found"
  | "refused";

/** A device did not do what it should: retry as its datasheet allows, then the chain faults. */
export class DeviceError extends Error {
  readonly device: string;
  readonly operation: string;
  readonly code: DeviceErrorCode;

  constructor(
    device: string,
    operation: string,
    code: DeviceErrorCode,
    options: { detail?: string; cause?: unknown } = {},
  ) {
    const detail = options.detail === undefined ? "" : ` (${options.detail})`;
    super(
      `${device}: ${operation}: ${code}${detail}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = "DeviceError";
    this.device = device;
    this.operation = operation;
    this.code = code;
  }
}

export interface ConfigProblem {
  /** Where: an option such as "--chips", or a path such as "pool.url". */
  readonly path: string;
  readonly problem: string;
  /** What would be accepted. */
  readonly allowed?: string;
}

/** The operator's input is wrong: keep what runs, show every problem at once. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(describeProblem).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export function describeProblem({ path, problem, allowed }: ConfigProblem): string {
  return allowed === undefined ? `${path}: ${problem}` : `${path}: ${problem}; allowed: ${allowed}`;
}
