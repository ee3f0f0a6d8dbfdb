import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { formatPoolUrl, parsePoolUrl } from "../../src/upstream/pool-url.ts";

const KEY = "9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh";
const KEY_HEX = "76637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7455";

describe("pool URLs", () => {
  test.each([
    [`stratum2+tcp://pool.example.com:34254/${KEY}`, "pool.example.com", 34_254],
    [`STRATUM2+TCP://10.0.0.7:1/${KEY}`, "10.0.0.7", 1],
    [`stratum2+tcp://[2001:db8::7]:65535/${KEY}`, "2001:db8::7", 65_535],
    [`stratum2+tcp://[fe80::1%eth0]:3333/${KEY}`, "fe80::1%eth0", 3_333],
    [`  stratum2+tcp://localhost:3333/${KEY}\n`, "localhost", 3_333],
  ])("%s is an encrypted pool", (text, host, port) => {
    const { authorityKey, ...rest } = parsePoolUrl(text);
    expect(rest).toEqual({ host, port, secure: true });
    expect(authorityKey && toHex(authorityKey)).toBe(KEY_HEX);
  });

  test("44: plaintext has a scheme that says so, and no key", () => {
    expect(parsePoolUrl("stratum2+tcp+insecure://127.0.0.1:34250")).toEqual({
      host: "127.0.0.1",
      port: 34_250,
      authorityKey: undefined,
      secure: false,
    });
    expect(() => parsePoolUrl(`stratum2+tcp+insecure://127.0.0.1:34250/${KEY}`)).toThrow(
      "a key makes no sense",
    );
  });

  test("44: an encrypted pool without a key is refused unless that was asked for", () => {
    for (const text of ["stratum2+tcp://pool:3333", "stratum2+tcp://pool:3333/"]) {
      expect(() => parsePoolUrl(text)).toThrow("authority key is missing");
      expect(parsePoolUrl(text, { allowUnauthenticated: true })).toEqual({
        host: "pool",
        port: 3_333,
        authorityKey: undefined,
        secure: true,
      });
    }
  });

  test.each([
    ["pool.example.com:3333", "no scheme"],
    ["", "no scheme"],
    ["stratum+tcp://pool:3333", "Stratum V1"],
    ["http://pool:3333", 'scheme "http" is unknown'],
    [`stratum2+tcp://pool/${KEY}`, "the port is missing"],
    [`stratum2+tcp://pool:/${KEY}`, "the port is missing"],
    [`stratum2+tcp://pool:0/${KEY}`, "not a number from 1 to 65535"],
    [`stratum2+tcp://pool:65536/${KEY}`, "not a number from 1 to 65535"],
    [`stratum2+tcp://pool:0x50/${KEY}`, "not a number from 1 to 65535"],
    [`stratum2+tcp://:3333/${KEY}`, "the host is missing"],
    [`stratum2+tcp://worker@pool:3333/${KEY}`, "user name does not belong"],
    [`stratum2+tcp://2001:db8::7:3333/${KEY}`, "an IPv6 address stands in brackets"],
    [`stratum2+tcp://[pool]:3333/${KEY}`, "not an IPv6 address"],
    [`stratum2+tcp://[::1:3333/${KEY}`, "not an IPv6 address"],
    [`stratum2+tcp://pö.example:3333/${KEY}`, "characters other than"],
    [`stratum2+tcp://${"a".repeat(254)}:3333/${KEY}`, "host of 254 characters"],
    [
      "stratum2+tcp://pool:3333/u95GEReVMjK6k5YqiSFNqqTnKU4ypU2Wm8awa6tmbmDmk1bWt",
      "obsolete Ed25519",
    ],
    [`stratum2+tcp://pool:3333/${KEY}?x=1`, "not in the base58 alphabet"],
  ])("%s is refused: %s", (text, problem) => {
    expect(() => parsePoolUrl(text, { path: "--pool" })).toThrow(ConfigError);
    expect(() => parsePoolUrl(text, { path: "--pool" })).toThrow(/^--pool: /);
    expect(() => parsePoolUrl(text, { path: "--pool" })).toThrow(problem);
  });

  test("everything that is wrong is reported at once, with what is allowed", () => {
    try {
      parsePoolUrl("stratum2+tcp://:99999/xyz", { path: "pool.url" });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems).toHaveLength(3);
      for (const { path, allowed } of error.problems) {
        expect(path).toBe("pool.url");
        expect(allowed).toBeDefined();
      }
    }
  });

  test("a URL and its parts are the same thing", () => {
    for (const text of [
      `stratum2+tcp://pool.example.com:34254/${KEY}`,
      `stratum2+tcp://[2001:db8::7]:3333/${KEY}`,
      "stratum2+tcp://pool:3333",
      "stratum2+tcp+insecure://127.0.0.1:34250",
    ])
      expect(formatPoolUrl(parsePoolUrl(text, { allowUnauthenticated: true }))).toBe(text);
  });

  test("any text is a pool or a ConfigError", () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom("stratum2+tcp", "://", "[", "]", ":", "/", "::1", "pool", "3333", KEY),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          expect(parsePoolUrl(pieces.join("")).port).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });
});
