/** A scenario's text as a tree that knows its lines, whether it was written as YAML or as JSON (which is YAML, too). */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { printable } from "../../src/lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../../src/lib/errors.ts";

/** More than anybody writes by hand, and nothing that a hostile file could choke us with. */
const LIMITS = { bytes: 256 * 1024, nodes: 20_000, depth: 24 };

export type SourceNode = SourceScalar | SourceList | SourceMap;

export interface SourceScalar {
  readonly kind: "scalar";
  readonly line: number;
  readonly value: string | number | boolean | null;
  /** As it was written, quotes apart: "00ff" stays that, and no number. */
  readonly text: string;
}

export interface SourceList {
  readonly kind: "list";
  readonly line: number;
  readonly items: readonly SourceNode[];
}

export interface SourceMap {
  readonly kind: "map";
  readonly line: number;
  readonly entries: ReadonlyMap<string, SourceNode>;
}

/** Throws ConfigError with every problem, each at "file:line". */
export function parseSource(text: string, file: string): SourceNode {
  if (text.length > LIMITS.bytes)
    throw problemAt(file, 1, `${text.length} characters`, `at most ${LIMITS.bytes}`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problems = document.errors.map((error): ConfigProblem => {
    const line = lines.linePos(error.pos[0]).line;
    return {
      path: `${file}:${line}`,
      problem: printable(error.message.split(" at line ")[0] ?? ""),
    };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  let nodes = 0;

  const lineOf = (node: Node) => lines.linePos(node.range?.[0] ?? 0).line;

  const convert = (node: unknown, depth: number, line: number): SourceNode => {
    if (++nodes > LIMITS.nodes || depth > LIMITS.depth)
      throw problemAt(file, line, "too much of it", `${LIMITS.nodes} values, ${LIMITS.depth} deep`);
    if (node === null || node === undefined) return { kind: "scalar", line, value: null, text: "" };
    if (isScalar(node)) return scalar(node.value, node.source, node.type, lineOf(node));
    if (isSeq(node)) {
      const items = node.items.map((item) => convert(item, depth + 1, lineOf(node)));
      return { kind: "list", line: lineOf(node), items };
    }
    if (isMap(node)) {
      const entries = new Map<string, SourceNode>();
      for (const { key, value } of node.items) {
        const keyLine = isScalar(key) ? lineOf(key) : lineOf(node);
        if (!isScalar(key)) throw problemAt(file, keyLine, "a key that is no word", "plain words");
        const child = convert(value, depth + 1, keyLine);
        entries.set(keyText(key.source, key.value), child);
      }
      return { kind: "map", line: lineOf(node), entries };
    }
    throw problemAt(file, line, "an alias", "values written out; use set and $names instead");
  };
  return convert(document.contents, 0, 1);

  function scalar(
    value: unknown,
    source: string | undefined,
    type: string | undefined,
    line: number,
  ): SourceScalar {
    const isPlain = type === "PLAIN";
    const known =
      value === null || ["string", "number", "boolean"].includes(typeof value)
        ? (value as SourceScalar["value"])
        : String(value);
    return {
      kind: "scalar",
      line,
      value: known,
      text: isPlain ? (source ?? String(value)) : String(value),
    };
  }
}

/** What the tree stands for, without lines. */
export function plain(node: SourceNode): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(plain);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, plain(value)]));
  }
}

/** The child under a key; `undefined` for what is no map. */
export function child(node: SourceNode | undefined, key: string): SourceNode | undefined {
  return node?.kind === "map" ? node.entries.get(key) : undefined;
}

export function problemAt(
  file: string,
  line: number,
  problem: string,
  allowed?: string,
): ConfigError {
  return new ConfigError([
    { path: `${file}:${line}`, problem, ...(allowed === undefined ? {} : { allowed }) },
  ]);
}

function keyText(source: string | undefined, value: unknown): string {
  return typeof value === "string" ? value : (source ?? String(value));
}
