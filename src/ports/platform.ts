import type { Dialer } from "./byte-stream.ts";
import type { Clock } from "./clock.ts";
import type { Entropy } from "./entropy.ts";
import type { Uart } from "./uart.ts";

/** All that a miner process needs from the machine under it. */
export interface Platform extends Dialer {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Opens and locks a UART. Throws DeviceError "not-found", "busy" or "refused". */
  openUart(path: string, baudRate: number): Promise<Uart>;
}
