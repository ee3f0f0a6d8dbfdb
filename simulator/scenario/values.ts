/** What a step writes for a field, read as the field's data type: numbers, bytes, text, lists, and $names among them. */
import { targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { concatBytes, fromHex, printable, toHex } from "../../src/lib/bytes.ts";
import { decodeText } from "../../src/sv2/text.ts";
import { describeKind, readInteger, readNumber, scalarOf, sumOf } from "./numbers.ts";
import { type Scope, ValueProblem } from "./scope.ts";
import { shown } from "./shown.ts";
import { child, plain, type SourceNode } from "./source.ts";

/** The longest frame has no more. */
const MAX_BYTES = 0xffffff;
const MAX_TEXT = 1_000_000;
const MAX_LIST = 65_535;

const BYTES_FORM =
  'hex such as "00ff", "ff*32" for 32 of them, $names, or several with blanks between';

/** The value of a message field. Throws ValueProblem. */
export function readValue(node: SourceNode, dataType: string, scope: Scope): unknown {
  const [, outer, inner] = /^(\w+)(?:\[(.+)\])?$/.exec(dataType) ?? [];
  if (outer === "OPTION") return isNone(node) ? undefined : readValue(node, inner as string, scope);
  if (outer?.startsWith("SEQ") === true) return readList(node, inner as string, scope);
  if (dataType === "BOOL") return readBoolean(node, scope);
  if (dataType === "U64") return readInteger(node, scope);
  if (dataType === "F32") return readNumber(node, scope);
  if (/^U\d+$/.test(dataType) && dataType !== "U256") return Number(readInteger(node, scope));
  if (dataType.startsWith("STR")) return readText(node, scope);
  return readBytes(node, scope);
}

function isNone(node: SourceNode): boolean {
  return node.kind === "scalar" && (node.value === null || node.value === "none");
}

/** Of "$name" alone, what it stands for. */
function wholeName(text: string, scope: Scope): { readonly value: unknown } | undefined {
  const [, name] = /^\$([A-Za-z_][\w.]*)$/.exec(text.trim()) ?? [];
  return name === undefined ? undefined : { value: scope.get(name) };
}

function readBoolean(node: SourceNode, scope: Scope): boolean {
  const { value, text } = scalarOf(node, "true or false");
  const known = wholeName(text, scope)?.value ?? value;
  if (typeof known === "boolean") return known;
  throw new ValueProblem(`"${printable(text, 40)}" is no yes or no`, "true or false");
}

/** Throws ValueProblem. `{ difficulty: 512 }` is the target of that difficulty. */
export function readBytes(node: SourceNode, scope: Scope): Uint8Array {
  const difficulty = child(node, "difficulty");
  if (difficulty !== undefined) {
    const number = readNumber(difficulty, scope);
    if (number > 0 && Number.isFinite(number)) return targetFromDifficulty(number);
    throw new ValueProblem(`difficulty ${number}`, "a number above 0");
  }
  const { text } = scalarOf(node, BYTES_FORM);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const [, unit, times] = /^([^*]+)(?:\*(\d{1,8}))?$/.exec(word) ?? [];
    if (unit === undefined) throw new ValueProblem(`"${printable(word, 40)}"`, BYTES_FORM);
    const bytes = unitBytes(unit, scope);
    const count = times === undefined ? 1 : Number(times);
    length += bytes.length * count;
    if (length > MAX_BYTES) throw new ValueProblem(`${length} bytes`, `at most ${MAX_BYTES}`);
    const repeated = new Uint8Array(bytes.length * count);
    for (let i = 0; i < count; i++) repeated.set(bytes, i * bytes.length);
    parts.push(repeated);
  }
  return concatBytes(...parts);
}

function unitBytes(unit: string, scope: Scope): Uint8Array {
  const named = wholeName(unit, scope);
  if (named?.value instanceof Uint8Array) return named.value;
  if (typeof named?.value === "string") return hexBytes(named.value);
  if (named !== undefined)
    throw new ValueProblem(`${unit} is ${describeKind(named.value)}`, BYTES_FORM);
  return hexBytes(unit);
}

function hexBytes(text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ValueProblem(`"${printable(text, 40)}": ${error.message}`, BYTES_FORM);
  }
}

/** `{ repeat: [text, n] }` is text n times, `{ bytes: ff00 }` those bytes, whatever text they are. */
function readText(node: SourceNode, scope: Scope): string {
  const bytes = child(node, "bytes");
  if (bytes !== undefined) return decodeText(readBytes(bytes, scope));
  return repeatedText(node) ?? interpolated(scalarOf(node, "text").text, scope);
}

function repeatedText(node: SourceNode): string | undefined {
  const repeat = child(node, "repeat");
  if (repeat === undefined) return undefined;
  // Anything but a list leaves both of the wrong kind.
  const [text, count] = repeat.kind === "list" ? repeat.items.map(plain) : [];
  if (
    typeof text !== "string" ||
    !Number.isInteger(count) ||
    text.length * (count as number) > MAX_TEXT ||
    (count as number) < 0
  )
    throw new ValueProblem("repeat", `{ repeat: [text, times] } of at most ${MAX_TEXT} characters`);
  return text.repeat(count as number);
}

function interpolated(text: string, scope: Scope): string {
  const whole = wholeName(text, scope);
  if (whole !== undefined) return shown(whole.value);
  return text.replace(/\$\{([A-Za-z_][\w.]*)\}/g, (_, name: string) => shown(scope.get(name)));
}

function readList(node: SourceNode, dataType: string, scope: Scope): readonly unknown[] {
  if (node.kind === "list") return node.items.map((item) => readValue(item, dataType, scope));
  const repeat = child(node, "repeat");
  if (repeat?.kind === "list" && repeat.items.length === 2) {
    const count = readNumber(repeat.items[1] as SourceNode, scope);
    if (!(count >= 0 && count <= MAX_LIST))
      throw new ValueProblem(`${count} times`, `0 to ${MAX_LIST}`);
    return Array(count).fill(readValue(repeat.items[0] as SourceNode, dataType, scope));
  }
  const named = node.kind === "scalar" ? wholeName(node.text, scope)?.value : undefined;
  if (Array.isArray(named)) return named;
  throw new ValueProblem(`a ${node.kind}`, "a list in brackets, or { repeat: [value, times] }");
}

/** A value of Stratum V1: JSON, with $names and `{ repeat: [text, n] }` in it. Throws ValueProblem. */
export function readJson(node: SourceNode, scope: Scope): unknown {
  if (node.kind === "list") return node.items.map((item) => readJson(item, scope));
  if (node.kind === "map") {
    const text = node.entries.size === 1 ? repeatedText(node) : undefined;
    if (text !== undefined) return text;
    return Object.fromEntries(
      [...node.entries].map(([key, value]) => [key, readJson(value, scope)]),
    );
  }
  if (typeof node.value !== "string") return node.value;
  const whole = wholeName(node.value, scope);
  if (whole === undefined) {
    if (/^\$\w[\w.]*\s*[-+*/]/.test(node.value)) return Number(sumOf(node.value, scope, false));
    return interpolated(node.value, scope);
  }
  return whole.value instanceof Uint8Array ? toHex(whole.value) : whole.value;
}

/** The names that a text refers to. */
export function namesIn(node: SourceNode): readonly { name: string; line: number }[] {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string"
        ? [...node.text.matchAll(/\$\{?([A-Za-z_][\w.]*)/g)].map(([, name = ""]) => ({
            name,
            line: node.line,
          }))
        : [];
    case "list":
      return node.items.flatMap(namesIn);
    case "map":
      return [...node.entries.values()].flatMap(namesIn);
  }
}
