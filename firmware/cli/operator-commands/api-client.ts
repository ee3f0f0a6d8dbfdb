/** Speaks with asicd's API: over the Unix socket of this machine, or with a token over the network. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { type ConfigProblem, describeProblem } from "../../../src/lib/errors.ts";

export type ApiAddress =
  /** Who may open the file may do everything. */
  { readonly socket: string } | { readonly url: string; readonly token: string | undefined };

export interface ApiClient {
  /** `path` begins behind /api/v1. Throws ApiRefusal, ApiUnreachable. */
  get(path: string): Promise<unknown>;
  send(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: object): Promise<unknown>;
}

/** asicd answered, and will not do it. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;
  /** As the API sent it, for scripts. */
  readonly body: unknown;

  constructor(status: number, code: string, text: string, body: unknown) {
    super(text);
    this.name = "ApiRefusal";
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** Nobody answered, or somebody who is not asicd. */
export class ApiUnreachable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ApiUnreachable";
  }
}

const ANSWER_WITHIN_MS = 30_000;
/** The status of a machine with sixteen boards is some 30 kB, its chips as much again. */
const ANSWER_MAX_BYTES = 16 * 2 ** 20;

export function apiClient(address: ApiAddress, signal?: AbortSignal): ApiClient {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { status, answer } = await exchange(address, method, path, text, signal);
    const value = parsed(address, status, answer);
    if (status >= 200 && status < 300) return value;
    throw refusal(status, value);
  };
  return {
    get: (path) => call("GET", path),
    // Every write has a body: the API takes no other, so that no web page can send one by a form.
    send: (method, path, body = {}) => call(method, path, method === "DELETE" ? undefined : body),
  };
}

function exchange(
  address: ApiAddress,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly answer: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new ApiUnreachable(`${nameOf(address)}: ${reasonOf(address, error)}`, error));
    const { start, options } = target(address, path);
    const request = start(
      {
        ...options,
        method,
        headers: {
          accept: "application/json",
          ...options.headers,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        },
        ...(signal === undefined ? {} : { signal }),
      },
      (response) => {
        readAll(response).then(
          (answer) => resolve({ status: response.statusCode ?? 0, answer }),
          fail,
        );
      },
    );
    request.setTimeout(ANSWER_WITHIN_MS, () =>
      request.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)),
    );
    request.on("error", fail);
    request.end(body);
  });
}

function target(
  address: ApiAddress,
  path: string,
): { start: typeof httpRequest; options: RequestOptions } {
  const apiPath = `/api/v1${path}`;
  if ("socket" in address)
    return {
      start: httpRequest,
      options: { socketPath: address.socket, path: apiPath, headers: { host: "localhost" } },
    };
  const url = new URL(address.url);
  return {
    start: url.protocol === "https:" ? httpsRequest : httpRequest,
    options: {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port,
      path: `${url.pathname.replace(/\/+$/, "")}${apiPath}`,
      headers: address.token === undefined ? {} : { authorization: `Bearer ${address.token}` },
    },
  };
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > ANSWER_MAX_BYTES) throw new Error("the answer is too long to be asicd's");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(address: ApiAddress, status: number, answer: string): unknown {
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    throw new ApiUnreachable(`${nameOf(address)}: answers ${status}, and not as asicd does`);
  }
}

function refusal(status: number, body: unknown): ApiRefusal {
  const { error } = (body ?? {}) as {
    readonly error?: {
      readonly code?: unknown;
      readonly text?: unknown;
      readonly problems?: readonly ConfigProblem[];
    };
  };
  const text = typeof error?.text === "string" ? error.text : `asicd answered ${status}`;
  const problems = Array.isArray(error?.problems) ? error.problems.map(describeProblem) : [];
  const code = typeof error?.code === "string" ? error.code : String(status);
  return new ApiRefusal(status, code, [text, ...problems].join("\n"), body);
}

function nameOf(address: ApiAddress): string {
  return "socket" in address ? address.socket : new URL(address.url).host;
}

/** What to do about the usual ones. */
function reasonOf(address: ApiAddress, error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  if ("socket" in address) {
    if (code === "ENOENT") return "there is no such socket; is asicd running?";
    if (code === "ECONNREFUSED") return "nobody listens; is asicd running?";
    if (code === "EACCES") return "not allowed to open it; run this as root, or use --url";
  }
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT" || code === "SELF_SIGNED_CERT_IN_CHAIN")
    return "its certificate is its own; name it in the environment variable NODE_EXTRA_CA_CERTS";
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const shown = first ?? error;
  return shown instanceof Error ? shown.message || shown.name : String(shown);
}
