/** Settings: read, tried, changed, confirmed, taken back, carried away. */
import Type from "typebox";
import { configSchema } from "../../config/schema.ts";
import type { ConfigResult, Outcome } from "../device.ts";
import { type Answer, json, type Route, refuse, route } from "../route.ts";
import { outcomeAnswer, outcomeAnswers } from "./action-routes.ts";

const closed = { additionalProperties: false } as const;
const topic = "Settings";

const changesBody = Type.Object(
  {
    changes: Type.Array(
      Type.Object(
        {
          path: Type.String({
            minLength: 1,
            maxLength: 200,
            description: "Like pools[0].url or machine.fans",
          }),
          value: Type.Optional(
            Type.Unknown({ description: 'Absent: back to the default. "…": as it is stored' }),
          ),
        },
        closed,
      ),
      { maxItems: 200 },
    ),
  },
  closed,
);

const nothing = Type.Object({}, closed);

export const configResultSchema = Type.Object(
  {
    is: Type.Literal("applied"),
    differences: Type.Array(
      Type.Object(
        {
          path: Type.String(),
          before: Type.Optional(Type.Unknown({ description: "Absent: not set" })),
          after: Type.Optional(Type.Unknown({ description: "The value in force from now on" })),
          restart: Type.Enum(["none", "pools", "operator", "program"], {
            description: "What taking it into use costs",
          }),
        },
        closed,
      ),
    ),
    confirmByUnixSeconds: Type.Union([Type.Number({ unit: "s" }), Type.Null()], {
      description: "Confirm until then, or everything goes back; null: final",
    }),
  },
  closed,
);

const changed = {
  answers: { 200: { description: "What it changes", schema: configResultSchema } },
  refusals: [409, 422],
} as const;

export const configRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/config",
    topic,
    access: "read",
    summary: 'The settings in force and those that the file has; secrets are "…"',
    answers: {
      200: {
        description: "The settings",
        schema: Type.Object(
          {
            config: Type.Unknown({ description: "Every default in its place" }),
            sparse: Type.Unknown({ description: "Only what differs from the defaults" }),
            confirmByUnixSeconds: Type.Union([Type.Number({ unit: "s" }), Type.Null()]),
            waitsForRestart: Type.Array(Type.String(), {
              description: "Paths whose change waits for a restart of asicd",
            }),
          },
          closed,
        ),
      },
    },
    example: {},
    handle: ({ device: { config } }) =>
      json({
        config: config.effective(),
        sparse: config.sparse(),
        confirmByUnixSeconds: config.confirmByUnixSeconds,
        waitsForRestart: config.waitsForRestart,
      }),
  }),
  route({
    method: "GET",
    path: "/config/schema",
    topic,
    access: "public-read",
    summary: "What can be set, as a JSON Schema with units, defaults and texts",
    answers: {
      200: {
        description: "JSON Schema (2020-12)",
        schema: Type.Record(Type.String(), Type.Unknown()),
      },
    },
    example: {},
    handle: () => json(configSchema),
  }),
  route({
    method: "POST",
    path: "/config/preview",
    topic,
    access: "admin",
    summary: "What these changes would do; nothing is kept",
    body: changesBody,
    ...changed,
    example: { body: { changes: [{ path: "name", value: "garage" }] } },
    handle: async ({ device }, { body }) =>
      resultAnswer(await device.config.preview(body.changes.map(withValue))),
  }),
  route({
    method: "PATCH",
    path: "/config",
    topic,
    access: "admin",
    summary: "Change settings, field by field",
    body: changesBody,
    ...changed,
    example: { body: { changes: [{ path: "name", value: "garage" }] } },
    handle: async ({ device }, { body, actor }) =>
      resultAnswer(await device.config.apply(body.changes.map(withValue), actor)),
  }),
  route({
    method: "PUT",
    path: "/config",
    topic,
    access: "admin",
    summary: "Replace all settings, as after an export",
    body: Type.Object({ config: Type.Record(Type.String(), Type.Unknown()) }, closed),
    ...changed,
    example: {
      body: {
        config: {
          version: 1,
          pool: { url: "stratum+tcp://pool.example.com:3333", user: "asicd.one" },
        },
      },
    },
    handle: async ({ device }, { body, actor }) =>
      resultAnswer(await device.config.replace(body.config, actor)),
  }),
  route({
    method: "POST",
    path: "/config/confirm",
    topic,
    access: "admin",
    summary: "The machine can still be reached: keep the change that waits for this",
    body: nothing,
    ...outcomeAnswers,
    example: { body: {} },
    handle: async ({ device }, { actor }) => outcomeAnswer(await device.config.confirm(actor)),
  }),
  route({
    method: "POST",
    path: "/config/revert",
    topic,
    access: "admin",
    summary: "Back to the settings before the change that waits, or before the last one",
    body: nothing,
    ...changed,
    example: { body: {} },
    handle: async ({ device }, { actor }) => resultAnswer(await device.config.revert(actor)),
  }),
  route({
    method: "GET",
    path: "/config/export",
    topic,
    access: "admin",
    summary: "The settings as a file",
    query: Type.Object(
      {
        secrets: Type.Boolean({
          default: false,
          description: "With pool passwords and the like, for a backup",
        }),
      },
      closed,
    ),
    answers: {
      200: {
        description: "The sparse settings",
        schema: Type.Record(Type.String(), Type.Unknown()),
      },
    },
    example: {},
    handle({ device }, { query: { secrets }, actor }) {
      if (secrets) device.audit(actor, "settings-exported", "exported the settings with secrets");
      const text = `${JSON.stringify(device.config.sparse({ secrets }), null, 2)}\n`;
      return {
        is: "file",
        name: "asicd.json",
        contentType: "application/json",
        bytes: new TextEncoder().encode(text),
      };
    },
  }),
];

/** 422 with every problem; 409 for what cannot be now. */
function resultAnswer(result: ConfigResult): Answer {
  switch (result.is) {
    case "applied":
      return json(result);
    case "invalid":
      return {
        ...refuse(422, "invalid-settings", "These settings would not do; nothing is changed"),
        problems: result.problems,
      };
    case "refused":
      return outcomeAnswer(result satisfies Outcome);
  }
}

/** JSON cannot say `undefined`. */
function withValue({ path, value }: { readonly path: string; readonly value?: unknown }) {
  return { path, value };
}
