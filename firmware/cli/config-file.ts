/** Reads the configuration file: JSON with comments and trailing commas, checked against src/config. */
import { readFileSync, statSync } from "node:fs";
import {
  type ParseError,
  type ParseErrorCode,
  parse,
  printParseErrorCode,
  visit,
} from "jsonc-parser";
import { chipsByName } from "../../drivers/bm13xx/chips.ts";
import { layoutFor, layoutNames } from "../../drivers/bm13xx/layouts.ts";
import {
  type ConfigurableChip,
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
} from "../../src/config/load.ts";
import { migrate } from "../../src/config/migrate.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";

/** Far above any real file; a device or a log given by mistake is refused before it is read. */
export const MAX_CONFIG_BYTES = 1 << 20;

/** The first ones are the causes, the others follow from them. */
const MAX_SYNTAX_ERRORS = 20;

/** The chips that this program drives, as the configuration sees them. */
export const configurableChips: readonly ConfigurableChip[] = [...chipsByName.values()].map(
  ({ name, nominalFrequencyMHz }) => ({
    name,
    nominalFrequencyMHz,
    layouts: layoutNames.filter((layout) => layoutFor(name, layout) !== undefined),
  }),
);

/** What a message may quote: anything else may be a password without quotes, or behind one too many. */
const MARK = /^[{}[\]:,]$/;
/** What a key looks like. */
const NAME = /^\w{1,40}$/;

/** Throws ConfigError with all problems; paths begin with the file's name, syntax errors have line and column. */
export function readConfigFile(file: string, options?: LoadOptions): LoadedConfig {
  const text = readText(file);
  return inFile(file, () => loadConfig(parseJsonc(text), configurableChips, options));
}

/** What the file says, and nothing else. Throws as `readConfigFile`. */
export function readSparseConfig(file: string): unknown {
  const text = readText(file);
  return inFile(file, () => migrate(parseJsonc(text)).value);
}

function readText(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw refuse(file, "is no regular file");
    if (stats.size > MAX_CONFIG_BYTES) throw refuse(file, `is too large (${stats.size} bytes)`);
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof TypeError) throw refuse(file, "is not UTF-8 text");
    throw refuse(file, whyUnreadable(error));
  }
}

function refuse(file: string, problem: string): ConfigError {
  return new ConfigError([
    {
      path: file,
      problem,
      allowed: `a JSON file of at most ${MAX_CONFIG_BYTES} bytes that asicd may read`,
    },
  ]);
}

function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "does not exist";
    case "EACCES":
    case "EPERM":
      return "may not be read by this user";
    default:
      return `cannot be read (${code ?? String(error)})`;
  }
}

/** JSON with comments to a plain value. Throws ConfigError with every syntax error as "line:column". */
export function parseJsonc(text: string): unknown {
  const errors: ParseError[] = [];
  const value = parsed(text, errors);
  const problems = [
    ...errors.slice(0, MAX_SYNTAX_ERRORS).map(({ error, offset, length }): ConfigProblem => {
      const at = text.slice(offset, offset + length);
      return {
        path: lineAndColumn(text, offset),
        problem: `${describe(error)}${at === "" ? " at the end" : MARK.test(at) ? ` at "${at}"` : ""}`,
        allowed: "JSON; comments and trailing commas may stand in it",
      };
    }),
    // What stands in the place of a key is one only where all else is right.
    ...(errors.length === 0 ? repeatedKeys(text) : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return value;
}

/** A parser that goes down with the text would go too deep. */
function parsed(text: string, errors: ParseError[]): unknown {
  try {
    return parse(text, errors, { allowTrailingComma: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError([{ path: "1:1", problem: "is nested too deeply" }]);
  }
}

/** JSON takes the last of two equal keys without a word; for an operator one of them is a mistake. */
function repeatedKeys(text: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(key, offset) {
      const keys = open.at(-1);
      if (keys?.has(key))
        problems.push({
          path: lineAndColumn(text, offset),
          problem: `${NAME.test(key) ? `"${key}"` : "a key"} is given twice`,
        });
      keys?.add(key);
    },
  });
  return problems;
}

/** "PropertyNameExpected" as "property name expected". */
function describe(error: ParseErrorCode): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

/** Both counted from 1, as editors do. */
function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.problems.map((problem) => ({ ...problem, path: `${file}: ${problem.path}` })),
    );
  }
}
