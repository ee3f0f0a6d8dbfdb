/** The OpenAPI 3.1 document of all operations: its schemas are the ones that are checked against. */
import type { TSchema } from "typebox";
import { errorSchema, type Route } from "./route.ts";
import { historyAnswerSchema } from "./routes/history-routes.ts";
import { API_PREFIX, writes } from "./routes.ts";
import { boardSchema, chipSchema, eventSchema, poolSchema, statusSchema } from "./status.ts";

/** Written once and referred to; the rest stands where it is used. */
const named: Readonly<Record<string, TSchema>> = {
  Status: statusSchema,
  Board: boardSchema,
  Chip: chipSchema,
  Pool: poolSchema,
  Event: eventSchema,
  History: historyAnswerSchema,
  Error: errorSchema,
};

const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request is not as this operation wants it",
  401: "A login is needed, or what was shown opens nothing",
  403: "Not with this scope, not before a password is set, or not from another site's page",
  404: "There is no such thing",
  409: "Not now",
  413: "The body is too large",
  415: "Content-Type is not application/json, or application/octet-stream where a file is wanted",
  422: "What was given would not do; every problem is named",
  429: "Too much at once, or too many wrong passwords; Retry-After says when",
  503: "Not at the moment",
};

/** The statuses with which this operation can refuse. */
export function refusalsOf(route: Route): readonly number[] {
  const { access, params, query, body, refusals = [] } = route;
  const all = new Set([400, 403, 429, ...refusals]);
  if (access !== "open") all.add(401);
  if (params !== undefined || query !== undefined || body !== undefined) all.add(400);
  if (body !== undefined) for (const status of [413, 415]) all.add(status);
  return [...all].sort((a, b) => a - b);
}

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    Object.assign(paths[route.path] ?? {}, { [route.method.toLowerCase()]: operation(route) });
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "asicd",
      version,
      description:
        "The miner as its operator has it. Names carry their unit; a setpoint is target…, null is unknown.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: API_PREFIX }],
    tags: [...new Set(routes.map(({ topic }) => topic))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, schema]) => [name, written(schema, name)]),
      ),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "A token of POST /tokens" },
        session: { type: "apiKey", in: "cookie", name: "asicd_session" },
      },
    },
  };
}

/** "getBoardsBoardChips". */
export function operationId({ method, path }: Pick<Route, "method" | "path">): string {
  const words = path.split(/[/{}.-]/).filter((word) => word !== "");
  return [
    method.toLowerCase(),
    ...words.map((word) => word[0]?.toUpperCase() + word.slice(1)),
  ].join("");
}

function operation(route: Route): object {
  const { topic, summary, description, access, body, example, answers } = route;
  const login = [{ token: [] }, { session: [] }];
  const answersDocument = Object.entries(answers).map(([status, answer]) => {
    const { schema, contentType = "application/json" } = answer;
    const content = schema === undefined ? {} : { schema: written(schema) };
    return [status, { description: answer.description, content: { [contentType]: content } }];
  });
  const refusals = refusalsOf(route).map((status) => [
    String(status),
    {
      description: REFUSALS[status] ?? "Refused",
      content: { "application/json": { schema: written(errorSchema) } },
    },
  ]);
  return {
    operationId: operationId(route),
    tags: [topic],
    summary,
    ...(description === undefined ? {} : { description }),
    "x-scope": access,
    security: access === "open" || access === "public-read" ? [{}, ...login] : login,
    ...parameters(route),
    ...(route.takesFile === true
      ? {
          requestBody: {
            required: true,
            content: {
              "application/octet-stream": { schema: { type: "string", format: "binary" } },
            },
          },
        }
      : {}),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: written(body), example: example.body } },
          },
        }),
    "x-writes": writes(route),
    responses: Object.fromEntries([...answersDocument, ...refusals]),
  };
}

interface ObjectNode {
  readonly properties?: Readonly<Record<string, TSchema & { readonly description?: string }>>;
  readonly required?: readonly string[];
}

function parameters({ params, query, example }: Route): object {
  const listed = (
    [
      ["path", params, example.params],
      ["query", query, example.query],
    ] as const
  ).flatMap(([place, schema, examples]) => {
    const { properties = {}, required = [] } = (schema ?? {}) as ObjectNode;
    return Object.entries(properties).map(([name, property]) => ({
      name,
      in: place,
      // A default makes it optional, whatever the type says.
      required: place === "path" || (required.includes(name) && !("default" in property)),
      ...(property.description === undefined ? {} : { description: property.description }),
      schema: written(property),
      ...(examples?.[name] === undefined ? {} : { example: examples[name] }),
    }));
  });
  return listed.length === 0 ? {} : { parameters: listed };
}

const refs = new Map<object, string>(
  Object.entries(named).map(([name, schema]) => [schema, `#/components/schemas/${name}`]),
);

/** A plain copy, in which named schemas are referred to; `own` is the one that is being written. */
function written(schema: unknown, own?: string): unknown {
  if (Array.isArray(schema)) return schema.map((item) => written(item));
  if (typeof schema !== "object" || schema === null) return schema;
  const ref = refs.get(schema);
  if (ref !== undefined && ref !== `#/components/schemas/${own}`) return { $ref: ref };
  const copy = Object.fromEntries(
    Object.entries(schema)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, written(value)]),
  );
  return withoutDefaulted(copy);
}

/** What has a default need not be given. */
function withoutDefaulted(node: Record<string, unknown>): Record<string, unknown> {
  const { required, properties } = node;
  if (!Array.isArray(required) || typeof properties !== "object" || properties === null)
    return node;
  const left = required.filter((name: string) => {
    const property = Reflect.get(properties, name) as object | undefined;
    return property === undefined || !("default" in property);
  });
  const { required: _, ...rest } = node;
  return left.length === 0 ? rest : { ...node, required: left };
}
