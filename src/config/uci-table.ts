/** Which section and option of /etc/config/asicd says what: worked out from the declaration, so that a new setting has its option. */
import { isRecord } from "./paths.ts";
import { configTree } from "./schema.ts";
import { childrenOf, formsOf, propertyOf, type SchemaNode, type Step } from "./schema-node.ts";

/** A kind of section, and the object of the configuration that it stands for. */
export interface SectionKind {
  /** `config TYPE` */
  readonly type: string;
  /** Path of the object; "pools[]" for each of a list. The empty one: what lies in no object. */
  readonly at: string;
  readonly schemas: readonly SchemaNode[];
  readonly options: readonly OptionKind[];
}

export interface OptionKind {
  readonly name: string;
  /** From the section's object to the value. */
  readonly steps: readonly Step[];
  readonly kind: "value" | "list";
  readonly schemas: readonly SchemaNode[];
}

/** What is in no object. */
export const MAIN = "main";
/** Of the package, not of the configuration: the init script reads it. */
export const SERVICE = "service";
/** Before the name of an option whose value is JSON: for what UCI has no form for, such as an empty list. */
export const AS_JSON = "json_";
/** Names the group of a pool. */
export const GROUP_OPTION = "group";

/** Lists of objects, each a section for itself. Pools of groups are sections beside them. */
const LISTS = { pools: "pool", groups: "group", chains: "chain" } as const;
/** A single pool is a section of the same type. */
const SINGLE_POOL = "pool";

/** In the order in which they are written. */
export const sectionKinds: readonly SectionKind[] = kindsOf(configTree);

function kindsOf(tree: SchemaNode): readonly SectionKind[] {
  const entries = Object.keys(tree.properties ?? {}).filter((key) => key !== SINGLE_POOL);
  const kinds = entries.flatMap((key): SectionKind[] => {
    const node = propertyOf(tree, key);
    if (node === undefined) return [];
    const type = Object.hasOwn(LISTS, key) ? LISTS[key as keyof typeof LISTS] : undefined;
    if (type !== undefined) {
      const schemas = childrenOf([node], 0);
      const options = optionsOf(schemas, [], key === "groups" ? ["pools"] : []);
      return [{ type, at: `${key}[]`, schemas, options }];
    }
    if (node.properties === undefined) return [];
    return [{ type: snake(key), at: key, schemas: [node], options: optionsOf([node], []) }];
  });
  const inNone = entries.filter((key) => {
    const node = propertyOf(tree, key);
    return node?.properties === undefined && !Object.hasOwn(LISTS, key);
  });
  const main: SectionKind = {
    type: MAIN,
    at: "",
    schemas: [tree],
    options: inNone.flatMap((key) => optionsBelow([tree], [key])),
  };
  return [main, ...kinds];
}

function optionsOf(
  parents: readonly SchemaNode[],
  steps: readonly Step[],
  without: readonly string[] = [],
): readonly OptionKind[] {
  const keys = parents.flatMap(formsOf).flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)]
    .filter((key) => !without.includes(key))
    .flatMap((key) => optionsBelow(parents, [...steps, key]));
}

/** Of what lies at the last of `steps`: one, or those of its keys. */
function optionsBelow(
  parents: readonly SchemaNode[],
  steps: readonly Step[],
): readonly OptionKind[] {
  const schemas = childrenOf(parents, steps.at(-1) ?? "");
  const forms = schemas.flatMap(formsOf);
  if (forms.some(({ properties }) => properties !== undefined)) return optionsOf(schemas, steps);
  const isList = forms.some(({ items }) => items !== undefined);
  return [{ name: nameOf(steps), steps, kind: isList ? "list" : "value", schemas }];
}

/** "fans", "dutyPercent" as fans_duty_percent. */
export function nameOf(steps: readonly Step[]): string {
  return steps.map((step) => snake(`${step}`)).join("_");
}

function snake(key: string): string {
  return key.replace(
    /[A-Z]+/g,
    (letters, at: number) => `${at === 0 ? "" : "_"}${letters.toLowerCase()}`,
  );
}

/** Every place below `value` with its name, those that hold others first. */
export function* placesIn(
  value: unknown,
  steps: readonly Step[] = [],
): Generator<{ readonly steps: readonly Step[]; readonly value: unknown }> {
  if (steps.length > 0) yield { steps, value };
  if (!isRecord(value)) return;
  for (const [key, child] of Object.entries(value)) yield* placesIn(child, [...steps, key]);
}
