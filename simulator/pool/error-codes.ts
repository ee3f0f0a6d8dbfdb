/** Error codes on the SV2 wire are opaque (SV2 §3.5), and differ between years: the quirks that show it. */
import type { Quirks } from "./quirks.ts";

/** What pools said before the present strings: the list of the 2022 draft, and the reference pool of 2025. */
const OLD_CODES: Readonly<Record<string, string>> = {
  "difficulty-too-low": "too-low-difficulty",
  "max-target-out-of-range": "requested-max-target-out-of-range",
};

export function codeUnder(quirks: Quirks, code: string): string {
  if (quirks.has("unknown-codes")) return `X_${code.toUpperCase().replaceAll("-", "_")}`;
  return quirks.has("old-codes") ? (OLD_CODES[code] ?? code) : code;
}
