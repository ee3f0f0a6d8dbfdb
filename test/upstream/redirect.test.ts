import { describe, expect, test } from "vitest";
import { judgeRedirect } from "../../src/upstream/redirect.ts";

function verdict(
  configured: string,
  newHost: string,
  options: { secure?: boolean; allowed?: string[]; current?: string } = {},
) {
  return judgeRedirect(
    { host: configured, port: 3_333, authorityKey: undefined, secure: options.secure ?? true },
    { host: options.current ?? configured, port: 4_444 },
    { newHost, newPort: 0 },
    { allowed: options.allowed ?? [] },
  );
}

describe("where a server may send us (§3.6.5)", () => {
  test.each([
    ["pool.example.com", ""],
    ["pool.example.com", "POOL.example.com."],
    ["pool.example.com", "eu.backend.example.com"],
    ["example.com", "pool.example.com"],
    ["192.168.1.5", "10.0.0.7"],
    ["proxy.lan", "192.168.1.9"],
    ["203.0.113.5", "203.0.113.5"],
  ])("from %s to %j is followed", (configured, host) => {
    expect(verdict(configured, host)).toMatchObject({ follow: true, port: 4_444 });
  });

  test.each([
    ["pool.example.com", "pool.example.org"],
    ["pool.example.com", "evilexample.com"],
    ["pool.example.com", "example.com.evil.net"],
    ["203.0.113.5", "203.0.113.6"],
    ["203.0.113.5", "198.51.113.5"],
    ["pool.example.com", "192.168.1.9"],
    ["192.168.1.5", "pool.example.com"],
    ["2001:db8::1", "2001:db8::2"],
  ])("from %s to %j is not", (configured, host) => {
    expect(verdict(configured, host)).toMatchObject({
      follow: false,
      reason: `redirect refused: ${host} has nothing to do with ${configured}; the operator may allow it`,
    });
  });

  test("the operator's list opens other hosts, by their whole name", () => {
    const allowed = ["Backup.example.org"];
    expect(verdict("a.example.com", "backup.example.org", { allowed }).follow).toBe(true);
    expect(verdict("a.example.com", "x.backup.example.org", { allowed }).follow).toBe(false);
  });

  test("relatedness is that to the configured host, not to where we were sent since", () => {
    const options = { current: "backup.example.org", allowed: ["backup.example.org"] };
    expect(verdict("a.example.com", "other.example.org", options).follow).toBe(false);
    expect(verdict("a.example.com", "", options)).toMatchObject({
      follow: true,
      host: "backup.example.org",
    });
  });

  test("case 103: plaintext goes to private addresses only, whatever the list says", () => {
    const allowed = ["pool.example.com"];
    expect(verdict("192.168.1.5", "192.168.1.6", { secure: false }).follow).toBe(true);
    expect(verdict("192.168.1.5", "pool.example.com", { secure: false, allowed })).toMatchObject({
      follow: false,
      reason: "redirect refused: in plaintext to pool.example.com, which is not private",
    });
  });

  test("a host that would paint the log is shown harmless", () => {
    const shown = verdict("pool.example.com", "evil\u001b[31m");
    expect(shown.follow).toBe(false);
    expect(JSON.stringify(shown)).not.toContain("\\u001b");
  });
});
