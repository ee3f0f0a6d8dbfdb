/**
 * The configuration as sections of /etc/config/asicd, and back. Scalars and lists of text are options and lists; what UCI has
 * no form for (an empty list, an empty text, one of several shapes) is `option json_NAME` with JSON. Nothing is left out.
 */
import { printable } from "../lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import { isRecord, withoutValueAt, withValueAt } from "./paths.ts";
import { CONFIG_VERSION } from "./schema.ts";
import { type ReadSection, readSection, sectionOf, unknownName } from "./uci-section.ts";
import { GROUP_OPTION, MAIN, SERVICE, type SectionKind, sectionKinds } from "./uci-table.ts";
import type { UciSection } from "./uci-text.ts";

type Plain = Readonly<Record<string, unknown>>;

/** Of what the file says, without defaults: `config` must be one that loads. */
export function configToUci(config: unknown): readonly UciSection[] {
  const sparse: Plain = isRecord(config) ? config : {};
  return sectionKinds.flatMap((kind): readonly UciSection[] => {
    if (kind.type === "pool") return poolSections(kind, sparse);
    if (kind.type === "group")
      return listAt(sparse, "groups").map((group, at) =>
        sectionOf(kind, isRecord(group) ? withoutValueAt(group, ["pools"]) : group, groupName(at)),
      );
    if (kind.at.endsWith("[]"))
      return listAt(sparse, kind.at.slice(0, -2)).map((item, at) =>
        sectionOf(kind, item, `${kind.type}${at}`),
      );
    if (kind.at !== "")
      return Object.hasOwn(sparse, kind.at) ? [sectionOf(kind, sparse[kind.at], kind.type)] : [];
    const own = kind.options.flatMap(({ steps: [key = ""] }) =>
      Object.hasOwn(sparse, key) ? [[key, sparse[key]] as const] : [],
    );
    return [sectionOf(kind, Object.fromEntries(own), MAIN)];
  });
}

/** A plain, sparse configuration, not checked against the schema yet. Throws ConfigError with every problem. */
export function uciToConfig(sections: readonly UciSection[]): unknown {
  const problems: ConfigProblem[] = [];
  const seen = new Set<string>();
  let config: unknown = { version: CONFIG_VERSION };
  const [pools, groups]: [ReadSection[], ReadSection[]] = [[], []];
  for (const [at, one] of sections.entries()) {
    const where = pathOf(one, at, sections);
    const kind = sectionKinds.find(({ type }) => type === one.type);
    if (one.type === SERVICE) continue;
    if (kind === undefined) {
      // "config password 'hunter2'" was to be an option.
      const { name, ...nameless } = one;
      const path = OPTIONS.has(one.type) ? pathOf(nameless, at, sections) : where;
      problems.push(unknownName(path, "is a kind of section", one.type, [...KINDS, SERVICE]));
      continue;
    }
    const read = readSection(kind, one, where, problems);
    if (kind.type === "pool") pools.push(read);
    else if (kind.type === "group") groups.push(read);
    else if (kind.at.endsWith("[]")) {
      const key = kind.at.slice(0, -2);
      config = withValueAt(config, [key], [...listAt(config as Plain, key), read.value]);
    } else {
      if (seen.has(kind.type)) problems.push({ path: where, problem: "is there twice" });
      seen.add(kind.type);
      config =
        kind.at === ""
          ? { ...(config as Plain), ...(read.value as Plain) }
          : withValueAt(config, [kind.at], read.value);
    }
  }
  config = { ...(config as Plain), ...poolsOf(pools, groups, problems) };
  const { version } = config as { readonly version: unknown };
  if (problems.length === 0 && version !== CONFIG_VERSION)
    problems.push({
      path: "main.version",
      problem: `the options are those of format ${printable(String(version), 20)}`,
      allowed: `${CONFIG_VERSION}; "asicd config export --uci" writes them as this asicd has them`,
    });
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

const KINDS = sectionKinds.map(({ type }) => type);
const OPTIONS: ReadonlySet<string> = new Set(
  sectionKinds.flatMap(({ options }) => options.map(({ name }) => name)),
);

/** One section with the name "pool" is `pool`; any other number of them is `pools`. */
function poolSections(kind: SectionKind, sparse: Plain): readonly UciSection[] {
  const single = Object.hasOwn(sparse, "pool") ? [sectionOf(kind, sparse["pool"], "pool")] : [];
  const several = listAt(sparse, "pools").map((pool, at) => sectionOf(kind, pool, `pool${at}`));
  const grouped = listAt(sparse, "groups").flatMap((group, g) =>
    listAt(isRecord(group) ? group : {}, "pools").map((pool, at) => {
      const { type, name, options } = sectionOf(kind, pool, `${groupName(g)}_pool${at}`);
      return {
        type,
        ...(name === undefined ? {} : { name }),
        options: new Map([[GROUP_OPTION, groupName(g)], ...options]),
      };
    }),
  );
  return [...single, ...several, ...grouped];
}

function poolsOf(
  pools: readonly ReadSection[],
  groups: readonly ReadSection[],
  problems: ConfigProblem[],
): Plain {
  const names = groups.map(({ name }, at) => name ?? groupName(at));
  for (const { where, group } of pools)
    if (group === undefined ? groups.length > 0 : !names.includes(group))
      problems.push({
        path: `${where}.${GROUP_OPTION}`,
        problem: group === undefined ? "is missing: there are groups" : `"${group}" is no group`,
        allowed: names.join(", ") || "no group, or a section group with this name",
      });
  if (groups.length > 0)
    return {
      groups: groups.map(({ value }, at) => ({
        ...(value as Plain),
        pools: pools.filter(({ group }) => group === names[at]).map((pool) => pool.value),
      })),
    };
  const [first] = pools;
  if (first === undefined) return {};
  return pools.length === 1 && first.name === "pool"
    ? { pool: first.value }
    : { pools: pools.map(({ value }) => value) };
}

function groupName(at: number): string {
  return `group${at}`;
}

/** As `uci` calls it. */
function pathOf({ type, name }: UciSection, at: number, sections: readonly UciSection[]): string {
  const before = sections.slice(0, at).filter((one) => one.type === type).length;
  return `asicd.${name ?? `@${type}[${before}]`}`;
}

function listAt(value: Plain, key: string): readonly unknown[] {
  const list = Object.hasOwn(value, key) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}
