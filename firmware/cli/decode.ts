/** Explains recorded bytes to a person at a logic analyser, or to a script. */
import { fromHex } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { explainedChip } from "./chip-option.ts";
import { explainChipBytes } from "./explain-chip.ts";
import { explainSv2Bytes } from "./explain-sv2.ts";
import type { ExplainedPart, Explanation } from "./explanation.ts";

/**
 * Explains any number of frames one after another; what is no frame is listed as skipped. Throws ConfigError for text
 * that is not hex, no bytes at all, or an unknown chip.
 */
export function explain(
  hex: string,
  options: { readonly chip?: string; readonly sv2?: boolean } = {},
): Explanation {
  const bytes = bytesOf("HEX", hex);
  const chip = options.chip === undefined ? undefined : explainedChip(options.chip);
  return options.sv2 === true ? explainSv2Bytes(bytes) : explainChipBytes(bytes, chip);
}

/** Bytes of an argument. Throws ConfigError naming `path` when it is not hex or empty. */
export function bytesOf(path: string, hex: string): Uint8Array {
  const bytes = attempt(path, () => fromHex(hex));
  if (bytes.length === 0)
    throw new ConfigError([{ path, problem: "no bytes", allowed: "hex digits, two per byte" }]);
  return bytes;
}

/** Lines for a person, each part after an empty line, with a line end at the end. */
export function formatExplanation(explanation: Explanation): string {
  return `${explanation.parts.map(formatPart).join("\n\n")}\n`;
}

function formatPart(part: ExplainedPart): string {
  const lines = [`${String(part.offset).padStart(4)}  ${spaced(part.hex)}`];
  lines.push(`      ${part.summary}`);
  if (part.crc !== null) {
    const { kind, found, expected, ok } = part.crc;
    lines.push(
      ok ? `      ${kind} ${found} ok` : `      ${kind} ${found} BAD, should be ${expected}`,
    );
  }
  const widest = Math.max(0, ...part.fields.map(({ name }) => name.length));
  for (const { name, text } of part.fields) lines.push(`        ${name.padEnd(widest)}  ${text}`);
  return lines.join("\n");
}

/** Bytes apart, 32 in a line. */
function spaced(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 32) lines.push(bytes.slice(i, i + 32).join(" "));
  return lines.join("\n      ");
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = error.message.replace(/^hex: /, "");
    throw new ConfigError([{ path, problem, allowed: "hex digits, two per byte" }]);
  }
}
