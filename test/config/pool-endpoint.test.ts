import { describe, expect, test } from "vitest";
import { poolEndpoint } from "../../src/config/pool-endpoint.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { isPrivateHost } from "../../src/upstream/endpoint.ts";

const endpoint = (url: string, allowUnauthenticated = false) =>
  poolEndpoint({ url, allowUnauthenticated }, "pool.url");

describe("security that is missing must be asked for", () => {
  test("a URL without key is taken only by explicit choice", () => {
    expect(() => endpoint("stratum2+tcp://pool.example:1")).toThrow(ConfigError);
    expect(endpoint("stratum2+tcp://pool.example:1", true)).toEqual({
      host: "pool.example",
      port: 1,
      authorityKey: undefined,
      secure: true,
    });
  });

  test("plaintext goes to private networks only", () => {
    expect(endpoint("stratum2+tcp+insecure://192.168.1.5:1").secure).toBe(false);
    expect(() => endpoint("stratum2+tcp+insecure://pool.example:1")).toThrow(
      'pool.url: "pool.example" is not on a private network',
    );
  });

  test.each([
    "localhost",
    "proxy",
    "proxy.lan",
    "10.0.0.1",
    "172.31.0.1",
    "169.254.3.4",
    "127.0.0.1",
    "::1",
    "fd00::1",
    "fe80::1%eth0",
  ])("%s is private", (host) => {
    expect(isPrivateHost(host)).toBe(true);
  });

  test.each([
    "pool.example",
    "8.8.8.8",
    "172.32.0.1",
    "192.169.0.1",
    "2001:db8::1",
    "local.example",
  ])("%s is not private", (host) => {
    expect(isPrivateHost(host)).toBe(false);
  });
});
