/** What an operator may write where addresses are allowed or not. */
import { expect, test } from "vitest";
import { isNetwork, NetworkList } from "../../src/lib/network-list.ts";

test.each([
  ["127.0.0.1", true],
  ["10.0.0.0/8", true],
  ["::/0", true],
  ["fe80::/10", true],
  ["[fd00::1]", true],
  ["private", true],
  [" All ", true],
  ["", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/-1", false],
  ["10.0.0.0/33", false],
  ["::1/129", false],
  ["1.2.3", false],
  ["1.2.3.4.5", false],
  ["miner.local", false],
  ["0x7f.0.0.1", false],
] as const)("%j is an address or a network: %s", (entry, isOne) => {
  expect(isNetwork(entry)).toBe(isOne);
  // What settings let through must also mean something to whoever asks for a caller.
  expect(new NetworkList([entry]).wrong.length === 0).toBe(isOne);
});
