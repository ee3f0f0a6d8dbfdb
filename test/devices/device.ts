/** What the farm asks of a device, whatever it speaks, and what it counts of all of them. */
import { Histogram } from "./histogram.ts";

export const deviceKinds = ["standard", "extended", "v1"] as const;
export type DeviceKind = (typeof deviceKinds)[number];

export interface Device {
  readonly kind: DeviceKind;
  /** It has work. */
  readonly isReady: boolean;
  /** Finds one share and sends it; nothing without work. */
  mine(): void;
  /** Shares without an answer that were sent before. */
  unansweredSince(beforeMs: number): number;
  close(): void;
}

/** Sums over all devices of a farm. */
export class FarmCounts {
  submitted = 0;
  accepted = 0;
  /** Refused because a block came while the share was on its way: nobody's fault. */
  overtaken = 0;
  readonly rejected: Record<string, number> = {};
  readonly errors: string[] = [];
  errorCount = 0;
  acknowledgement = new Histogram();

  reject(code: string): void {
    this.rejected[code] = (this.rejected[code] ?? 0) + 1;
  }

  fail(what: string): void {
    this.errorCount++;
    if (this.errors.length < 20) this.errors.push(what);
  }
}

export interface DeviceTerms {
  readonly name: string;
  /** Claimed, and kept by one share per period. */
  readonly nominalHps: number;
}
