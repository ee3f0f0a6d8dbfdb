/** This machine: its clock, its entropy, its network, its serial devices. */
import { openUart } from "../../drivers/linux/uart.ts";
import type { Platform } from "../../src/ports/platform.ts";
import { SystemClock } from "./system-clock.ts";
import { systemEntropy } from "./system-entropy.ts";
import { dialTcp } from "./tcp-dialer.ts";
import { dialTls } from "./tls-dialer.ts";

export function linuxPlatform(): Platform {
  return {
    clock: new SystemClock(),
    entropy: systemEntropy,
    openUart,
    dial: (host, port, signal, tls) =>
      tls === undefined ? dialTcp(host, port, signal) : dialTls(host, port, signal, tls),
  };
}
