/** The configuration's declaration as a list of nodes, each with all that is to be said of it. */
import type { RestartNeed } from "../api/device.ts";
import { childrenOf, formsOf, isSecret, restartOf, type SchemaNode } from "./schema-node.ts";

export interface ConfigNode {
  /** "pools[].url": `[]` stands for any place in a list. */
  readonly path: string;
  readonly kind: "object" | "list" | "value";
  /** All of them, where a choice has several forms with this key. */
  readonly schemas: readonly SchemaNode[];
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly unit: string | undefined;
  /** `undefined`: absent unless given, or given by whoever writes the file when `isRequired`. */
  readonly default: unknown;
  readonly isRequired: boolean;
  readonly restart: RestartNeed;
  readonly secret: boolean;
  readonly confirm: boolean;
}

/** Every node below `root`, in the order of the declaration, parents first. */
export function configNodes(root: SchemaNode): readonly ConfigNode[] {
  return below([root], "");
}

function below(parents: readonly SchemaNode[], path: string): readonly ConfigNode[] {
  const forms = parents.flatMap(formsOf);
  const keys = new Set(forms.flatMap(({ properties }) => Object.keys(properties ?? {})));
  const ofKeys = [...keys].flatMap((key) => {
    // A form without the key can stand in its place.
    const isRequired = forms.every(({ required }) => required?.includes(key));
    const at = path === "" ? key : `${path}.${key}`;
    return subtree(childrenOf(forms, key), at, isRequired);
  });
  const items = childrenOf(forms, 0);
  return items.length === 0 ? ofKeys : [...ofKeys, ...subtree(items, `${path}[]`, true)];
}

function subtree(
  schemas: readonly SchemaNode[],
  path: string,
  isRequired: boolean,
): readonly ConfigNode[] {
  const forms = schemas.flatMap(formsOf);
  const first = <K extends keyof SchemaNode>(key: K) =>
    schemas.find((schema) => schema[key] !== undefined)?.[key];
  const node: ConfigNode = {
    path,
    kind: kindOf(forms),
    schemas,
    title: first("title"),
    description: first("description"),
    unit: first("unit"),
    default: first("default"),
    isRequired: isRequired && first("default") === undefined,
    restart: restartOf(schemas),
    secret: isSecret(schemas),
    confirm: schemas.some(({ confirm }) => confirm === true),
  };
  return [node, ...below(schemas, path)];
}

function kindOf(forms: readonly SchemaNode[]): ConfigNode["kind"] {
  if (forms.some(({ items }) => items !== undefined)) return "list";
  return forms.some(({ properties }) => properties !== undefined) ? "object" : "value";
}
