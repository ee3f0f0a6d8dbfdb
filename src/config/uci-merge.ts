/** Two faces of one configuration, each changed by somebody: what both of them wanted. */
import { formatPath, isRecord, withoutValueAt, withValueAt } from "./paths.ts";
import { isSame, keysOf, own } from "./plain-values.ts";
import type { Step } from "./schema-node.ts";
import { configToUci, uciToConfig } from "./uci.ts";
import { SERVICE } from "./uci-table.ts";
import { formatUci, parseUci, type UciSection } from "./uci-text.ts";

export interface Merged {
  readonly value: unknown;
  /** Where both sides changed the same thing to something else, and UCI was taken. */
  readonly conflicts: readonly string[];
}

/** Three ways to say pools; whoever changes to another one changes all of them. */
const POOL_FORMS = ["pool", "pools", "groups"] as const;

/** `base` is what both said when they last agreed. A list is taken as a whole; in a conflict UCI counts. */
export function mergeConfigs(base: unknown, uci: unknown, file: unknown): Merged {
  const conflicts: string[] = [];
  const parted = [base, uci, file].map(partPools) as [Parted, Parted, Parted];
  const [b, u, f] = parted;
  const rest = merged(b.rest, u.rest, f.rest, [], conflicts);
  const pools = isSame(u.pools, b.pools) ? f.pools : u.pools;
  const isPoolConflict = ![b.pools, f.pools].some((other) => isSame(u.pools, other));
  if (isPoolConflict && !isSame(f.pools, b.pools)) conflicts.push("pools");
  return { value: { ...(rest as object), ...pools }, conflicts };
}

interface Parted {
  readonly rest: unknown;
  readonly pools: Readonly<Record<string, unknown>>;
}

function partPools(config: unknown): Parted {
  const record = isRecord(config) ? config : {};
  const pools = POOL_FORMS.flatMap((key) =>
    Object.hasOwn(record, key) ? [[key, record[key]] as const] : [],
  );
  const rest = POOL_FORMS.reduce<unknown>((so, key) => withoutValueAt(so, [key]), record);
  return { rest, pools: Object.fromEntries(pools) };
}

function merged(
  base: unknown,
  uci: unknown,
  file: unknown,
  steps: readonly Step[],
  conflicts: string[],
): unknown {
  if (isSame(uci, file) || isSame(uci, base)) return file;
  if (isSame(file, base)) return uci;
  if (isRecord(uci) && isRecord(file)) {
    const before = isRecord(base) ? base : {};
    return keysOf(uci, file).reduce<unknown>((so, key) => {
      const value = merged(
        own(before, key),
        own(uci, key),
        own(file, key),
        [...steps, key],
        conflicts,
      );
      return value === undefined ? so : withValueAt(so, [key], value);
    }, {});
  }
  conflicts.push(formatPath(steps));
  return uci;
}

/** What has to be changed to make `after` of `before`; `undefined` takes away. Lists are changed as a whole. */
export function changesBetween(
  before: unknown,
  after: unknown,
  steps: readonly Step[] = [],
): readonly { readonly path: string; readonly value: unknown }[] {
  if (isSame(before, after)) return [];
  if (isRecord(before) && isRecord(after))
    return keysOf(before, after).flatMap((key) =>
      changesBetween(own(before, key), own(after, key), [...steps, key]),
    );
  return [{ path: formatPath(steps), value: after }];
}

/** The configuration as sections, in place of those of `old`: with their names, and with what is of the package only. */
export function updatedSections(
  config: unknown,
  old: readonly UciSection[],
): readonly UciSection[] {
  const service = old.filter(({ type }) => type === SERVICE).map(withoutEmptyOptions);
  const fresh = configToUci(config);
  const named = [...fresh.map(withOldName(fresh, old)), ...service];
  const asRead = uciToConfig(parseUci(formatUci(named)));
  return isSame(asRead, uciToConfig(fresh)) ? named : [...fresh, ...service];
}

/** To UCI they are not there, and it has no form for them. */
function withoutEmptyOptions(section: UciSection): UciSection {
  return { ...section, options: new Map([...section.options].filter(([, value]) => value !== "")) };
}

/** By which one knows an entry of a list again. */
const IDENTITY = ["url", "uart"] as const;

/** Scripts of an operator call pools and chains by the names that he gave them. */
function withOldName(fresh: readonly UciSection[], old: readonly UciSection[]) {
  const taken = new Set<UciSection>();
  return (section: UciSection): UciSection => {
    const key = IDENTITY.find((option) => section.options.has(option));
    const isAlone = fresh.filter(({ type }) => type === section.type).length === 1;
    if (key === undefined || section.name === section.type) return section;
    const match = old.find(
      (one) =>
        !taken.has(one) &&
        one.type === section.type &&
        one.options.get(key) === section.options.get(key) &&
        !(isAlone && one.name === one.type),
    );
    if (match === undefined) return section;
    taken.add(match);
    const { type, options } = section;
    return { type, options, ...(match.name === undefined ? {} : { name: match.name }) };
  };
}
