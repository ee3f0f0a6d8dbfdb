/** What the API can answer: code and severity are the interface, the words are ours. */
import type { Row, Wire } from "../numerals.ts";

/** Success, information, warning, error, fatal. */
export type Severity = "S" | "I" | "W" | "E" | "F";

/** "%" stands for what a message is about. */
const messages = {
  7: ["S", "% pools"],
  8: ["E", "No pools"],
  9: ["S", "% boards"],
  10: ["E", "No boards"],
  11: ["S", "Summary"],
  14: ["E", "Unknown command: %"],
  15: ["E", "Which device? A number is missing"],
  22: ["S", "Versions"],
  23: ["E", "Not JSON"],
  24: ["E", 'JSON without a "command"'],
  25: ["E", "Which pool? A number is missing"],
  26: ["E", "There is no pool %"],
  27: ["S", "Switching to pool %"],
  33: ["S", "Configuration"],
  42: ["E", "A file name is missing"],
  43: ["E", "Cannot write: %"],
  44: ["S", "Settings are saved with each change; nothing was left to save"],
  45: ["E", "Access denied: %"],
  46: ["S", "You may write"],
  47: ["S", "Pool % is enabled"],
  48: ["S", "Pool % is disabled"],
  49: ["I", "Pool % is enabled already"],
  50: ["I", "Pool % is disabled already"],
  51: ["E", "Pool % is the last enabled one"],
  52: ["E", "URL, user and password are needed, with commas between them"],
  53: ["E", "Not added: %"],
  54: ["E", "Too many pools: %"],
  55: ["S", "Added pool %"],
  56: ["E", "No PGA boards"],
  59: ["S", "Number of PGA boards"],
  60: ["S", "What boards told"],
  66: ["E", "Pool % is the last one"],
  67: ["E", "Pool % has the hash power; switch to another one first"],
  68: ["S", "Removed pool %"],
  69: ["S", "Device details"],
  70: ["S", "Statistics"],
  71: ["E", "Check which command?"],
  72: ["S", "Check"],
  73: ["S", "Order of pools changed"],
  74: ["E", "Pool % stands there twice"],
  75: ["E", "true or false is missing"],
  76: ["E", "% is neither true nor false"],
  77: ["S", "Pools take over from each other by their order, always"],
  78: ["S", "Coin"],
  79: ["S", "Debug settings"],
  82: ["S", "Set %"],
  83: ["E", "Unknown name: %"],
  84: ["E", "% is out of range"],
  85: ["E", "Name and number are missing"],
  86: ["E", "A number is missing for %"],
  88: ["I", "No USB statistics"],
  94: ["E", "all or bestshare, and true or false, are missing"],
  95: ["E", "% is neither all nor bestshare"],
  96: ["S", "Zeroed %, for this interface alone; the summary is as it was before"],
  97: ["S", "Zeroed %, for this interface alone"],
  102: ["W", "There is no hotplug"],
  104: ["S", "Number of boards"],
  106: ["S", "Board %"],
  107: ["E", "There is no board %"],
  108: ["I", "Board % is enabled already"],
  109: ["I", "Board % is disabled already"],
  110: ["I", "Enabling board %"],
  111: ["I", "Disabling board %"],
  112: ["E", "Board % is not well: it must be looked at and cleared on the page"],
  113: ["S", "The lamp of the machine blinks for %"],
  114: ["W", "Cannot identify: %"],
  116: ["E", "Which option? help lists them"],
  117: ["W", "No such option: %"],
  118: ["I", "Options: reset (power off, reset, power on)"],
  119: ["S", "Done: %"],
  120: ["E", "Not done: %"],
  121: ["E", "% is negative"],
  122: ["S", "Quota set: %"],
  124: ["W", "There are no locks to count"],
  125: ["S", "LCD"],
} as const satisfies Readonly<Record<number, readonly [Severity, string]>>;

export type MessageCode = keyof typeof messages;

export type Reply =
  | {
      readonly severity: Severity;
      readonly code: MessageCode;
      readonly text: string;
      readonly section?: { readonly name: string; readonly rows: readonly Row[] };
    }
  /** Instead of an answer, to what ends the program. */
  | { readonly goodbye: "BYE" | "RESTART" }
  /** A JSON document of another shape. */
  | { readonly document: Readonly<Record<string, Wire>> };

const MAX_SUBJECT = 300;

export function message(code: MessageCode, about: string | number = ""): Reply {
  const [severity, text] = messages[code];
  return { severity, code, text: text.replace("%", () => String(about).slice(0, MAX_SUBJECT)) };
}

export function answer(
  code: MessageCode,
  name: string,
  rows: readonly Row[],
  about: string | number = rows.length,
): Reply {
  return { ...message(code, about), section: { name, rows } };
}
