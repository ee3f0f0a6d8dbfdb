/** The one decision, over everything that a request can show. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AccessQuestion, type Credentials, decideAccess } from "../../src/api/access.ts";
import { decideHost, knownHosts, sameOrigin } from "../../src/api/host-check.ts";

const hosts = knownHosts("miner-1", "garage one", ["Miner.Example.net."]);

const anyCredentials: fc.Arbitrary<Credentials> = fc.oneof(
  fc.constant({ is: "none" } as const),
  fc.constant({ is: "local" } as const),
  fc.constant({ is: "session" } as const),
  fc.constant({ is: "bad", text: "no" } as const),
  fc
    .constantFrom("read", "control", "admin")
    .map((scope) => ({ is: "token", name: "t", scope }) as const),
);

const anyQuestion: fc.Arbitrary<AccessQuestion> = fc.record({
  access: fc.constantFrom("open", "public-read", "read", "control", "admin"),
  writes: fc.boolean(),
  setsPassword: fc.boolean(),
  method: fc.constantFrom("POST", "PUT", "PATCH", "DELETE"),
  host: fc.constantFrom(undefined, "10.0.0.5", "miner-1", "evil.example", "", "[::1]:80", "x y"),
  origin: fc.constantFrom(
    undefined,
    "http://10.0.0.5",
    "http://miner-1",
    "http://evil.example",
    "null",
    "",
  ),
  fetchSite: fc.constantFrom(undefined, "same-origin", "none", "cross-site", "same-site"),
  contentType: fc.constantFrom(undefined, "application/json", "application/jsonx", "text/plain"),
  credentials: anyCredentials,
  address: fc.constant("10.0.0.9"),
  hosts: fc.constant(hosts),
  publicRead: fc.boolean(),
  passwordSet: fc.boolean(),
});

const RANK = { read: 1, control: 2, admin: 3 } as const;

describe("whatever a request shows", () => {
  const holds = (property: (question: AccessQuestion, isAllowed: boolean) => boolean) =>
    fc.assert(
      fc.property(anyQuestion, (question) =>
        property(question, decideAccess(question).is === "allowed"),
      ),
      { numRuns: 3_000 },
    );

  test("nothing is written before a password is set, but the password", () =>
    holds((q, isAllowed) => !(isAllowed && q.writes && !q.passwordSet) || q.setsPassword));

  test("a foreign name or page gets nothing from the network", () =>
    holds(
      (q, isAllowed) =>
        !isAllowed ||
        q.credentials.is === "local" ||
        (decideHost(q.host, hosts) === undefined &&
          (q.origin === undefined || sameOrigin(q.origin, q.host)) &&
          q.fetchSite !== "cross-site"),
    ));

  test("what takes a scope is not allowed to less", () =>
    holds((q, isAllowed) => {
      if (!isAllowed || q.access === "open" || (q.access === "public-read" && q.publicRead))
        return true;
      const { credentials } = q;
      const needed = q.access === "public-read" ? "read" : q.access;
      const isAdmin = credentials.is === "local" || credentials.is === "session";
      return isAdmin || (credentials.is === "token" && RANK[credentials.scope] >= RANK[needed]);
    }));

  test("a form writes nothing", () =>
    holds(
      (q, isAllowed) =>
        !(isAllowed && q.writes && q.method !== "DELETE") || q.contentType === "application/json",
    ));

  test("the actor has the scope that was shown", () =>
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const decision = decideAccess(question);
        if (decision.is === "refused") return;
        const { credentials } = question;
        if (credentials.is === "token") expect(decision.actor.scope).toBe(credentials.scope);
        if (credentials.is === "none" || credentials.is === "bad")
          expect(decision.actor.scope).toBe("read");
      }),
    ));
});

describe("a host", () => {
  test.each([
    "10.0.0.5",
    "10.0.0.5:8080",
    "[::1]",
    "[fe80::1]:80",
    "localhost",
    "LOCALHOST:80",
    "miner-1",
    "miner-1.",
    "miner-1.local",
    "garage-one.local",
    "miner.example.net:443",
  ])("%s is ours", (host) => expect(decideHost(host, hosts)).toBeUndefined());
  test.each([
    "evil.example",
    "10.0.0.5.evil.example",
    "miner-1.evil.example",
    "999.1.1.1",
    "10.0.0",
    "0x7f.1",
    "2130706433",
    "localhost.evil.example",
    "",
    " ",
    "a b",
    "user@10.0.0.5",
    "10.0.0.5/x",
    "[::1",
    "[evil.example]",
  ])("%s is not", (host) =>
    expect(decideHost(host, hosts)).toMatchObject({ code: "host-not-allowed" }),
  );
  test("of any kind is decided without an error", () =>
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        (a, b) => void [decideHost(a, hosts), sameOrigin(a, b)],
      ),
    ));
});

test.each([
  ["http://10.0.0.5", "10.0.0.5", true],
  ["http://10.0.0.5:80", "10.0.0.5", true],
  ["https://10.0.0.5", "10.0.0.5:443", true],
  ["http://10.0.0.5:8080", "10.0.0.5:8080", true],
  ["http://10.0.0.5", "10.0.0.5:8080", false],
  ["http://10.0.0.6", "10.0.0.5", false],
  ["file://", "10.0.0.5", false],
  ["null", "10.0.0.5", false],
  ["http://user@10.0.0.5", "10.0.0.5", false],
  ["http://10.0.0.5/path", "10.0.0.5", false],
  ["chrome-extension://abc", "abc", false],
])("a page at %s asking %s: own is %s", (origin, host, isOwn) =>
  expect(sameOrigin(origin, host)).toBe(isOwn),
);
