/** The pure parts of the interfaces of other firmware. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accessOf } from "../../src/compat/cgminer/access.ts";
import { splitEscaped } from "../../src/compat/cgminer/pool-commands.ts";
import { MAX_REQUEST_BYTES, RequestReader } from "../../src/compat/cgminer/request.ts";
import { fixed, integerText, rate, toJson } from "../../src/compat/numerals.ts";
import { poolUrlParts, shownPoolUrl } from "../../src/compat/pool-url.ts";
import { NetworkList } from "../../src/lib/network-list.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("who may", () => {
  test.each([
    ["private", "192.168.1.7", true],
    ["private", "10.255.0.1", true],
    ["private", "172.31.0.1", true],
    ["private", "172.32.0.1", false],
    ["private", "8.8.8.8", false],
    ["private", "::1", true],
    ["private", "fd12::1", true],
    ["private", "fe80::1%eth0", true],
    ["private", "2001:db8::1", false],
    ["private", "::ffff:192.168.1.7", true],
    ["all", "2001:db8::1", true],
    ["all", "8.8.8.8", true],
    ["10.0.0.5", "10.0.0.5", true],
    ["10.0.0.5", "10.0.0.6", false],
    ["10.0.0.0/30", "10.0.0.3", true],
    ["10.0.0.0/30", "10.0.0.4", false],
    ["0.0.0.0/0", "::1", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["[2001:db8::1]", "2001:db8::1", true],
    ["private", "", false],
    ["private", "nonsense", false],
  ])("%s has %s: %s", (entry, address, has) => {
    expect(new NetworkList([entry]).has(address)).toBe(has);
  });

  test.each([
    "",
    "10.0.0",
    "10.0.0.0/33",
    "10.0.0.256",
    "1::2::3",
    "::/129",
    "lan",
    "10.0.0.0/8/8",
  ])("%j means nothing and allows nobody", (entry) => {
    expect(new NetworkList([entry]).wrong).toEqual([entry.toLowerCase()]);
  });

  test("who may write may read, and nobody else does either", () => {
    const lists = { read: ["192.168.0.0/16"], write: ["127.0.0.1", "::1"] };
    expect(
      ["127.0.0.1", "::1", "192.168.3.4", "10.0.0.1"].map((one) => accessOf(one, lists)),
    ).toEqual(["write", "write", "read", "none"]);
  });
});

describe("a number", () => {
  test("never has an exponent, and a rate keeps four digits at any scale", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-15, max: 1e30, noNaN: true }), (value) => {
        const { text } = rate(value);
        expect(text).toMatch(/^\d+(\.\d+)?$/);
        expect(Math.abs(Number(text) - value) / value).toBeLessThan(1e-4);
      }),
    );
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(fixed(value, 4).text).toMatch(/^-?\d+(\.\d{4})?$/);
        expect(integerText(value)).toMatch(/^-?\d+$/);
      }),
    );
  });

  test("in JSON is what it was written as; what is undefined is left out", () => {
    expect(toJson({ a: fixed(1e-7, 8), b: 2.4, c: [rate(0), "x"], d: undefined, e: 1e22 })).toBe(
      '{"a":0.00000010,"b":2,"c":[0.00,"x"],"e":10000000000000000000000}',
    );
  });
});

describe("a request", () => {
  test("may come in any pieces", () => {
    const bytes = utf8(' {"command":"addpool","parameter":"a\\"}{,b,c"}\n{"command":"quit"}');
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const reader = new RequestReader();
        const ends = [...cuts, bytes.length].sort((a, b) => a - b);
        let from = 0;
        for (const end of ends) {
          const heard = reader.push(bytes.subarray(from, end));
          from = end;
          if (heard.is === "more") continue;
          expect(heard).toMatchObject({
            is: "request",
            request: { commands: ["addpool"], parameter: 'a"}{,b,c' },
          });
          return;
        }
        throw new Error("never whole");
      }),
    );
  });

  test("of any bytes ends in something, within its bounds", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }), (chunks) => {
        const reader = new RequestReader();
        for (const chunk of chunks) if (reader.push(chunk).is !== "more") return;
        expect(["more", "request", "bad-json", "no-command"]).toContain(reader.end().is);
      }),
    );
    const endless = new RequestReader();
    expect(endless.push(new Uint8Array(MAX_REQUEST_BYTES).fill(0x41)).is).toBe("more");
    expect(endless.push(utf8("A")).is).toBe("too-long");
  });

  test("has a number as well as a text for its parameter, and none for what was left out", () => {
    const parameterOf = (text: string) => {
      const heard = new RequestReader().push(utf8(text));
      return heard.is === "request" ? heard.request.parameter : heard.is;
    };
    expect(parameterOf('{"command":"switchpool","parameter":0}')).toBe("0");
    expect(parameterOf('{"command":"switchpool","parameter":"1"}')).toBe("1");
    expect(parameterOf('{"command":"switchpool"}')).toBeUndefined();
    expect(parameterOf("switchpool|1\n")).toBe("1");
    expect(parameterOf("switchpool|\n")).toBeUndefined();
  });
});

test("commas and backslashes of a pool's user are escaped", () => {
  expect(splitEscaped("url,a\\,b\\\\c,p")).toEqual(["url", "a,b\\c", "p"]);
  expect(splitEscaped("url,a\\b,")).toEqual(["url", "a\\b", ""]);
});

test("pool addresses are shown in the forms that clients know", () => {
  expect(shownPoolUrl("stratum2+tcp+insecure://10.0.0.1:3336")).toBe(
    "stratum2+tcp://10.0.0.1:3336",
  );
  expect(shownPoolUrl("stratum+tls://h:1")).toBe("stratum+ssl://h:1");
  expect(shownPoolUrl("stratum2+tcp://h:1/KEY")).toBe("stratum2+tcp://h:1/KEY");
  expect(poolUrlParts("stratum2+tcp://[::1]:34/KEY")).toEqual({
    host: "[::1]",
    port: 34,
    key: "KEY",
  });
});
