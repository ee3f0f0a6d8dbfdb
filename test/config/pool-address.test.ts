import { describe, expect, test } from "vitest";
import { poolAddress } from "../../src/config/configured-pool.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { isPrivateHost } from "../../src/upstream/endpoint.ts";

const address = (url: string, allowUnauthenticated = false, tlsCertificateSha256?: string) =>
  poolAddress(
    {
      url,
      allowUnauthenticated,
      ...(tlsCertificateSha256 === undefined ? {} : { tlsCertificateSha256 }),
    },
    "pool.url",
  );
const endpoint = (url: string, allowUnauthenticated = false) =>
  address(url, allowUnauthenticated).endpoint;

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
    expect(endpoint("stratum2+tcp+insecure://192.168.1.5:1")).toMatchObject({ secure: false });
    expect(() => endpoint("stratum2+tcp+insecure://pool.example:1")).toThrow(
      'pool.url: "pool.example" is not on a private network',
    );
  });

  test("Stratum V1 is told by its scheme; TLS by stratum+ssl, with the one certificate to believe if there is one", () => {
    expect(address("stratum+tcp://pool.example:3333")).toEqual({
      protocol: "sv1",
      endpoint: { host: "pool.example", port: 3333 },
    });
    expect(address("stratum+ssl://pool.example:443")).toEqual({
      protocol: "sv1",
      endpoint: { host: "pool.example", port: 443, tls: {} },
    });
    const pin = "ab".repeat(32);
    expect(address("STRATUM+SSL://[2001:db8::1]:443", false, pin)).toEqual({
      protocol: "sv1",
      endpoint: { host: "2001:db8::1", port: 443, tls: { pinnedSha256: pin } },
    });
  });

  test.each([
    ["stratum+tcp://pool.example:3333/9auqWEz", "no authority key"],
    ["stratum+tcp://user@pool.example:3333", "user name does not belong"],
    ["stratum+tcp://pool.example", "port is missing"],
    ["stratum+udp://pool.example:1", "has no place here"],
  ])("%s is refused: %s", (url, problem) => {
    expect(() => address(url)).toThrow(problem);
  });

  test("a pinned certificate without TLS is a mistake", () => {
    for (const url of ["stratum+tcp://pool.example:1", "stratum2+tcp://pool.example:1"])
      expect(() => address(url, true, "ab".repeat(32))).toThrow("asks for no TLS");
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
