/** One cell of the fail-over matrix: a pool is struck at a moment, and what that costs is measured in virtual time. */
import { Arena, type ArenaPool, type Protocol } from "./arena.ts";
import { type Moment, moments, type WayOfDying, waysOfDying } from "./ways.ts";

export interface Layout {
  readonly name: string;
  readonly protocols: readonly Protocol[];
  readonly warmStandby: boolean;
}

export const layouts: readonly Layout[] = [
  { name: "2 pools, warm", protocols: ["sv2", "sv2"], warmStandby: true },
  { name: "2 pools, probed", protocols: ["sv2", "sv2"], warmStandby: false },
  { name: "3 pools, warm, the second dead", protocols: ["sv2", "sv2", "sv2"], warmStandby: true },
  { name: "V2, then V1, warm", protocols: ["sv2", "sv1"], warmStandby: true },
  { name: "V1, then V2, warm", protocols: ["sv1", "sv2"], warmStandby: true },
];

export interface Cell {
  readonly layout: string;
  readonly way: string;
  readonly moment: string;
  /** From the strike until every chain hashes for another pool. */
  readonly uselessS: number;
  readonly limitS: number;
  /** From the pool's recovery until it has the hash power again; null where that was not measured. */
  readonly returnS: number | null;
  /** Sent to the dead pool and never answered. */
  readonly sharesLost: number;
  /** Refused by any pool, for whatever reason: a share in the wrong place would be. */
  readonly sharesRefused: number;
  readonly problem: string | null;
}

/** Time for a connection, its first job and a tick of everything, beside what the target allows. */
const CONNECT_S = 1;
/** With a warm standby: the target for a dead socket. */
const WARM_S = 1;
/** Of the small chain in the arena, with some room. */
const BRING_UP_MS = 2_000;
const RETURN_MIN_S = 300;
/** Five minutes, and the longest pause between two attempts to reach the pool. */
const RETURN_MAX_S = 300 + 60 + 15;
/** A hundred shares in a row, at one a second; with room for chance. */
const REJECTS_S = 150;
/** A wrong certificate is tried again seldom. */
const RETURN_MAX_AFTER_REFUSAL_S = 300 + 600 + 15;

export interface CellOptions {
  readonly layout: Layout;
  readonly way: WayOfDying;
  readonly moment: Moment;
  /** Takes some six virtual minutes more, in which shares are found as well. */
  readonly withReturn: boolean;
}

/** Whether this way makes sense at this moment: a V1 pool has no Noise handshake, and its channels are ours. */
export function applies({ protocols }: Layout, way: WayOfDying, moment: Moment): boolean {
  if (way.onlyWhileMining === true && (moment.phase !== "mining" || protocols[0] === "sv1"))
    return false;
  if (protocols[0] !== "sv1") return way.name !== "certificate" || moment.phase !== undefined;
  return way.name !== "certificate" && moment.name !== "handshake" && moment.name !== "first job";
}

export async function measure({ layout, way, moment, withReturn }: CellOptions): Promise<Cell> {
  const { protocols, warmStandby } = layout;
  const arena = new Arena({
    protocols,
    warmStandby,
    isHashing: withReturn || way.noticedBy === "shares",
    scale: 2 ** 31,
  });
  const [first] = arena.pools as [ArenaPool];
  if (protocols.length === 3) arena.pools[1]?.refuse();
  const others = protocols.map((_, index) => index).filter((index) => index > 0);
  // On V1 the first job comes by itself, and lanes are given out when chains are up.
  const lastBeforeJob = protocols[0] === "sv1" ? "opening" : "waiting-for-job";
  first.holdsFirstJob = moment.phase === lastBeforeJob;
  const isEarly = moment.phase !== "mining";
  if (moment.phase === undefined) way.strike(first);
  const started = arena.machine.miner.start();
  if (moment.phase === undefined) {
    // The chains take longer than the pools; nothing is useless before they are up.
  } else if (isEarly) {
    const isThere = () => arena.snapshotOf(0).phase === moment.phase;
    await arena.run(10_000, isThere);
    if (!isThere()) throw new Error(`${layout.name}: never in phase ${moment.phase}`);
  } else {
    await arena.run(30_000);
  }
  if (moment.phase !== undefined) way.strike(first);
  const struckMs = arena.clock.nowMs();
  const limitS = limitOf(layout, way, moment, isEarly);
  const uselessMs = await arena.run(limitS * 1_000 + 20_000, () => arena.hashesFor(...others));
  await Promise.all([started, arena.run(500)]);
  // Bring-up takes some seconds of its own, in which there is nothing to lose.
  const bringUpMs = Math.max(0, BRING_UP_MS - struckMs);
  const uselessS = Math.max(0, uselessMs - bringUpMs) / 1_000;
  let returnS: number | null = null;
  if (withReturn) {
    way.heal(first);
    const maxS = way.name === "certificate" ? RETURN_MAX_AFTER_REFUSAL_S : RETURN_MAX_S;
    returnS = (await arena.run((maxS + 5) * 1_000, () => arena.hashesFor(0))) / 1_000;
    await arena.run(10_000);
  }
  const statistics = arena.pools.map(({ pool }) => pool.statistics());
  const sharesRefused = statistics.reduce((sum, { rejected }) => sum + rejected, 0);
  const sharesLost = arena.snapshotOf(0).lostUnacknowledged;
  await arena.stop();
  const cell = { layout: layout.name, way: way.name, moment: moment.name };
  const figures = { uselessS, limitS, returnS, sharesLost, sharesRefused };
  return { ...cell, ...figures, problem: problemOf(figures, way) };
}

function limitOf(layout: Layout, way: WayOfDying, moment: Moment, isEarly: boolean): number {
  if (way.noticedBy === "shares") return REJECTS_S;
  const waits = way.noticedBy === "deadline" || moment.phase === undefined;
  const deadlineS = waits ? moment.deadlineMs[layout.protocols[0] ?? "sv2"] / 1_000 : 0;
  const switchS = layout.warmStandby ? WARM_S : CONNECT_S;
  // At the start nobody stands by warm yet.
  return deadlineS + switchS + (isEarly ? CONNECT_S : 0);
}

function problemOf(
  {
    uselessS,
    limitS,
    returnS,
    sharesRefused,
  }: Pick<Cell, "uselessS" | "limitS" | "returnS" | "sharesRefused">,
  way: WayOfDying,
): string | null {
  if (uselessS > limitS) return `no useful work for ${uselessS} s, allowed ${limitS} s`;
  if (sharesRefused > 0 && way.noticedBy !== "shares") return `${sharesRefused} shares refused`;
  if (returnS === null) return null;
  const maxS = way.name === "certificate" ? RETURN_MAX_AFTER_REFUSAL_S : RETURN_MAX_S;
  if (returnS < RETURN_MIN_S) return `returned after ${returnS} s, before it was proven well`;
  return returnS > maxS ? `returned after ${returnS} s, allowed ${maxS} s` : null;
}

/** All cells. */
export function cells(): readonly CellOptions[] {
  return layouts.flatMap((layout) =>
    waysOfDying.flatMap((way) =>
      moments
        .filter((moment) => applies(layout, way, moment))
        .map((moment) => ({ layout, way, moment, withReturn: moment.phase === "mining" })),
    ),
  );
}
