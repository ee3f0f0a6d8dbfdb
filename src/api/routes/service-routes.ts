/** What helps when something is wrong, and the document of all this. */
import Type from "typebox";
import { ConfigError } from "../../lib/errors.ts";
import { logLineSchema } from "../log-lines.ts";
import { poolTestSchema } from "../pool-test.ts";
import { json, type Route, refuse, route } from "../route.ts";
import { supportFileSchema } from "../support-files.ts";

const closed = { additionalProperties: false } as const;
const topic = "Service";

export const serviceRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/pools/test",
    topic,
    access: "admin",
    summary: "Connect to a pool as the miner would, and say how far it came; nothing is kept",
    body: Type.Object(
      {
        url: Type.String({
          minLength: 1,
          maxLength: 500,
          description: "stratum2+tcp://HOST:PORT/KEY, stratum+tcp://HOST:PORT, …",
        }),
        user: Type.String({ maxLength: 255, default: "", description: "Who shares would be for" }),
        password: Type.Optional(
          Type.String({ maxLength: 255, secret: true, description: "Stratum V1 only" }),
        ),
      },
      closed,
    ),
    answers: {
      200: { description: "Every step that was done, at most 10 s", schema: poolTestSchema },
    },
    refusals: [409, 422],
    example: { body: { url: "stratum+tcp://127.0.0.1:1", user: "asicd.one" } },
    async handle({ device, testPool }, { body, actor }) {
      try {
        const { url, user, password } = body;
        const given = { url, user, ...(password === undefined ? {} : { password }) };
        const result = await testPool(given);
        if (result === "busy")
          return refuse(409, "busy", "Another pool is being tested; it takes 10 s at most");
        device.audit(
          actor,
          "pool-tested",
          `tested a pool: ${result.ok ? "it gives work" : `no ${result.steps.at(-1)?.step}`}`,
        );
        return json(result);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return {
          ...refuse(422, "invalid-settings", "This is no address of a pool"),
          problems: error.problems,
        };
      }
    },
  }),
  route({
    method: "GET",
    path: "/logs",
    topic,
    access: "read",
    summary: "The newest lines of the log, oldest first, without secrets",
    query: Type.Object(
      { lines: Type.Integer({ minimum: 1, maximum: 2_000, default: 200 }) },
      closed,
    ),
    answers: {
      200: {
        description: "The lines",
        schema: Type.Object({ lines: Type.Array(logLineSchema) }, closed),
      },
    },
    example: { query: { lines: 2 } },
    handle: ({ logs }, { query }) => json({ lines: logs.lines(query.lines) }),
  }),
  route({
    method: "GET",
    path: "/support-bundle/contents",
    topic,
    access: "admin",
    summary: "What the support bundle would hold",
    answers: {
      200: {
        description: "Its files",
        schema: Type.Object({ files: Type.Array(supportFileSchema) }, closed),
      },
    },
    example: {},
    handle: async ({ bundle }) => json({ files: await bundle.contents() }),
  }),
  route({
    method: "GET",
    path: "/support-bundle",
    topic,
    access: "admin",
    summary: "Status, events, settings without secrets, logs and versions, as a tar archive",
    answers: { 200: { description: "The archive", contentType: "application/x-tar" } },
    example: {},
    async handle({ bundle, device }, { actor }) {
      const bytes = await bundle.tar();
      device.audit(actor, "support-bundle", "downloaded the support bundle");
      return { is: "file", name: "asicd-support.tar", contentType: "application/x-tar", bytes };
    },
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    topic,
    access: "open",
    summary: "This document",
    answers: {
      200: { description: "OpenAPI 3.1", schema: Type.Record(Type.String(), Type.Unknown()) },
    },
    example: {},
    handle: ({ document }) => json(document()),
  }),
];
