/**
 * The cgminer API's request out of whatever chunks it comes in. No client of it half-closes, and few end what they send, so
 * a request is whole as soon as one JSON value is, or a line of text; where text ends in silence, the caller says so.
 */

/** cgminer takes 4 KiB; joined commands of today's tools stay far below this. */
export const MAX_REQUEST_BYTES = 65_536;
/** Nobody asks for more at once; what follows is not answered. */
export const MAX_JOINED = 64;

export interface ApiRequest {
  readonly form: "json" | "text";
  /** One, or several joined by "+"; none empty, none twice. */
  readonly commands: readonly string[];
  /** Joined by "+", even if a single one is left. */
  readonly isJoined: boolean;
  /** Absent and "" are different: pyasic leaves out a 0. */
  readonly parameter: string | undefined;
  /** Bitmain's `stats` in the shape of its CGI. */
  readonly newApi: boolean;
}

export type Heard =
  | { readonly is: "more" }
  | { readonly is: "request"; readonly request: ApiRequest }
  | { readonly is: "bad-json" }
  | { readonly is: "no-command" }
  | { readonly is: "too-long" };

const [OPEN, CLOSE, QUOTE, BACKSLASH] = [0x7b, 0x7d, 0x22, 0x5c];
const [LINE_FEED, RETURN, SPACE, TAB, NUL] = [0x0a, 0x0d, 0x20, 0x09, 0];
const MORE: Heard = { is: "more" };

/** One request of one connection. */
export class RequestReader {
  #bytes = new Uint8Array(512);
  #length = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;

  /** More than a beginning has been heard, and it is text, which may have no end of its own. */
  get mayBeWhole(): boolean {
    return this.#length > 0 && !this.#isJson;
  }

  push(chunk: Uint8Array): Heard {
    for (const byte of chunk) {
      if (this.#length === 0 && isGap(byte)) continue;
      if (this.#length > 0 && !this.#isJson && isEnd(byte)) return this.end();
      if (this.#length === MAX_REQUEST_BYTES) return { is: "too-long" };
      this.#keep(byte);
      if (this.#isJson && this.#closes(byte)) return this.end();
    }
    return MORE;
  }

  /** What there is, is all. */
  end(): Heard {
    const text = new TextDecoder().decode(this.#bytes.subarray(0, this.#length));
    if (this.#length === 0) return MORE;
    return this.#isJson ? jsonRequest(text) : { is: "request", request: textRequest(text) };
  }

  #keep(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }

  get #isJson(): boolean {
    return this.#bytes[0] === OPEN;
  }

  /** Braces are counted outside of strings only; whether the rest is JSON is for the parser to say. */
  #closes(byte: number): boolean {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return false;
    }
    if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN) this.#depth++;
    else if (byte === CLOSE) this.#depth--;
    return this.#depth === 0;
  }
}

function isEnd(byte: number): boolean {
  return byte === LINE_FEED || byte === RETURN || byte === NUL;
}

function isGap(byte: number): boolean {
  return isEnd(byte) || byte === SPACE || byte === TAB;
}

function jsonRequest(text: string): Heard {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { is: "bad-json" };
  }
  const { command, parameter, new_api } = value as Record<string, unknown>;
  if (typeof command !== "string" || command === "") return { is: "no-command" };
  return {
    is: "request",
    request: {
      form: "json",
      ...splitCommands(command),
      parameter: parameterText(parameter),
      newApi: new_api === true,
    },
  };
}

/** Numbers and strings mean the same. */
function parameterText(parameter: unknown): string | undefined {
  switch (typeof parameter) {
    case "string":
      return parameter;
    case "number":
    case "boolean":
      return String(parameter);
    default:
      return undefined;
  }
}

/** `summary`, `summary|`, `pools+devs`, `switchpool|0`. */
function textRequest(text: string): ApiRequest {
  const at = text.indexOf("|");
  const command = at < 0 ? text : text.slice(0, at);
  const parameter = at < 0 ? "" : text.slice(at + 1).trimEnd();
  return {
    form: "text",
    ...splitCommands(command.trim()),
    parameter: parameter === "" ? undefined : parameter,
    newApi: false,
  };
}

function splitCommands(command: string): { commands: readonly string[]; isJoined: boolean } {
  const names = command
    .split("+")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return { commands: [...new Set(names)].slice(0, MAX_JOINED), isJoined: command.includes("+") };
}
