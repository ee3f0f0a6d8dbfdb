/** Values as other people's clients read them: numbers as text, so that none is cut to zero and none gets an exponent. */

/** A number that is written exactly like this. */
export class Numeral {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A bare number is an integer: `1.0` would end a strict reader (Go's, for one). `undefined` is left out. */
export type Wire =
  | string
  | number
  | boolean
  | Numeral
  | readonly Wire[]
  | { readonly [key: string]: Wire | undefined };

export type Row = Readonly<Record<string, Wire | undefined>>;

/** One more than four, which is what readers are promised at any scale. */
const RATE_DIGITS = 5;
const MAX_DECIMALS = 30;

/** So many decimals, never an exponent; what is no number counts as 0. */
export function fixed(value: number, decimals: number): Numeral {
  const finite = Number.isFinite(value) ? value : 0;
  // From here on JavaScript answers with an exponent; fractions are long gone.
  if (Math.abs(finite) >= 1e21) return new Numeral(BigInt(finite).toString());
  return new Numeral(finite.toFixed(decimals));
}

/** At least two decimals, and at least five digits that count, so that also a simulated rate of 0.0026 GH/s is one. */
export function rate(value: number): Numeral {
  if (!(value > 0)) return fixed(value, 2);
  const decimals = RATE_DIGITS - 1 - Math.floor(Math.log10(value));
  return fixed(value, Math.min(MAX_DECIMALS, Math.max(2, decimals)));
}

/** Of 100, four decimals. */
export function percent(part: number, whole: number): Numeral {
  return fixed(whole > 0 ? (100 * part) / whole : 0, 4);
}

/** JSON whose every number is plain digits. */
export function toJson(value: Wire): string {
  if (value instanceof Numeral) return value.text;
  if (typeof value === "number") return integerText(value);
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(toJson).join(",")}]`;
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : `${JSON.stringify(key)}:${toJson(member)}`,
  );
  return `{${members.join(",")}}`;
}

export function isList(value: Wire): value is readonly Wire[] {
  return Array.isArray(value);
}

/** Rounded; plain digits at any size. */
export function integerText(value: number): string {
  return Number.isFinite(value) ? BigInt(Math.round(value)).toString() : "0";
}
