/** The connections that stand, by their number. */
import type { ChannelStatistics } from "./channel.ts";
import { type DeviceReport, deviceReport } from "./device-report.ts";
import type { DeviceConnection } from "./host.ts";

/** One connection as a test sees it. */
export interface PoolClient {
  readonly id: number;
  readonly protocol: "sv2" | "v1";
  /** 0 on Stratum V1. */
  readonly groupChannelId: number;
  /** On Stratum V1: 1, once there are jobs. */
  readonly channelIds: readonly number[];
}

export class Connections {
  readonly #byId = new Map<number, DeviceConnection>();

  get size(): number {
    return this.#byId.size;
  }

  /** In the order in which they came; a copy. */
  get all(): readonly DeviceConnection[] {
    return [...this.#byId.values()];
  }

  add(connection: DeviceConnection): void {
    this.#byId.set(connection.id, connection);
  }

  remove(id: number): void {
    this.#byId.delete(id);
  }

  /** Throws RangeError for one that is not there. */
  get(id: number): DeviceConnection {
    const connection = this.#byId.get(id);
    if (connection !== undefined) return connection;
    const connected = [...this.#byId.keys()].join(", ") || "none";
    throw new RangeError(`client ${id}; connected are: ${connected}`);
  }

  clients(): readonly PoolClient[] {
    return this.all.map(({ id, identity, groupChannelId, channels }) => ({
      id,
      protocol: identity.protocol,
      groupChannelId,
      channelIds: [...channels.keys()],
    }));
  }

  channels(nowMs: number): readonly (ChannelStatistics & { readonly connection: number })[] {
    return this.all.flatMap(({ id, channels }) =>
      [...channels.values()].map((channel) => ({ connection: id, ...channel.statistics(nowMs) })),
    );
  }

  /** `count` of them from `start` on. */
  reports(start: number, count: number, nowMs: number): readonly DeviceReport[] {
    return this.all.slice(start, start + count).map((device) => deviceReport(device, nowMs));
  }
}
