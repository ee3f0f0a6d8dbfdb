/** The page about every setting, made from the declaration. */
import { formsOf, type SchemaNode } from "./schema-node.ts";
import { type ConfigNode, configNodes } from "./tree.ts";

const HEAD = `# Settings

Made from the declaration in [schema.ts](schema.ts); \`npx vitest run -u test/config/reference.test.ts\` makes it anew.

The file is JSON with comments and trailing commas. It needs \`version\` and nothing else that has a default or may be absent.
What it does not say holds as the default; saving a default takes it out of the file. A path names a setting everywhere:
in problems, in \`asicd config\` and in the API; \`[]\` stands for a place in a list, \`pools[0].url\`.

**Change** says what taking it into use costs: *at once* nothing, hashing goes on; *pools* new connections to the pools that
changed; *operator* page and API start again, hashing goes on; *restart* waits until asicd starts again. Changes marked ✓ are
taken back after 60 s unless they are confirmed. 🔒 is never shown: \`…\` stands for it, and means the stored one when it is
sent back.
`;

const COSTS = {
  none: "at once",
  pools: "pools",
  operator: "operator",
  program: "restart",
} as const;

/** A setting with the same parts as another one is described there. */
const AS_ELSEWHERE: Readonly<Record<string, string>> = {
  pool: "pools[]",
  "groups[].pools": "pools",
};

/** Markdown. */
export function referencePage(root: SchemaNode): string {
  const nodes = configNodes(root).filter(({ path }) => !isDescribedElsewhere(path));
  const top = nodes.filter(({ path }) => !/[.[]/.test(path));
  const sections = top.filter(({ path }) => below(path, nodes).length > 0);
  const single = top.filter((node) => !sections.includes(node));
  return [
    HEAD,
    table(single),
    ...sections.map((section) => {
      const { path, title, description } = section;
      const parts = below(path, nodes);
      return `## ${path}: ${title}\n\n${sentence(description)}\n\n${table([section, ...parts])}`;
    }),
  ].join("\n");
}

function isDescribedElsewhere(path: string): boolean {
  return Object.keys(AS_ELSEWHERE).some(
    (other) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`),
  );
}

function below(parent: string, nodes: readonly ConfigNode[]): readonly ConfigNode[] {
  return nodes.filter(({ path }) => path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`));
}

function table(nodes: readonly ConfigNode[]): string {
  const rows = nodes.map((node) => [
    `\`${node.path}\`${node.secret ? " 🔒" : ""}`,
    node.title ?? "",
    defaultText(node),
    allowedText(node),
    COSTS[node.restart] + (node.confirm ? " ✓" : ""),
    sentence(node.description) + likeText(node.path),
  ]);
  const head = ["Path", "Title", "Default", "Allowed", "Change", "Meaning"];
  const lines = [head, head.map(() => "---"), ...rows];
  return `${lines.map((cells) => `| ${cells.map(escaped).join(" | ")} |`).join("\n")}\n`;
}

function likeText(path: string): string {
  const other = Object.hasOwn(AS_ELSEWHERE, path) ? AS_ELSEWHERE[path] : undefined;
  return other === undefined ? "" : ` Parts as in \`${other}\`.`;
}

function defaultText(node: ConfigNode): string {
  if (node.default !== undefined)
    return node.kind === "object" && isEmpty(node.default)
      ? ""
      : `\`${JSON.stringify(node.default)}\``;
  return node.isRequired ? "*needed*" : "*absent*";
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function allowedText({ schemas }: ConfigNode): string {
  const all = schemas.flatMap(formsOf).map(allowed).filter(Boolean);
  return [...new Set(all)].join(", ");
}

function allowed(node: SchemaNode): string {
  const { minimum, maximum, minItems = 0, maxItems, maxLength, unit } = node;
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined)
    return node.enum.map((one) => `\`${JSON.stringify(one)}\``).join(", ");
  switch (node.type) {
    case "integer":
    case "number": {
      const kind = node.type === "integer" ? "whole number, " : "";
      return `${kind}${minimum} to ${maximum}${unit === undefined ? "" : ` ${unit}`}`;
    }
    case "boolean":
      return "`true`, `false`";
    case "array":
      return `${minItems} to ${maxItems} entries`;
    case "object":
      return "";
    default:
      return maxLength === undefined ? "text" : `text up to ${maxLength} characters`;
  }
}

function sentence(text = ""): string {
  return text === "" ? "" : `${text}.`;
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
