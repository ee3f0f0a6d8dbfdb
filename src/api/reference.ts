/** The reference of the API for people, in Markdown: from the same table as the server, with answers that were really given. */
import { operationId } from "./openapi.ts";
import type { Route, Topic } from "./route.ts";
import { API_PREFIX } from "./routes.ts";

/** What came back when the example was asked. */
export interface ExampleAnswer {
  readonly status: number;
  /** `undefined`: no text. */
  readonly text: string | undefined;
}

const MAX_LINES = 24;
const MAX_COLUMNS = 140;

/** `answers` by `operationId`. */
export function referenceText(
  routes: readonly Route[],
  answers: ReadonlyMap<string, ExampleAnswer>,
): string {
  const topics = [...new Set(routes.map(({ topic }) => topic))];
  return `${[
    HEAD,
    tableOfContents(routes, topics),
    ...topics.flatMap((topic) => [
      `## ${topic}`,
      ...routes
        .filter((route) => route.topic === topic)
        .map((route) => section(route, answers.get(operationId(route)))),
    ]),
  ].join("\n\n")}\n`;
}

const HEAD = `# API reference

<!-- Generated from src/api/routes.ts; test/operator/http/reference.test.ts asks every example and holds this file against it.
     After a change: npx vitest run test/operator/http/reference.test.ts -u -->

JSON below \`${API_PREFIX}\`. The machine-readable form, with every schema, is \`GET ${API_PREFIX}/openapi.json\`.

- **Login**: \`POST /session\` sets a cookie; programs send \`Authorization: Bearer TOKEN\`, a token of \`POST /tokens\`. Scopes are
  \`read\`, \`control\` and \`admin\`, each with what is below it; a login of the page has \`admin\`. "public" is open to everybody on
  the network unless \`api.publicRead\` is false, and takes \`read\` then; "open" is always open.
- **Writes** need \`Content-Type: application/json\`, and a password that is set: before that, only \`POST /password\` is there.
- **Host**: the machine is asked by its address, as localhost, by its host name, as NAME.local, or under a name in \`api.hosts\`.
- **Unix socket**: \`operator.sock\` in the runtime folder has the same API; who may open it has scope \`admin\`.
- **Refusals** are \`{"error": {"code", "text", "problems"?}}\`: codes are stable, texts are for people. 400 the request is wrong,
  401 log in, 403 not for you, 404 no such thing, 409 not now, 415 not JSON, 422 the settings would not do, 429 too much at
  once (\`Retry-After\`).
- Names carry their unit, a setpoint is \`target…\`, \`null\` is unknown. Long answers are cut below.`;

function tableOfContents(routes: readonly Route[], topics: readonly Topic[]): string {
  const rows = topics.flatMap((topic) =>
    routes
      .filter((route) => route.topic === topic)
      .map(
        (route) =>
          `| [\`${route.method} ${route.path}\`](#${anchor(route)}) | ${accessText(route)} | ${route.summary} |`,
      ),
  );
  return ["| operation | who | what |", "|---|---|---|", ...rows].join("\n");
}

function section(route: Route, answer: ExampleAnswer | undefined): string {
  const parts = [
    `### ${route.method} ${route.path}`,
    `${route.summary}. *${accessText(route)}*`,
    ...(route.description === undefined ? [] : [route.description]),
    ...fieldList("In the path", route.params),
    ...fieldList("In the query", route.query),
    ...fieldList("In the body", route.body),
  ];
  const { example } = route;
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
    String(example.params?.[key] ?? key),
  );
  const query = Object.entries(example.query ?? {}).map(([key, value]) => `${key}=${value}`);
  const target = `${API_PREFIX}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
  const asked = [
    `${route.method} ${target}`,
    ...(route.takesFile === true
      ? ["Content-Type: application/octet-stream", "", "(the file)"]
      : []),
    ...(example.body === undefined ? [] : [JSON.stringify(example.body)]),
  ];
  const came = answer === undefined ? [] : [`→ ${answer.status}`, ...shortened(answer.text)];
  parts.push(["```", ...asked, ...came, "```"].join("\n"));
  return parts.join("\n\n");
}

function accessText({ access }: Route): string {
  return access === "public-read" ? "public" : access;
}

/** As GitHub makes them. */
function anchor({ method, path }: Route): string {
  return `${method} ${path}`
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

interface Node {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

function fieldList(title: string, schema: object | undefined): readonly string[] {
  const { properties = {}, required = [] } = (schema ?? {}) as Node;
  const rows = Object.entries(properties).map(([name, node]) => {
    const isNeeded = required.includes(name) && node.default === undefined;
    const preset = node.default === undefined ? "" : `, else ${JSON.stringify(node.default)}`;
    const words = [`${typeText(node)}${isNeeded ? "" : `, optional${preset}`}`, node.description];
    return `- \`${name}\`: ${words.filter((word) => word !== undefined).join(". ")}`;
  });
  return rows.length === 0 ? [] : [`${title}:\n${rows.join("\n")}`];
}

function typeText(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((one) => `\`${String(one)}\``).join(", ");
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(" or ");
  const bounds =
    node.minimum === undefined || node.maximum === undefined
      ? ""
      : ` from ${node.minimum} to ${node.maximum}`;
  return `${node.type ?? "any value"}${bounds}${node.unit === undefined ? "" : ` ${node.unit}`}`;
}

function shortened(text: string | undefined): readonly string[] {
  if (text === undefined) return ["(binary)"];
  const lines = prettyLines(text);
  const kept = lines
    .slice(0, MAX_LINES)
    .map((line) => (line.length > MAX_COLUMNS ? `${line.slice(0, MAX_COLUMNS)}…` : line));
  return lines.length > MAX_LINES ? [...kept, "…"] : kept;
}

function prettyLines(text: string): readonly string[] {
  try {
    return JSON.stringify(JSON.parse(text), null, 1).split("\n");
  } catch {
    return text.trimEnd().split("\n");
  }
}
