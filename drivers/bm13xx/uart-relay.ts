/** UART_RELAY: how long the chips at the borders of a voltage domain hold answers back, so that far ones get through. */

/** Relay of commands and of answers. */
const RELAY_BOTH = 0x3;
const SHORTEST_GAP = 14;

/** Gap of domain `domain` (0 is nearest to the host) among `domains` of `chipsPerDomain` chips [C, S21 Pro; D, S19 XP]. */
export function relayGap(domain: number, domains: number, chipsPerDomain: number): number {
  return chipsPerDomain * (domains - domain) + SHORTEST_GAP;
}

export function uartRelayRegister(gap: number): number {
  return ((gap << 16) | RELAY_BOTH) >>> 0;
}
