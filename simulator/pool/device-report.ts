/** One device as the pool sees it: who it said it is, and what it brings in. */

import type { ChannelStatistics } from "./channel.ts";
import type { DeviceConnection } from "./host.ts";

export interface DeviceReport {
  readonly connection: number;
  readonly protocol: "sv2" | "v1";
  readonly remote: string;
  readonly vendor: string;
  readonly hardwareVersion: string;
  readonly firmware: string;
  readonly connectedS: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly estimatedHps: number;
  readonly channels: readonly ChannelStatistics[];
}

export function deviceReport(device: DeviceConnection, nowMs: number): DeviceReport {
  const { connectedAtMs, ...identity } = device.identity;
  const channels = [...device.channels.values()].map((channel) => channel.statistics(nowMs));
  const sum = (of: (channel: ChannelStatistics) => number) =>
    channels.reduce((total, channel) => total + of(channel), 0);
  return {
    connection: device.id,
    ...identity,
    connectedS: Math.floor((nowMs - connectedAtMs) / 1_000),
    accepted: sum(({ accepted }) => accepted),
    rejected: sum(({ rejected }) => rejected),
    estimatedHps: sum(({ estimatedHps }) => estimatedHps),
    channels,
  };
}
