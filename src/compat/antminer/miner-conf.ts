/**
 * Bitmain's settings as its clients write them back: always the whole of them, with every pause too. So what comes back as it
 * was shown must change nothing, a password that was hidden least of all.
 */
import type { Actor, ConfigChange, Device } from "../../api/device.ts";
import type { Status } from "../../api/status.ts";
import { groupsOf, listPools, type PoolEntry, poolListChanges, refusalOf } from "../pool-list.ts";
import { shownPoolUrl, wantedPoolUrl } from "../pool-url.ts";

/** Bitmain has three, and clients send no more. */
const SHOWN_POOLS = 3;
const HIDDEN = "*****";
/** What a client sends for a password that it could not read: pyasic's classes without CGI write "x". */
const UNREAD_PASSWORDS = new Set(["", HIDDEN, "x"]);

export interface ShownPool {
  readonly index: number;
  readonly url: string;
  readonly user: string;
  readonly pass: string;
}

/** The first that are switched on. */
export function shownPools({ pools }: Status): readonly ShownPool[] {
  return pools
    .filter(({ enabled }) => enabled)
    .slice(0, SHOWN_POOLS)
    .map(({ index, url, user }) => ({ index, url: shownPoolUrl(url), user, pass: HIDDEN }));
}

export type ConfOutcome =
  | { readonly is: "done"; readonly text: string }
  | { readonly is: "refused"; readonly text: string };

interface Wish {
  /** Absent: not written about. */
  readonly pools: readonly WrittenPool[] | undefined;
  readonly sleep: boolean | undefined;
}

interface WrittenPool {
  readonly url: string;
  readonly user: string;
  readonly pass: string;
}

/** A part of Bitmain's settings, as asic-rs sends it, or all of them, as pyasic does. */
export async function writeMinerConf(
  device: Device,
  body: unknown,
  actor: Actor,
): Promise<ConfOutcome> {
  const wish = parseWish(body);
  if (typeof wish === "string") return { is: "refused", text: wish };
  const pools = poolChanges(device, wish.pools);
  if (typeof pools === "string") return { is: "refused", text: pools };
  const { sleep } = wish;
  const isOther = sleep !== undefined && sleep !== device.status().paused;
  const refusal =
    pools.length > 0
      ? await applied(device, isOther ? [...pools, { path: "paused", value: sleep }] : pools, actor)
      : isOther
        ? await acted(device, sleep, actor)
        : undefined;
  return refusal === undefined ? { is: "done", text: "OK!" } : { is: "refused", text: refusal };
}

/** Why not. */
async function applied(
  device: Device,
  changes: readonly ConfigChange[],
  actor: Actor,
): Promise<string | undefined> {
  return refusalOf(await device.config.apply(changes, actor));
}

/** Why not. An action pauses also where settings cannot be kept. */
async function acted(device: Device, sleep: boolean, actor: Actor): Promise<string | undefined> {
  const outcome = await device.act({ do: sleep ? "pause" : "resume" }, actor);
  return outcome.is === "refused" ? outcome.text : undefined;
}

function parseWish(body: unknown): Wish | string {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return "a JSON object is needed";
  const { pools, ...rest } = body as Record<string, unknown>;
  const mode = rest["miner-mode"] ?? rest["bitmain-work-mode"];
  if (mode !== undefined && !["0", "1"].includes(String(mode)))
    return "only the modes 0 (normal) and 1 (sleep) are known here";
  if (pools !== undefined && !Array.isArray(pools)) return "pools must be a list";
  const written = (pools as unknown[] | undefined)
    ?.map(writtenPool)
    .filter(({ url }) => url !== "");
  if (written?.length === 0) return "no pool is left";
  return { pools: written, sleep: mode === undefined ? undefined : String(mode) === "1" };
}

function writtenPool(value: unknown): WrittenPool {
  const { url, user, pass } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const text = (field: unknown) => (typeof field === "string" ? field.trim() : "");
  return { url: text(url), user: text(user), pass: text(pass) };
}

/** Why not, or what makes them the pools; none when they are already. */
function poolChanges(
  device: Device,
  written: readonly WrittenPool[] | undefined,
): readonly ConfigChange[] | string {
  if (written === undefined) return [];
  const shown = shownPools(device.status());
  const isAsShown =
    written.length === shown.length &&
    written.every(
      ({ url, user, pass }, i) =>
        url === shown[i]?.url && user === shown[i]?.user && UNREAD_PASSWORDS.has(pass),
    );
  if (isAsShown) return [];
  if (groupsOf(device) !== undefined)
    return "pools are in groups that share the hash power, which this interface does not know; change them on the page";
  const list = listPools(device);
  // What a client was not shown it did not mean to remove.
  const seen = new Set(shown.map(({ index }) => index));
  const unseen = list.filter((_, index) => !seen.has(index));
  const next = written.map((pool) => ({ group: 0, entry: entryOf(pool, shown, list) }));
  return poolListChanges(device, [...next, ...unseen]);
}

/** A pool that is known by URL keeps what Bitmain's settings have no words for. */
function entryOf(
  { url, user, pass }: WrittenPool,
  shown: readonly ShownPool[],
  list: readonly { readonly entry: PoolEntry }[],
): PoolEntry {
  const same = shown.find((one) => one.url === url && one.user === user);
  const known = same ?? shown.find((one) => one.url === url);
  const before = known === undefined ? {} : (list[known.index]?.entry ?? {});
  const { password: storedPassword, ...settings } = before;
  const isUnread = UNREAD_PASSWORDS.has(pass);
  const password = isUnread ? (same === undefined ? undefined : storedPassword) : pass;
  return {
    ...settings,
    ...(known === undefined ? { url: wantedPoolUrl(url) } : {}),
    user,
    ...(password === undefined ? {} : { password }),
  };
}
