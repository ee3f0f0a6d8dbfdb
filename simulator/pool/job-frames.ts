/** The messages by which channels of one connection learn of the pool's present template. */
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { NewMiningJob, SetNewPrevHash } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import type { PoolChannel } from "./channel.ts";
import type { PoolHost } from "./host.ts";

/** The future job first, then the previous hash that activates it: what a new channel gets (SV2 §5.3.15, §5.3.17). */
export function firstJobFrames(channel: PoolChannel, host: PoolHost, clock: Clock): Frame[] {
  const job = futureJobFrame(channel, host);
  return [job, ...activationFrames([channel], undefined, host, clock)];
}

/** A new block for all channels; the previous hash goes to each of them or, if the pool is told so, once to their group. */
export function newBlockFrames(
  channels: readonly PoolChannel[],
  groupChannelId: number,
  host: PoolHost,
  clock: Clock,
): Frame[] {
  const jobs = channels.map((channel) => futureJobFrame(channel, host));
  const group = host.options.prevHashTo === "group" ? groupChannelId : undefined;
  return [...jobs, ...activationFrames(channels, group, host, clock)];
}

/** Higher fees on the same tip: to be worked on at once. */
export function newTemplateFrames(
  channels: readonly PoolChannel[],
  host: PoolHost,
  clock: Clock,
): Frame[] {
  const minNtime = host.minNtime();
  return channels.map((channel) => {
    const merkleRoot = channel.addActiveJob(host.template, minNtime, clock.nowMs());
    return jobFrame(channel, merkleRoot, minNtime, host);
  });
}

function futureJobFrame(channel: PoolChannel, host: PoolHost): Frame {
  return jobFrame(channel, channel.addFutureJob(host.template), undefined, host);
}

function activationFrames(
  channels: readonly PoolChannel[],
  groupChannelId: number | undefined,
  host: PoolHost,
  clock: Clock,
): Frame[] {
  const { jobId, tip } = host.template;
  const { prevHash, nbits } = tip;
  const minNtime = host.minNtime();
  for (const channel of channels) channel.activate(jobId, minNtime, clock.nowMs());
  const channelIds = channels.map(({ channelId }) => channelId);
  const addressees =
    groupChannelId === undefined || channels.length === 0 ? channelIds : [groupChannelId];
  return addressees.map((channelId) =>
    encodeMessage(SetNewPrevHash, { channelId, jobId, prevHash, minNtime, nbits }),
  );
}

function jobFrame(
  { channelId }: PoolChannel,
  merkleRoot: Uint8Array,
  minNtime: number | undefined,
  { template, options }: PoolHost,
): Frame {
  const { jobId, version } = template;
  const frame = encodeMessage(NewMiningJob, { channelId, jobId, minNtime, version, merkleRoot });
  return options.quirks.has("job-bit-clear") ? { ...frame, channelMessage: false } : frame;
}
