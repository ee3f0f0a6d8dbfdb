/** Every operation of the table is asked as its example says, over a real socket; the reference shows what came. */
import { join } from "node:path";
import { Check, Errors } from "typebox/value";
import { expect, test } from "vitest";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { operationId } from "../../../src/api/openapi.ts";
import { type ExampleAnswer, referenceText } from "../../../src/api/reference.ts";
import type { Route } from "../../../src/api/route.ts";
import { routes } from "../../../src/api/routes.ts";
import type { Entropy } from "../../../src/ports/entropy.ts";
import { firstEvents } from "./event-stream.ts";
import { type Called, PASSWORD, served } from "./served.ts";

const REFERENCE = join(import.meta.dirname, "../../../src/api/REFERENCE.md");

/** Timers run, time does not: the reference must come out the same each time. */
class StandingClock extends SystemClock {
  override nowMs(): number {
    return 60_000;
  }
  override unixSeconds(): number {
    return 1_795_291_400;
  }
}

function countingEntropy(): Entropy {
  let next = 0;
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => next++ % 251),
    fraction: () => 0.5,
  };
}

async function ask(route: Route): Promise<Called> {
  await using machine = await served({
    clock: new StandingClock(),
    entropy: countingEntropy(),
    receiveUpdate: () => Promise.resolve({ is: "received", version: "0.2.0" }),
    updates: {
      possible: true,
      text: "Nothing goes on",
      progress: "none",
      problem: null,
      versions: {
        current: { name: "base", version: "0.1.0" },
        target: "armv7",
        state: "returned",
        previous: null,
        staged: null,
        returned: {
          name: "versions/0.2.0-1a2b3c4d",
          version: "0.2.0",
          reason: "not healthy within 600 s: the API does not answer",
          isNew: false,
        },
        reason: "not healthy within 600 s: the API does not answer",
      },
      trial: null,
    },
    bundle: {
      contents: () => Promise.resolve([{ name: "status.json", bytes: 5_556, about: "The status" }]),
      tar: () => Promise.resolve(new Uint8Array(1_024)),
    },
  });
  machine.logs.add(
    '{"level":"info","time":"2026-11-21T20:00:00.000Z","chain":0,"frequencyMHz":525,"msg":"chain hashing"}',
  );
  const { session = "" } = await machine.call("POST /api/v1/session", {
    body: { password: PASSWORD },
  });
  const { params = {}, query = {}, body } = route.example;
  const token = await machine.keyring.createToken({
    name: "of the test",
    scope: "read",
    expiresDays: 30,
  });
  const id = typeof token === "string" ? token : token.record.id;
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    key === "id" ? id : String(params[key]),
  );
  const search = new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
  );
  const target = `/api/v1${path}${search.size === 0 ? "" : `?${search}`}`;
  if (route.path === "/live") {
    const stream = await firstEvents(machine.port, 1);
    return {
      ...stream,
      text: stream.text.slice(0, 400),
      bytes: Buffer.alloc(0),
      body: undefined,
      session: undefined,
    };
  }
  const file = { raw: "asicd-update 1", headers: { "content-type": "application/octet-stream" } };
  return await machine.call(`${route.method} ${target}`, {
    ...(route.takesFile === true ? file : { body }),
    cookie: session,
  });
}

const answers = new Map<string, ExampleAnswer>();

test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "the example of %s is answered as its schema says",
  async (_name, route) => {
    const called = await ask(route);
    const answer = route.answers[called.status];
    expect(answer, `${called.status}: ${called.text}`).toBeDefined();
    const type = answer?.contentType ?? "application/json";
    expect(called.headers["content-type"]).toContain(type);
    if (answer?.schema !== undefined && !Check(answer.schema, called.body))
      expect(Errors(answer.schema, called.body)).toEqual([]);
    const isText = type.startsWith("text/") || type === "application/json";
    answers.set(operationId(route), {
      status: called.status,
      text: isText ? called.text : undefined,
    });
  },
);

test("the reference is what the table and those answers say", async () => {
  expect(answers.size).toBe(routes.length);
  await expect(referenceText(routes, answers)).toMatchFileSnapshot(REFERENCE);
});

test("no two operations have one name", () => {
  expect(new Set(routes.map(operationId)).size).toBe(routes.length);
});
