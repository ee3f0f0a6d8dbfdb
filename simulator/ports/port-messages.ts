/** How the guard's process reaches the simulated machine in the world's: one request or answer a line, JSON, on a Unix socket. */

import type { DeviceErrorCode } from "../../src/lib/errors.ts";
import type { LineSpec, PwmSpec } from "../../src/ports/lines.ts";

export type PortRequest =
  | { readonly op: "facts" }
  | { readonly op: "i2c-open"; readonly path: string }
  | {
      readonly op: "i2c-transfer";
      readonly handle: number;
      readonly address: number;
      readonly write: readonly number[];
      readonly readLength: number;
    }
  | { readonly op: "output-open"; readonly line: LineSpec; readonly active: boolean }
  | { readonly op: "output-set"; readonly handle: number; readonly active: boolean }
  | { readonly op: "input-open"; readonly line: LineSpec }
  | { readonly op: "input-get"; readonly handle: number }
  | { readonly op: "pwm-open"; readonly pwm: PwmSpec }
  | { readonly op: "pwm-set"; readonly handle: number; readonly dutyPercent: number }
  | { readonly op: "tach-open"; readonly line: LineSpec; readonly pulsesPerTurn: number }
  | { readonly op: "tach-read"; readonly handle: number }
  | { readonly op: "watchdog-open"; readonly path: string; readonly timeoutS: number }
  | { readonly op: "watchdog-pet"; readonly handle: number }
  | { readonly op: "watchdog-disarm"; readonly handle: number }
  | { readonly op: "close"; readonly handle: number };

export interface PortCall {
  readonly id: number;
  readonly request: PortRequest;
}

export type PortAnswer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: {
        readonly device: string;
        readonly operation: string;
        readonly code: DeviceErrorCode | "other";
        readonly message: string;
      };
    };

/** Calls `onLine` for every complete line of what arrives in pieces. */
export function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}
