/** Pools as the file has them, in any of its three forms, as groups that share the hash power. */
import {
  type PoolGroupOptions,
  type PoolOptions,
  SILENCE_V1_MS,
  SILENCE_V2_MS,
} from "../hashing/pool-options.ts";
import { fromHex, reversed } from "../lib/bytes.ts";
import { ConfigError, type ConfigProblem } from "../lib/errors.ts";
import type { PoolAddress } from "../upstream/pool-address.ts";
import { BIP320_MASK, BIP323_MASK } from "../work/work.ts";
import { poolAddress } from "./configured-pool.ts";
import type { Config, GroupConfig, PoolConfig } from "./schema.ts";
import { checkUserIdentity } from "./user-identity.ts";

/** Extension 0x0002 of Stratum V2: worker-specific hashrate tracking. */
const WORKER_TRACKING = 2;
/** Rounding of what people write as decimal fractions. */
const SHARE_TOLERANCE = 1e-6;

export const poolForms =
  "one of: pool (a single one), pools (a list in order), groups (several such lists)";

type Pools = Pick<Config, "pool" | "pools" | "groups" | "standby">;

/** The pools that are used; no group where the operator has given none yet. Throws ConfigError with every problem; unsound paths have been complained about already. */
export function poolGroups(
  config: Pools,
  isSound: (path: string) => boolean = () => true,
): readonly PoolGroupOptions[] {
  return listedPools(config, isSound).map((group) => ({
    ...group,
    pools: group.pools.flatMap(({ enabled, options }) => (enabled ? [options] : [])),
  }));
}

export interface ListedPool {
  readonly enabled: boolean;
  readonly options: PoolOptions;
}

export type ListedGroup = Omit<PoolGroupOptions, "pools"> & {
  readonly pools: readonly ListedPool[];
};

/** The operator's whole list, with what is switched off. Throws as `poolGroups`. */
export function listedPools(
  config: Pools,
  isSound: (path: string) => boolean = () => true,
): readonly ListedGroup[] {
  const problems: ConfigProblem[] = [];
  const { groups, path } = groupsOf(config, isSound, problems);
  const taken = new Set<string>();
  const loaded = groups.map((group, g) => ({
    name: group.name ?? (groups.length === 1 ? "pools" : `group ${g + 1}`),
    part: 0,
    warmStandby: group.standby === "warm",
    pools: group.pools.flatMap((pool, p) => {
      const at = path(g, p);
      return isSound(at) ? loadPool(pool, at, isSound, taken, problems) : [];
    }),
  }));
  const areNumbers = groups.every(
    (_, g) => isSound(`groups[${g}].share`) && isSound(`groups[${g}].quota`),
  );
  const parts = areNumbers ? partsOf(groups, problems) : [];
  groups.forEach(({ pools }, g) => {
    if (pools.length > 0 && pools.every((pool) => pool?.enabled === false))
      problems.push({
        path: path(g, 0),
        problem: "every pool of its list is switched off",
        allowed: "at least one pool with enabled: true",
      });
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return loaded.map((group, g) => ({ ...group, part: parts[g] ?? 0 }));
}

function groupsOf(
  { pool, pools, groups, standby }: Pools,
  isSound: (path: string) => boolean,
  problems: ConfigProblem[],
): { groups: readonly GroupConfig[]; path: (group: number, pool: number) => string } {
  const given = Object.entries({ pool, pools, groups }).filter(([, value]) => value !== undefined);
  const [first, ...others] = given.map(([key]) => key);
  const last = others.at(-1);
  if (last !== undefined)
    problems.push({ path: last, problem: `stands beside ${first}`, allowed: poolForms });
  if (groups !== undefined)
    return {
      groups: groups.map((group, g) =>
        isSound(`groups[${g}].pools`) ? group : { standby, pools: [] },
      ),
      path: (g, p) => `groups[${g}].pools[${p}]`,
    };
  if (pools !== undefined) return { groups: [{ standby, pools }], path: (_, p) => `pools[${p}]` };
  return {
    groups: pool === undefined ? [] : [{ standby, pools: [pool] }],
    path: () => "pool",
  };
}

function loadPool(
  pool: PoolConfig,
  path: string,
  isSound: (path: string) => boolean,
  taken: Set<string>,
  problems: ConfigProblem[],
): ListedPool[] {
  const areSound = (...keys: (keyof PoolConfig)[]) =>
    keys.every((key) => isSound(`${path}.${key}`));
  const address = areSound("url", "allowUnauthenticated", "tlsCertificateSha256")
    ? attempt(problems, () => poolAddress(pool, `${path}.url`))
    : undefined;
  if (areSound("user")) attempt(problems, () => checkUserIdentity(pool.user, `${path}.user`));
  if (address === undefined || !areSound("maxTarget", "silenceS")) return [];
  const isV1 = address.protocol === "sv1";
  if (isV1 && pool.user === "")
    problems.push({
      path: `${path}.user`,
      problem: "is missing: a Stratum V1 pool knows a worker by it",
      allowed: "the account or payout address, with .worker behind it where the pool wants one",
    });
  const name = uniqueName(pool.name ?? nameOf(address), taken);
  const options: PoolOptions = {
    name,
    url: pool.url,
    address,
    user: pool.user,
    password: pool.password,
    versionMask: pool.versionMask === "bip323" ? BIP323_MASK : BIP320_MASK,
    silenceMs: pool.silenceS === undefined ? defaultSilenceMs(address) : pool.silenceS * 1_000,
    redirectHosts: pool.redirectHosts,
    // The file has it as people write targets, highest byte first.
    maxTarget:
      pool.maxTarget === undefined
        ? new Uint8Array(32).fill(0xff)
        : reversed(fromHex(pool.maxTarget)),
    channel: pool.channel,
    tolerateFlagEcho: pool.tolerateFlagEcho,
    // Only shares of extended channels can carry it.
    extensions: pool.workerName === "" || pool.channel === "standard" ? [] : [WORKER_TRACKING],
    workerName: pool.workerName,
    ...(pool.suggestDifficulty === undefined ? {} : { suggestDifficulty: pool.suggestDifficulty }),
  };
  return [{ enabled: pool.enabled, options }];
}

export function defaultSilenceMs({ protocol }: PoolAddress): number {
  return protocol === "sv1" ? SILENCE_V1_MS : SILENCE_V2_MS;
}

function nameOf({ endpoint: { host, port } }: PoolAddress): string {
  return `${host}:${port}`;
}

function uniqueName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted} #${count}`;
  taken.add(name);
  return name;
}

/** Fixed shares first; quotas divide what they leave. */
function partsOf(groups: readonly GroupConfig[], problems: ConfigProblem[]): readonly number[] {
  const fixed = groups.reduce((sum, { share = 0 }) => sum + share, 0);
  const withQuota = groups.filter(({ share }) => share === undefined);
  const quotas = withQuota.reduce((sum, { quota = 1 }) => sum + quota, 0);
  groups.forEach(({ quota, share }, g) => {
    if (quota !== undefined && share !== undefined)
      problems.push({
        path: `groups[${g}].quota`,
        problem: "stands beside share",
        allowed: "one of them: a fixed part, or parts of what is left",
      });
  });
  if (groups.length === 0) return [];
  const isWhole = Math.abs(fixed - 1) < SHARE_TOLERANCE;
  if (withQuota.length === 0 ? !isWhole : fixed >= 1)
    problems.push({
      path: "groups",
      problem: `the fixed shares make ${fixed}`,
      allowed:
        withQuota.length === 0
          ? "1 together, or at least one group with a quota for the rest"
          : "less than 1, as groups with quotas need something to divide",
    });
  return groups.map(({ share, quota = 1 }) => share ?? ((1 - fixed) * quota) / quotas);
}

function attempt<T>(problems: ConfigProblem[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
