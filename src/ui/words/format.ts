/** Numbers, times and rates as people of a language write them. */
import { siRate } from "../../api/si.ts";

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

export class Formats {
  readonly language: string;
  readonly #number: (digits: number) => Intl.NumberFormat;
  readonly #dateTime: Intl.DateTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  /** Of a simulation, whose difficulties are tiny. */
  readonly #small: Intl.NumberFormat;

  /** Without a time zone: that of whoever looks. */
  constructor(language: string, timeZone?: string) {
    this.language = language;
    const zone = timeZone === undefined ? {} : { timeZone };
    const made = new Map<number, Intl.NumberFormat>();
    this.#number = (digits) => {
      const found = made.get(digits) ?? new Intl.NumberFormat(language, fixed(digits));
      made.set(digits, found);
      return found;
    };
    this.#dateTime = new Intl.DateTimeFormat(language, {
      dateStyle: "medium",
      timeStyle: "medium",
      ...zone,
    });
    this.#time = new Intl.DateTimeFormat(language, { timeStyle: "medium", ...zone });
    this.#clock = new Intl.DateTimeFormat(language, { timeStyle: "short", ...zone });
    this.#day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", ...zone });
    this.#small = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
    this.#relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "long" });
  }

  number(value: number, digits = 0): string {
    return this.#number(digits).format(value);
  }

  /** 0.9873 is "98.7 %". */
  percent(part: number, digits = 1): string {
    return this.withUnit(part * 100, "%", digits);
  }

  withUnit(value: number, unit: string, digits = 0): string {
    return `${this.number(value, digits)}\u00a0${unit}`;
  }

  rate(hashesPerSecond: number): string {
    const { value, unit } = this.rateParts(hashesPerSecond);
    return `${value}\u00a0${unit}`;
  }

  rateParts(hashesPerSecond: number): { readonly value: string; readonly unit: string } {
    return this.#localRate(siRate(hashesPerSecond));
  }

  /** A rate that somebody else has written, like "98.21 TH/s"; other text as it is. */
  rewriteRate(text: string): string {
    if (!/^\d+(\.\d+)? [kMGTPE]?H\/s$/.test(text)) return text;
    const { value, unit } = this.#localRate(text);
    return `${value}\u00a0${unit}`;
  }

  #localRate(text: string): { value: string; unit: string } {
    const [value = "", unit = ""] = text.split(" ");
    const digits = value.split(".")[1]?.length ?? 0;
    return { value: this.number(Number(value), digits), unit };
  }

  temperature(valueC: number): string {
    return this.withUnit(valueC, "°C", valueC < 100 ? 1 : 0);
  }

  bytes(bytes: number): string {
    const [value, unit] =
      bytes >= 1e6 ? [bytes / 1e6, "MB"] : bytes >= 1e3 ? [bytes / 1e3, "kB"] : [bytes, "B"];
    return this.withUnit(value, unit, unit === "B" ? 0 : 1);
  }

  /** Difficulties and other counts with a great range: four digits and a letter, as miners write them. */
  compact(value: number): string {
    const units = ["", "K", "M", "G", "T", "P", "E"];
    let step = 0;
    let rest = value;
    while (Math.abs(rest) >= 1_000 && step < units.length - 1) {
      rest /= 1_000;
      step++;
    }
    if (Math.abs(value) < 1) return this.#small.format(value);
    const digits = step === 0 ? (Number.isInteger(value) ? 0 : 1) : rest >= 100 ? 1 : 2;
    return step === 0
      ? this.number(rest, digits)
      : `${this.number(rest, digits)}\u00a0${units[step]}`;
  }

  /** "3 d 4 h", "12 min 5 s": two units at most. */
  duration(seconds: number): string {
    const total = Math.max(0, Math.round(seconds));
    const parts = [
      [Math.floor(total / DAY_S), "d"],
      [Math.floor((total % DAY_S) / HOUR_S), "h"],
      [Math.floor((total % HOUR_S) / MINUTE_S), "min"],
      [total % MINUTE_S, "s"],
    ] as const;
    const first = parts.findIndex(([value]) => value > 0);
    if (first < 0) return "0\u00a0s";
    return parts
      .slice(first, first + 2)
      .filter(([value]) => value > 0)
      .map(([value, unit]) => `${value}\u00a0${unit}`)
      .join(" ");
  }

  /** "5 minutes ago", in one unit. */
  ago(seconds: number): string {
    const s = Math.max(0, Math.round(seconds));
    if (s < MINUTE_S) return this.#relative.format(-s, "second");
    if (s < HOUR_S) return this.#relative.format(-Math.round(s / MINUTE_S), "minute");
    if (s < 2 * DAY_S) return this.#relative.format(-Math.round(s / HOUR_S), "hour");
    return this.#relative.format(-Math.round(s / DAY_S), "day");
  }

  dateTime(unixSeconds: number): string {
    return this.#dateTime.format(unixSeconds * 1_000);
  }

  time(unixSeconds: number): string {
    return this.#time.format(unixSeconds * 1_000);
  }

  clock(unixSeconds: number): string {
    return this.#clock.format(unixSeconds * 1_000);
  }

  day(unixSeconds: number): string {
    return this.#day.format(unixSeconds * 1_000);
  }
}

function fixed(digits: number): Intl.NumberFormatOptions {
  return { minimumFractionDigits: digits, maximumFractionDigits: digits };
}
