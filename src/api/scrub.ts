/** Texts without secrets: for logs and bundles, which people send to strangers. */
import { configSchema } from "../config/schema.ts";
import { MASK } from "./mask-secrets.ts";

/** Shorter ones are words of their own ("x", the usual pool password), and what they stand in would be ruined. */
const MIN_SECRET_LENGTH = 4;

interface Node {
  readonly secret?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** What our own words look like, and where others usually stand. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/asicd_[\w-]{43}/g, MASK],
  [/asicd_session=[\w-]+/g, `asicd_session=${MASK}`],
  [/\bBearer\s+[\w.~+/=-]+/gi, `Bearer ${MASK}`],
  [
    /(\\?"(?:password|current|new|token|secret|authorization|cookie)\\?"\s*:\s*\\?")(?:[^"\\]|\\[^"])*/gi,
    `$1${MASK}`,
  ],
  // A scheme has an end, or text without one would be searched from each of its words to the end.
  [/\b([a-z][\w+.-]{0,30}:\/\/[^\s:/@"]*):[^\s/@"]+@/gi, `$1:${MASK}@`],
];

/** Every value of the configuration that its schema calls secret. */
export function secretsIn(config: unknown, schema: Node = configSchema as Node): Set<string> {
  const found = new Set<string>();
  gather(config, [schema], found);
  return found;
}

export function scrubbed(text: string, secrets: Iterable<string>): string {
  let clean = text;
  // As they are, and as JSON writes them.
  const forms = new Set([...secrets].flatMap((one) => [one, JSON.stringify(one).slice(1, -1)]));
  // Longest first: one may be the beginning of another, whose end would stay.
  for (const form of [...forms].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(form, MASK);
  for (const [pattern, by] of PATTERNS) clean = clean.replaceAll(pattern, by);
  return clean;
}

function gather(value: unknown, nodes: readonly Node[], found: Set<string>): void {
  const forms = nodes.flatMap((node) => [node, ...(node.anyOf ?? [])]);
  if (typeof value === "string") {
    if (value.length >= MIN_SECRET_LENGTH && forms.some(({ secret }) => secret === true))
      found.add(value);
    return;
  }
  if (Array.isArray(value)) {
    const items = forms.flatMap(({ items: node }) => node ?? []);
    for (const item of value) gather(item, items, found);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value))
    gather(
      child,
      forms.flatMap(({ properties }) =>
        properties !== undefined && Object.hasOwn(properties, key) ? (properties[key] ?? []) : [],
      ),
      found,
    );
}
