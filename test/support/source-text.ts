/** Reads TypeScript just well enough to see what a file imports and which words its code uses. */

export interface Import {
  /** As written: "./x.ts", "node:fs", "koffi". `undefined` when it is computed and so cannot be known. */
  readonly specifier: string | undefined;
  readonly isDynamic: boolean;
}

/** Every import and re-export, also those of types only. */
export function importsOf(source: string): Import[] {
  const code = source.replace(COMMENT_OR_TEXT, (token) => (token.startsWith("/") ? " " : token));
  const imports: Import[] = [];
  for (const [, specifier] of code.matchAll(STATIC_IMPORT))
    imports.push({ specifier, isDynamic: false });
  for (const [, imported, required] of code.matchAll(DYNAMIC_IMPORT))
    imports.push({ specifier: imported ?? required, isDynamic: true });
  return imports;
}

/** The words of `names` that the code uses as globals: not in comments or texts, not as property names. */
export function globalsUsed(source: string, names: readonly string[]): string[] {
  const code = source.replace(COMMENT_OR_TEXT, (token) =>
    token.startsWith("`") ? [...token.matchAll(INSERTED)].map(([, inner]) => inner).join(" ") : " ",
  );
  return names.filter((name) =>
    new RegExp(`(?<![.\\w$#])${name}(?![\\w$])(?!\\s*\\??:)`).test(code),
  );
}

/** Comments; texts in double, single and back quotes. Good enough for formatted code, not a parser. */
const COMMENT_OR_TEXT =
  /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
const INSERTED = /\$\{([^}]*)\}/g;
const STATIC_IMPORT = /^\s*(?:import|export)\b(?:[^;"'`()=]*?\bfrom)?\s*["']([^"']+)["']/gm;
const DYNAMIC_IMPORT =
  /(?<![.\w$])(?:import\s*\(\s*(?:["']([^"']+)["'])?|require\s*\(\s*["']([^"']+)["'])/g;
