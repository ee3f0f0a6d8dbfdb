/** What a request carries, against the schemas of its operation: values with their defaults, or every problem. */
import type { TSchema } from "typebox";
import { checkAgainst, WHOLE_FILE } from "../config/problems.ts";
import type { ConfigProblem } from "../lib/errors.ts";
import { type RefusedAnswer, type Route, refuse } from "./route.ts";

export interface RawRequest {
  /** As text, from the path. */
  readonly params: Readonly<Record<string, string>>;
  /** As text; a list where one was given twice. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** As it was read from JSON; `undefined`: empty. */
  readonly body: unknown;
}

export interface CheckedRequest {
  readonly is: "checked";
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

const MAX_PROBLEMS = 20;

export function checkRequest(
  { params, query, body }: Pick<Route, "params" | "query" | "body">,
  raw: RawRequest,
): CheckedRequest | RefusedAnswer {
  const problems: ConfigProblem[] = [];
  const checked = (where: string, schema: TSchema | undefined, value: unknown) => {
    if (schema === undefined) return undefined;
    const result = checkAgainst(schema, value);
    for (const problem of result.problems)
      problems.push(
        discreet(schema, problem.path === WHOLE_FILE ? { ...problem, path: where } : problem),
      );
    return result.value;
  };
  const noQuery = Object.keys(raw.query).map((key) => ({
    path: key.slice(0, 40),
    problem: "is not known here",
  }));
  if (query === undefined) problems.push(...noQuery);
  const values = {
    params: checked("path", params, fromText(params, raw.params)),
    query: checked("query", query, fromText(query, raw.query)),
    // An operation that needs nothing takes nothing for an empty object.
    body: checked("body", body, raw.body === undefined ? {} : raw.body),
  };
  if (problems.length === 0) return { is: "checked", ...values };
  return {
    ...refuse(400, "invalid-request", "The request is not as this operation wants it"),
    problems: problems.slice(0, MAX_PROBLEMS),
  };
}

interface Node {
  readonly type?: string;
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
}

/** Numbers and truth values arrive as text; what is neither stays text, and is complained about as such. */
function fromText(
  schema: TSchema | undefined,
  given: Readonly<Record<string, string | readonly string[]>>,
): unknown {
  const properties = (schema as Node | undefined)?.properties ?? {};
  return Object.fromEntries(
    Object.entries(given).map(([key, text]) => {
      const type = Object.hasOwn(properties, key) ? properties[key]?.type : undefined;
      return [key, typeof text === "string" ? typedValue(text, type) : text];
    }),
  );
}

function typedValue(text: string, type: string | undefined): unknown {
  switch (type) {
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "number":
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" || (text === "false" ? false : text);
    default:
      return text;
  }
}

/** A password that was refused is not repeated. */
function discreet(schema: TSchema, problem: ConfigProblem): ConfigProblem {
  const [key = ""] = problem.path.split(/[.[]/, 1);
  const { properties = {} } = schema as Node;
  const isSecret = Object.hasOwn(properties, key) && properties[key]?.secret === true;
  if (!isSecret || problem.problem === "is missing") return problem;
  return { ...problem, problem: "what stands there is not valid" };
}
