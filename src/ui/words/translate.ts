/** Text of a language by key, with values in their places. */
import type { Status } from "../../api/status.ts";
import { de, deSettings } from "../text/de.ts";
import { en } from "../text/en.ts";
import { Formats } from "./format.ts";

export type TextKey = keyof typeof en;
export type Texts = Readonly<Record<TextKey, string>>;
export type Values = Readonly<Record<string, string | number>>;

export const languages = { en, de } as const satisfies Readonly<Record<string, Texts>>;
export type Language = keyof typeof languages;

/** Names of settings; without any, the device's schema has them in English. */
const settingWords: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: {},
  de: deSettings,
};

type Part = Status["summary"]["parts"][number];

export class Words {
  readonly language: Language;
  readonly f: Formats;
  readonly #texts: Texts;

  /** `locale`: how people write numbers and times there, e.g. "en-GB"; absent: as most who speak the language. */
  constructor(language: Language, locale: string = language, timeZone?: string) {
    this.language = language;
    this.#texts = languages[language];
    this.f = new Formats(locale, timeZone);
  }

  t(key: TextKey, values: Values = {}): string {
    return filled(this.#texts[key], values);
  }

  /** For words that the device says as codes: those that we do not know are shown as they are. */
  code(prefix: string, code: string): string {
    const key = `${prefix}.${code}`;
    return key in this.#texts ? this.#texts[key as TextKey] : code;
  }

  /** What the device calls a thing, in this language; absent: we have no better words than its own. */
  maybe(key: string): string | undefined {
    return key in this.#texts ? this.#texts[key as TextKey] : undefined;
  }

  /** What a setting is called ("pool.url"), or its help ("pool.url.help"). */
  setting(key: string): string | undefined {
    return settingWords[this.language][key];
  }

  /** The sentence of truth; the device's own where it says something that this page does not know. */
  sentence({ sentence, parts }: Status["summary"]): string {
    if (!parts.every(({ code }) => this.maybe(`sentence.${code}`) !== undefined)) return sentence;
    const clauses = parts.map((part) => this.#clause(part));
    return `${clauses.join("; ")}.`;
  }

  #clause({ code, values }: Part): string {
    const shown = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number"
        ? this.f.number(value)
        : (this.maybe(`link.${value}`) ?? this.f.rewriteRate(value)),
    ]);
    return filled(this.maybe(`sentence.${code}`) ?? "", Object.fromEntries(shown));
  }
}

/** By what the browser asks for, in order; English where it knows none of ours. */
export function chosenLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const [language = ""] = tag.toLowerCase().split("-");
    if (language in languages) return language as Language;
  }
  return "en";
}

/** The first of what the browser asks for that is of this language. */
export function chosenLocale(language: Language, wanted: readonly string[]): string {
  return wanted.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => `${values[name] ?? whole}`);
}
