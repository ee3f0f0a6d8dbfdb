/** The messages by which channels of one connection learn of the pool's present template. */
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { NewMiningJob } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import type { PoolChannel } from "./channel.ts";
import type { PoolHost } from "./host.ts";

/** Whom one message may reach instead of one per channel; `undefined`: nobody but each channel. */
export interface GroupAddresses {
  readonly jobs: number | undefined;
  readonly prevHash: number | undefined;
}

/** The future job first, then the previous hash that activates it: what a new channel gets (SV2 §5.3.15, §5.3.17). */
export function firstJobFrames(channel: PoolChannel, host: PoolHost, clock: Clock): Frame[] {
  return newBlockFrames([channel], { jobs: undefined, prevHash: undefined }, host, clock);
}

/** A new block for all channels. */
export function newBlockFrames(
  channels: readonly PoolChannel[],
  group: GroupAddresses,
  host: PoolHost,
  clock: Clock,
): Frame[] {
  const { template } = host;
  const minNtime = host.minNtime();
  const roots = channels.map((channel) => channel.addFutureJob(template));
  const jobs = jobFrames(channels, roots, undefined, group.jobs, host);
  for (const channel of channels) channel.activate(template.jobId, minNtime, clock.nowMs());
  return [
    ...jobs,
    ...addressees(channels, group.prevHash).map((channelId) =>
      host.sharedFrames.prevHash(channelId, template, minNtime),
    ),
  ];
}

/** Higher fees on the same tip: to be worked on at once. */
export function newTemplateFrames(
  channels: readonly PoolChannel[],
  group: GroupAddresses,
  host: PoolHost,
  clock: Clock,
): Frame[] {
  const minNtime = host.minNtime();
  const roots = channels.map((channel) =>
    channel.addActiveJob(host.template, minNtime, clock.nowMs()),
  );
  return jobFrames(channels, roots, minNtime, group.jobs, host);
}

/** `minNtime` absent: future jobs. */
function jobFrames(
  channels: readonly PoolChannel[],
  roots: readonly (Uint8Array | undefined)[],
  minNtime: number | undefined,
  group: number | undefined,
  host: PoolHost,
): Frame[] {
  const extended = (channelId: number, versionRollingAllowed: boolean) =>
    host.sharedFrames.extendedJob(channelId, host.template, minNtime, versionRollingAllowed);
  const [first] = channels;
  if (group !== undefined && first !== undefined)
    return [extended(group, first.terms.versionRollingAllowed)];
  return channels.map(({ channelId, terms }, index) =>
    terms.kind === "extended"
      ? extended(channelId, terms.versionRollingAllowed)
      : standardJob(channelId, roots[index] as Uint8Array, minNtime, host),
  );
}

function standardJob(
  channelId: number,
  merkleRoot: Uint8Array,
  minNtime: number | undefined,
  host: PoolHost,
): Frame {
  const { jobId, version } = host.template;
  const frame = encodeMessage(NewMiningJob, { channelId, jobId, minNtime, version, merkleRoot });
  return host.has("job-bit-clear") ? { ...frame, channelMessage: false } : frame;
}

function addressees(channels: readonly PoolChannel[], group: number | undefined): number[] {
  if (group === undefined || channels.length === 0) return channels.map((each) => each.channelId);
  return [group];
}
