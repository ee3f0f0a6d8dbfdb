/** Commands that change pools: as settings, at once and to stay, under the same checks as on the page. */
import type { PoolStatus } from "../../api/status.ts";
import {
  applyPoolList,
  groupsOf,
  type ListedEntry,
  listPools,
  type PoolEntry,
  refusalOf,
} from "../pool-list.ts";
import { wantedPoolUrl } from "../pool-url.ts";
import type { Ask, Command } from "./ask.ts";
import { type MessageCode, message, type Reply } from "./messages.ts";

export const poolCommands: Readonly<Record<string, Command>> = {
  switchpool: write((ask) => onPool(ask, switchPool)),
  enablepool: write((ask) =>
    onPool(ask, (_, pool) => (pool.enabled ? message(49, pool.index) : enable(ask, pool))),
  ),
  disablepool: write((ask) => onPool(ask, disablePool)),
  addpool: write(addPool),
  removepool: write((ask) => onPool(ask, removePool)),
  poolpriority: write(poolPriority),
  poolquota: write(poolQuota),
  "failover-only": write(failoverOnly),
};

function write(run: Command["run"]): Command {
  return { writes: true, joins: false, run };
}

async function switchPool(ask: Ask, pool: PoolStatus): Promise<Reply> {
  if (!pool.enabled) {
    const enabled = await enable(ask, pool);
    if (!("code" in enabled && enabled.code === 47)) return enabled;
  }
  const outcome = await ask.device.act({ do: "switch-pool", pool: pool.index }, ask.actor);
  return outcome.is === "refused" ? message(45, outcome.text) : message(27, pool.index);
}

function enable(ask: Ask, pool: PoolStatus): Promise<Reply> {
  return edit(ask, pool, { enabled: true }, 47);
}

async function disablePool(ask: Ask, pool: PoolStatus): Promise<Reply> {
  if (!pool.enabled) return message(50, pool.index);
  const others = ask.status.pools.filter(
    ({ enabled, group, index }) => enabled && group === pool.group && index !== pool.index,
  );
  return others.length === 0 ? message(51, pool.index) : edit(ask, pool, { enabled: false }, 48);
}

async function edit(
  { device, actor }: Ask,
  { index }: PoolStatus,
  changes: PoolEntry,
  done: MessageCode,
): Promise<Reply> {
  const list = listPools(device).map((listed, i) =>
    i === index ? { ...listed, entry: { ...listed.entry, ...changes } } : listed,
  );
  return applied(await applyPoolList(device, list, actor), done, index);
}

async function addPool({ device, parameter = "", actor, status }: Ask): Promise<Reply> {
  const [url = "", user, password, ...more] = splitEscaped(parameter);
  if (url.trim() === "" || user === undefined || password === undefined || more.length > 0)
    return message(52);
  const entry: PoolEntry = {
    url: wantedPoolUrl(url),
    user,
    ...(password === "" ? {} : { password }),
  };
  const list = listPools(device);
  const inGroup = list.filter(({ group }) => group === 0);
  if (inGroup.length >= MAX_POOLS) return message(54, `at most ${MAX_POOLS}`);
  // New pools come last in the first list.
  const next = [...inGroup, { group: 0, entry }, ...list.filter(({ group }) => group !== 0)];
  const refusal = refusalOf(await applyPoolList(device, next, actor));
  return refusal === undefined
    ? message(55, `${inGroup.length}: ${entry["url"]} (${status.device.name} keeps it)`)
    : message(53, refusal);
}

/** As the configuration allows. */
const MAX_POOLS = 8;

async function removePool({ device, actor, status }: Ask, pool: PoolStatus): Promise<Reply> {
  const inGroup = status.pools.filter(({ group }) => group === pool.group);
  if (inGroup.length === 1) return message(66, pool.index);
  if (pool.state === "active") return message(67, pool.index);
  const list = listPools(device).filter((_, index) => index !== pool.index);
  return applied(await applyPoolList(device, list, actor), 68, `${pool.index}: ${pool.name}`);
}

async function poolPriority({ device, parameter = "", actor, status }: Ask): Promise<Reply> {
  const named = parameter
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  if (named.length === 0) return message(25);
  const wrong = named.find((text) => poolOf(text, status.pools) === undefined);
  if (wrong !== undefined) return message(26, rangeText(wrong, status.pools));
  const first = named.map(Number);
  const twice = first.find((index, i) => first.indexOf(index) !== i);
  if (twice !== undefined) return message(74, twice);
  const list = listPools(device);
  const rest = list.map((_, index) => index).filter((index) => !first.includes(index));
  // Each group keeps its own pools; only their order within it changes.
  const ordered = [...first, ...rest].flatMap((index): ListedEntry[] => {
    const listed = list[index];
    return listed === undefined ? [] : [listed];
  });
  return applied(await applyPoolList(device, ordered, actor), 73, "");
}

async function poolQuota(ask: Ask): Promise<Reply> {
  return onPool(ask, async ({ device, actor, parameter = "" }, pool) => {
    const [, text = ""] = parameter.split(",");
    const quota = Number(text.trim());
    if (text.trim() === "" || !Number.isFinite(quota))
      return message(86, "the quota, as in poolquota|0,2");
    if (quota < 0) return message(121, quota);
    if (groupsOf(device) === undefined)
      return message(45, "pools of one list take over from each other; quotas are for groups");
    const group = listPools(device)[pool.index]?.group ?? 0;
    const changes = [{ path: `groups[${group}].quota`, value: quota }];
    return applied(await device.config.apply(changes, actor), 122, `${quota} for ${pool.group}`);
  });
}

function failoverOnly({ parameter = "" }: Ask): Reply {
  const value = parameter.trim().toLowerCase();
  if (value === "") return message(75);
  if (value !== "true" && value !== "false") return message(76, parameter.slice(0, 40));
  // Another pool never gets work while the first one has it: that is so already.
  return value === "true"
    ? message(77)
    : message(45, "a pool that waits gets no work; divide hash power by groups instead");
}

function onPool(
  ask: Ask,
  run: (ask: Ask, pool: PoolStatus) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const [text = ""] = (ask.parameter ?? "").split(",");
  if (text.trim() === "") return message(25);
  const pool = poolOf(text.trim(), ask.status.pools);
  return pool === undefined ? message(26, rangeText(text, ask.status.pools)) : run(ask, pool);
}

function poolOf(text: string, pools: readonly PoolStatus[]): PoolStatus | undefined {
  return /^\d{1,6}$/.test(text) ? pools[Number(text)] : undefined;
}

function rangeText(text: string, pools: readonly PoolStatus[]): string {
  return `${text.slice(0, 40)}; there are 0 to ${pools.length - 1}`;
}

function applied(
  result: Parameters<typeof refusalOf>[0],
  done: MessageCode,
  about: string | number,
): Reply {
  const refusal = refusalOf(result);
  return refusal === undefined ? message(done, about) : message(45, refusal);
}

/** At commas; `\,` and `\\` are a comma and a backslash. */
export function splitEscaped(text: string): readonly string[] {
  const parts: string[] = [];
  let last = "";
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1];
    if (text[i] === "\\" && (next === "," || next === "\\")) last += text[++i];
    else if (text[i] === ",") {
      parts.push(last);
      last = "";
    } else last += text[i];
  }
  return [...parts, last];
}
