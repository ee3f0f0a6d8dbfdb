/** An I²C bus as the kernel gives it: one transfer at a time, nothing queued. */
export interface I2cBus extends AsyncDisposable {
  /** As the machine names it, e.g. "/dev/i2c-0". */
  readonly path: string;
  /**
   * Writes, then reads with a repeated start; either part may be empty. `address` has 7 bits. Rejects with DeviceError
   * "nack" when nobody answers, "timeout" when the bus hangs, "gone" when it disappears, "refused" for what is forbidden.
   */
  transfer(address: number, write: Uint8Array, readLength: number): Promise<Uint8Array>;
}

/** Urgent conversations go before all others that wait: what switches power off. */
export type Urgency = "routine" | "urgent";

/** An I²C bus with one owner, on which whole conversations take turns. */
export interface SharedI2cBus {
  readonly path: string;
  /**
   * Runs `talk` with the bus to itself, in turn; rejects as it does. A transfer that takes longer than the bus allows
   * rejects with DeviceError "timeout", and the bus refuses all others at once until it comes back.
   */
  converse<T>(urgency: Urgency, talk: (bus: Pick<I2cBus, "transfer">) => Promise<T>): Promise<T>;
}
