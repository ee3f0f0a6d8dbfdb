/** JSON-RPC as Stratum V1 has it: requests, notifications and responses, one to a line. */
import { WireError } from "../lib/errors.ts";
import { encodeLine } from "./line-codec.ts";

export type RpcId = number | string;

export type RpcMessage =
  | {
      readonly kind: "call";
      /** `null`: a notification, which nobody answers. */
      readonly id: RpcId | null;
      readonly method: string;
      readonly params: readonly unknown[];
    }
  | {
      readonly kind: "response";
      readonly id: RpcId | null;
      readonly result: unknown;
      readonly error: RpcError | undefined;
    };

/** What a server gives as error: a list, an object or a sentence. */
export interface RpcError {
  readonly code: number | undefined;
  /** In the server's words, not yet printable; may be empty. */
  readonly message: string;
}

/** Longer names and ids are nobody's; they would only fill logs and answers. */
const MAX_NAME_CHARACTERS = 256;

/** Throws WireError "bad-value" for what is no message: no JSON, no object, neither a method nor an answer. */
export function parseRpc(line: string): RpcMessage {
  const value = parseObject(line);
  const id = readId(value["id"]);
  const { method } = value;
  if (typeof method === "string") {
    if (method.length > MAX_NAME_CHARACTERS)
      throw bad(`a method name of ${method.length} characters`);
    return { kind: "call", id, method, params: readParams(value["params"]) };
  }
  if (!("result" in value) && !("error" in value))
    throw bad("a message with neither method nor result nor error");
  return { kind: "response", id, result: value["result"], error: readError(value["error"]) };
}

export function encodeCall(id: number, method: string, params: readonly unknown[]): Uint8Array {
  return encodeLine(JSON.stringify({ id, method, params }));
}

export function encodeResult(id: RpcId, result: unknown): Uint8Array {
  return encodeLine(JSON.stringify({ id, result, error: null }));
}

/** Code -3: how the first Stratum server says that it does not know a method [D]. */
export function encodeUnknownMethod(id: RpcId): Uint8Array {
  return encodeLine(JSON.stringify({ id, result: null, error: [-3, "Method not found", null] }));
}

/** Some servers fill `error` on success too: false, 0, an empty text or list are none. */
function readError(error: unknown): RpcError | undefined {
  if (error === null || error === undefined || error === false || error === 0 || error === "")
    return undefined;
  if (typeof error === "string") return { code: undefined, message: error };
  if (Array.isArray(error)) {
    if (error.length === 0) return undefined;
    const [first, second] = error as unknown[];
    return typeof first === "string"
      ? { code: readCode(first), message: readCode(first) === undefined ? first : text(second) }
      : { code: readCode(first), message: text(second) };
  }
  if (typeof error === "object") {
    const { code, message } = error as { code?: unknown; message?: unknown };
    return { code: readCode(code), message: text(message) };
  }
  return { code: readCode(error), message: "" };
}

function readCode(code: unknown): number | undefined {
  const value = typeof code === "string" && /^-?\d{1,9}$/.test(code) ? Number(code) : code;
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readId(id: unknown): RpcId | null {
  if (typeof id === "number" || (typeof id === "string" && id.length <= MAX_NAME_CHARACTERS))
    return id;
  if (id === null || id === undefined) return null;
  throw bad("an id that is neither number nor text nor null");
}

/** Anything but a list is taken for the only parameter. */
function readParams(params: unknown): readonly unknown[] {
  if (Array.isArray(params)) return params;
  return params === undefined || params === null ? [] : [params];
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new WireError("bad-value", "a line that is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad("a line that is not a JSON object");
  return value as Record<string, unknown>;
}

function bad(what: string): WireError {
  return new WireError("bad-value", what);
}
