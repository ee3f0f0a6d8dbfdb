/** The ways in which a pool dies, and the moments at which it can: the rows and columns of the fail-over matrix. */
import type { UpstreamPhase } from "../../src/telemetry/snapshot.ts";
import type { ArenaPool } from "./arena.ts";

export interface WayOfDying {
  readonly name: string;
  readonly what: string;
  /** Makes it dead, for good. */
  strike(pool: ArenaPool): void;
  /** Undoes it: the pool is there again, as a new process. */
  heal(pool: ArenaPool): void;
  /** How the device can know: what nobody says is noticed by waiting, what a pool does by its shares. */
  readonly noticedBy: "socket" | "deadline" | "shares";
  /** It takes a pool that works to misbehave in this way. */
  readonly onlyWhileMining?: boolean;
}

export const waysOfDying: readonly WayOfDying[] = [
  {
    name: "reset",
    what: "the process is killed: connections are reset, new ones refused",
    strike(pool) {
      pool.refuse();
      pool.network.severAll();
    },
    heal: (pool) => pool.restart(),
    noticedBy: "socket",
  },
  {
    name: "close",
    what: "connections are closed in order, new ones refused",
    strike(pool) {
      pool.refuse();
      pool.pool.stop();
    },
    heal: (pool) => pool.restart(),
    noticedBy: "socket",
  },
  {
    name: "silence",
    what: "nothing arrives any more, in either direction; nobody says so",
    strike: (pool) => pool.network.silent(true),
    heal: (pool) => pool.restart(),
    noticedBy: "deadline",
  },
  {
    name: "certificate",
    what: "connections are reset; the certificate of new ones has expired",
    strike(pool) {
      pool.pool.setQuirk("certificate-expired-for", 3_600);
      pool.network.severAll();
    },
    heal(pool) {
      pool.pool.clearQuirk("certificate-expired-for");
    },
    noticedBy: "socket",
  },
  {
    name: "closes",
    what: "every channel is closed as soon as it is open",
    strike(pool) {
      const { pool: process } = pool;
      for (const { id, channelIds } of process.clients)
        for (const channelId of channelIds) process.closeChannel(id, channelId, "no-thanks");
      pool.closing = process.onEvent((event) => {
        if (event.event === "channel-opened")
          queueMicrotask(() => process.closeChannel(event.connection, event.channel, "no-thanks"));
      });
    },
    heal: (pool) => pool.closing?.[Symbol.dispose](),
    noticedBy: "socket",
    onlyWhileMining: true,
  },
  {
    name: "rejects",
    what: "every share is refused",
    strike: (pool) => pool.pool.setQuirk("refuse-shares"),
    heal: (pool) => pool.pool.clearQuirk("refuse-shares"),
    noticedBy: "shares",
    onlyWhileMining: true,
  },
];

/** When it is struck: as soon as the pool's connection is in this phase. */
export interface Moment {
  readonly name: string;
  /** `undefined`: before the device starts. */
  readonly phase: UpstreamPhase | undefined;
  /** What the device grants a silent server in that phase, ms. */
  readonly deadlineMs: Readonly<Record<"sv2" | "sv1", number>>;
}

const answers = { sv2: 10_000, sv1: 10_000 };

export const moments: readonly Moment[] = [
  { name: "before the start", phase: undefined, deadlineMs: answers },
  { name: "handshake", phase: "handshake", deadlineMs: answers },
  { name: "set-up", phase: "setting-up", deadlineMs: answers },
  { name: "channel", phase: "opening", deadlineMs: { sv2: 10_000, sv1: 30_000 } },
  { name: "first job", phase: "waiting-for-job", deadlineMs: { sv2: 30_000, sv1: 30_000 } },
  { name: "mining", phase: "mining", deadlineMs: { sv2: 300_000, sv1: 120_000 } },
];
