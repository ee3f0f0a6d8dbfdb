/**
 * OpenWrt's configuration files as text: `/etc/config/NAME` and `uci export`, which are one format, and `uci show`. What the
 * sections mean is in uci.ts. Format: https://openwrt.org/docs/guide-user/base-system/uci, "File syntax".
 */
import { printable } from "../lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";

/** Text, or the entries of a list. UCI knows no other types, and no list without entries. */
export type UciValue = string | readonly string[];

export interface UciSection {
  readonly type: string;
  /** Absent: one of those that are told apart by their place only. */
  readonly name?: string;
  readonly options: ReadonlyMap<string, UciValue>;
}

/** Far above any real file. */
export const MAX_UCI_CHARACTERS = 1 << 20;
const SYNTAX = "config TYPE ['NAME'], option NAME 'VALUE' and list NAME 'VALUE', one a line";
const SECTION_NAME = /^\w+$/;
const TYPE_NAME = /^[\w-]+$/;

/** Either format. Throws ConfigError with every problem, each with its line. */
export function parseUci(text: string): readonly UciSection[] {
  if (text.length > MAX_UCI_CHARACTERS)
    throw new ConfigError([{ path: "UCI", problem: `has ${text.length} characters` }]);
  const isShow = /^\s*[\w-]+\.(?:\w+|@[\w-]+\[\d+\])=/.test(text);
  const builder = new Sections();
  for (const { line, words, problem } of statements(text, isShow)) {
    if (problem !== undefined) builder.refuse(line, problem);
    else if (isShow) builder.takeShown(line, words);
    else builder.takeStatement(line, words);
  }
  return builder.finish();
}

/** As a file, which `uci import` and `uci show` read, too. Throws RangeError for a name or a value that UCI cannot hold. */
export function formatUci(sections: readonly UciSection[]): string {
  return sections.map(formatSection).join("\n");
}

/** False for what libuci would drop, or people could not read in a file. */
export function canBeUciValue(text: string): boolean {
  return text !== "" && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function formatSection({ type, name, options }: UciSection): string {
  if (!TYPE_NAME.test(type)) throw new RangeError("UCI cannot hold this type of a section");
  if (name !== undefined && !SECTION_NAME.test(name))
    throw new RangeError(`${type}: UCI cannot hold this name of a section`);
  const head = `config ${type}${name === undefined ? "" : ` ${quoted(name)}`}\n`;
  const lines = [...options].flatMap(([key, value]) => {
    if (!SECTION_NAME.test(key))
      throw new RangeError(`${type}: UCI cannot hold this name of an option`);
    if (![value].flat().every(canBeUciValue))
      throw new RangeError(`${type}.${key}: UCI cannot hold this value`);
    return typeof value === "string"
      ? [`\toption ${key} ${quoted(value)}\n`]
      : value.map((item) => `\tlist ${key} ${quoted(item)}\n`);
  });
  return head + lines.join("");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

interface Statement {
  readonly line: number;
  readonly words: readonly string[];
  readonly problem?: string;
}

/** Words as the shell has them, but without expansion; a quoted one may go over several lines. */
function* statements(text: string, isShow: boolean): Generator<Statement> {
  const part = isShow ? SHOWN_PART : PART;
  part.lastIndex = 0;
  let line = 1;
  let words: string[] = [];
  let word: string | undefined;
  while (part.lastIndex < text.length) {
    const at = part.lastIndex;
    const found = part.exec(text);
    if (found === null) {
      yield { line, words: [], problem: "a quote is never closed" };
      return;
    }
    const { single, double, escaped, plain, end, space } = found.groups ?? {};
    if (single !== undefined) word = (word ?? "") + single;
    else if (double !== undefined) word = (word ?? "") + double.replace(/\\([\s\S])/g, "$1");
    else if (escaped !== undefined) word = (word ?? "") + escaped;
    else if (plain !== undefined && (word !== undefined || !plain.startsWith("#")))
      word = (word ?? "") + plain;
    else if (plain !== undefined) part.lastIndex = endOfLine(text, at);
    if (space !== undefined || end !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    }
    if (end !== undefined) {
      if (words.length > 0) yield { line, words };
      words = [];
    }
    line += found[0].split("\n").length - 1;
  }
  if (word !== undefined) words.push(word);
  if (words.length > 0) yield { line, words };
}

const PART =
  /'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[^\n])|(?<end>[\n;])|(?<space>[ \t\r]+|\\\n)|(?<plain>[^'"\\\n; \t\r]+)/y;
/** Only the values of `uci show` are quoted. */
const SHOWN_PART =
  /'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[^\n])|(?<end>\n)|(?<space>[ \t\r]+)|(?<plain>[^'"\\\n \t\r]+)/y;

function endOfLine(text: string, at: number): number {
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found;
}

/** What a statement is about, without its value: that may be a secret, and this ends in a log. */
function beginning([keyword = "", name = ""]: readonly string[]): string {
  if (!["package", "config", "option", "list"].includes(keyword)) return "this";
  return TYPE_NAME.test(name) ? `"${keyword} ${printable(name, 40)} …"` : `"${keyword} …"`;
}

/** Name and value may stand the wrong way round. */
function nameShown(name: string): string {
  return SECTION_NAME.test(name) ? `"${printable(name, 40)}"` : "this";
}

interface OpenSection {
  readonly type: string;
  readonly name: string | undefined;
  readonly options: Map<string, UciValue>;
}

class Sections {
  readonly #sections: OpenSection[] = [];
  #current: OpenSection | undefined;
  /** How `uci show` calls them: "main", "@pool[0]", "cfg02dc81". */
  readonly #shown = new Map<string, OpenSection>();
  readonly #problems: ConfigProblem[] = [];

  refuse(line: number, problem: string, allowed = SYNTAX): void {
    this.#problems.push({ path: `UCI line ${line}`, problem, allowed });
  }

  takeStatement(line: number, words: readonly string[]): void {
    const [keyword = "", first = "", second = ""] = words;
    if (keyword === "package" && words.length === 2) return;
    if (keyword === "config" && (words.length === 2 || words.length === 3)) {
      this.#open(line, first, words.length === 3 ? second : undefined);
      return;
    }
    const isOption = keyword === "option" || keyword === "list";
    if (!isOption || words.length !== 3) {
      this.refuse(line, `${beginning(words)} cannot be read`);
      return;
    }
    if (this.#current === undefined) {
      this.refuse(line, `${nameShown(first)} is in no section`);
      return;
    }
    this.#set(line, this.#current, first, keyword === "list" ? [second] : second);
  }

  takeShown(line: number, words: readonly string[]): void {
    const [, where = "", option, value] =
      /^[\w-]+\.(\w+|@[\w-]+\[\d+\])(?:\.(\w+))?=([\s\S]*)$/.exec(words[0] ?? "") ?? [];
    if (value === undefined) {
      this.refuse(line, "cannot be read", "what `uci show` prints");
      return;
    }
    const section = this.#shown.get(where);
    if (option === undefined) {
      this.#open(line, value, /^@|^cfg[0-9a-f]{6}$/.test(where) ? undefined : where);
      if (this.#current !== undefined) this.#shown.set(where, this.#current);
      return;
    }
    if (section === undefined) {
      this.refuse(line, `"${where}" is no section`);
      return;
    }
    this.#set(line, section, option, words.length === 1 ? value : [value, ...words.slice(1)]);
  }

  finish(): readonly UciSection[] {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
    return this.#sections.map(({ type, name, options }) => ({
      type,
      options,
      ...(name === undefined ? {} : { name }),
    }));
  }

  #open(line: number, type: string, name: string | undefined): void {
    if (!TYPE_NAME.test(type) || (name !== undefined && !SECTION_NAME.test(name))) {
      this.refuse(line, "type or name has other characters than letters, digits and _");
      return;
    }
    // As libuci: what has the name of an earlier one adds to it.
    const known = this.#sections.find((one) => name !== undefined && one.name === name);
    if (known !== undefined && known.type !== type)
      this.refuse(line, `"${name}" is ${known.type} and ${type} at once`);
    this.#current = known ?? { type, name, options: new Map() };
    if (known === undefined) this.#sections.push(this.#current);
  }

  #set(line: number, { options }: OpenSection, key: string, value: UciValue): void {
    if (!SECTION_NAME.test(key)) {
      this.refuse(line, "the option's name has other characters than letters, digits and _");
      return;
    }
    const before = options.get(key);
    if (typeof value === "string" || before === undefined) options.set(key, value);
    else options.set(key, [...(typeof before === "string" ? [before] : before), ...value]);
  }
}
