/** Temperatures at which something happens. */

/** Where a sensor sits; each place has limits of its own. */
export type SensorPlace = "board" | "chip" | "regulator" | "air";

export interface TemperatureLimits {
  /** What the fans regulate to. */
  readonly targetC: number;
  /** From here the frequency goes down. */
  readonly hotC: number;
  /** From here power goes off, now. */
  readonly dangerousC: number;
  /** No setting may put `dangerousC` above this. */
  readonly ceilingC: number;
  /** What they rest on. */
  readonly source: string;
}

/** A place without limits is shown and protects nothing. */
export type PlaceLimits = Readonly<Partial<Record<SensorPlace, TemperatureLimits>>>;
