/** Answers as the bytes that clients read: JSON, or the older text with its own escapes. */
import { integerText, isList, Numeral, type Row, toJson, type Wire } from "../numerals.ts";
import type { Reply } from "./messages.ts";

export interface Signed {
  readonly whenUnixSeconds: number;
  /** "asicd 0.1.0". */
  readonly description: string;
}

/** Of one command. */
export function encodeReply(form: "json" | "text", reply: Reply, signed: Signed): string {
  if ("goodbye" in reply)
    return form === "text" ? reply.goodbye : toJson({ STATUS: reply.goodbye, id: 1 });
  return form === "text" ? textReply(reply, signed) : toJson(jsonReply(reply, signed));
}

/** Of several, each in its own slot. */
export function encodeJoined(
  form: "json" | "text",
  replies: ReadonlyMap<string, Reply>,
  signed: Signed,
): string {
  if (form === "text")
    return [...replies]
      .map(([name, reply]) => `CMD=${escaped(name)}|${textReply(reply, signed)}`)
      .join("");
  const slots = [...replies].map(([name, reply]) => [name, [jsonReply(reply, signed)]] as const);
  return toJson({ ...Object.fromEntries(slots), id: 1 });
}

function jsonReply(reply: Reply, { whenUnixSeconds, description }: Signed): Row {
  if ("document" in reply) return reply.document;
  if ("goodbye" in reply) return { STATUS: reply.goodbye, id: 1 };
  const { severity, code, text, section } = reply;
  return {
    STATUS: [
      { STATUS: severity, When: whenUnixSeconds, Code: code, Msg: text, Description: description },
    ],
    ...(section === undefined ? {} : { [section.name]: section.rows }),
    id: 1,
  };
}

function textReply(reply: Reply, { whenUnixSeconds, description }: Signed): string {
  if ("goodbye" in reply) return reply.goodbye;
  if ("document" in reply) return "";
  const { severity, code, text, section } = reply;
  const head = fields({
    STATUS: severity,
    When: whenUnixSeconds,
    Code: code,
    Msg: text,
    Description: description,
  });
  const rows = section?.rows.map((row) => `${sectionRow(section.name, row)}|`) ?? [];
  return `${head}|${rows.join("")}`;
}

/** A row that begins with its own number is named by it (POOL=0), any other by its section (SUMMARY). */
const NUMBERED = new Set(["POOL", "ASC", "STATS", "NOTIFY", "DEVDETAILS"]);

function sectionRow(name: string, row: Row): string {
  const [first = ""] = Object.keys(row);
  return NUMBERED.has(first) ? fields(row) : `${name},${fields(row)}`;
}

function fields(row: Row): string {
  return Object.entries(row)
    .flatMap(([key, value]) =>
      value === undefined ? [] : [`${escaped(key)}=${escaped(plain(value))}`],
    )
    .join(",");
}

function plain(value: Wire): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return integerText(value);
  if (typeof value === "boolean") return String(value);
  if (value instanceof Numeral) return value.text;
  return isList(value) ? value.map(plain).join(" ") : toJson(value);
}

/** A reader splits at | , and =; a NUL would end the answer. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  return text.replace(/[\u0000-\u001f]/g, " ").replace(/[|,=\\]/g, (found) => `\\${found}`);
}
