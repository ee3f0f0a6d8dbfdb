/** The channels of one SV2 connection: opens and closes them, keeps their jobs and targets known to the device. */
import { difficultyOfTarget, meetsTarget } from "../../src/bitcoin/target.ts";
import { concatBytes, printable } from "../../src/lib/bytes.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  CloseChannel,
  OpenExtendedMiningChannelSuccess,
  OpenMiningChannelError,
  OpenStandardMiningChannelSuccess,
  SetExtranoncePrefix,
  SetGroupChannel,
  SetTarget,
  UpdateChannelError,
} from "../../src/sv2/mining-messages.ts";
import { encodeMessage, type MiningProtocolMessage } from "../../src/sv2/protocols.ts";
import { PoolChannel } from "./channel.ts";
import { channelRefusal, type OpenRequest } from "./channel-refusal.ts";
import { codeUnder } from "./error-codes.ts";
import type { PoolHost } from "./host.ts";
import {
  firstJobFrames,
  type GroupAddresses,
  newBlockFrames,
  newTemplateFrames,
} from "./job-frames.ts";
import { checkClaim } from "./set-up.ts";
import { sameTarget } from "./target-keeper.ts";

/** The reference pool's numbering: the group first, then the channels. */
const FIRST_CHANNEL_ID = 2;

type Message<Name> = Extract<MiningProtocolMessage, { name: Name }>;

export class ChannelDesk {
  readonly channels = new Map<number, PoolChannel>();
  readonly groupChannelId: number;
  /** As the device said in its set-up: jobs of a group are then not for it. */
  requiresStandardJobs = true;
  readonly #connectionId: number;
  readonly #host: PoolHost;
  readonly #clock: Clock;
  readonly #send: (...frames: readonly Frame[]) => void;
  #nextChannelId = FIRST_CHANNEL_ID;

  constructor(
    connectionId: number,
    host: PoolHost,
    clock: Clock,
    send: (...frames: readonly Frame[]) => void,
  ) {
    this.#connectionId = connectionId;
    this.#host = host;
    this.#clock = clock;
    this.#send = send;
    this.groupChannelId = host.has("group-zero") ? 0 : FIRST_CHANNEL_ID - 1;
  }

  /** Everything goes out in one write. */
  catchUp(): void {
    const { template } = this.#host;
    const behind = [...this.channels.values()].filter(({ told }) => told !== template);
    const [first] = behind;
    if (first === undefined) return;
    const frames = first.told?.tip === template.tip ? newTemplateFrames : newBlockFrames;
    this.#send(...frames(behind, this.#group, this.#host, this.#clock));
  }

  /** True when the device has a new channel. */
  open(request: OpenRequest): boolean {
    const { requestId, nominalHashRate, maxTarget } = request;
    const isExtended = request.name === "OpenExtendedMiningChannel";
    const problem = channelRefusal(request, this.#host, {
      openChannels: this.channels.size,
      requiresStandardJobs: this.requiresStandardJobs,
    });
    if (problem !== undefined) {
      this.#refuse(requestId, problem);
      return false;
    }
    this.catchUp();
    const { sharesPerMinute, extranonceSize } = this.#host.options;
    const own = this.#host.nextExtranonce();
    const terms = {
      channelId: this.#nextChannelId++,
      kind: isExtended ? ("extended" as const) : ("standard" as const),
      userIdentity: printable(request.userIdentity),
      // All channels of a group have an extranonce of the same length (SV2 §5.2.3).
      extranoncePrefix: isExtended ? own : concatBytes(own, new Uint8Array(extranonceSize)),
      extranonceSize: isExtended ? extranonceSize : 0,
      sharesPerMinute,
      nominalHps: nominalHashRate,
      maxTarget,
      versionRollingAllowed: !this.#host.has("fixed-version") && !this.#forbidsRolling(isExtended),
    };
    const channel = new PoolChannel(terms, this.#clock.nowMs());
    const { channelId, target } = channel;
    this.channels.set(channelId, channel);
    this.#host.emit({
      event: "channel-opened",
      connection: this.#connectionId,
      channel: channelId,
      kind: terms.kind,
      userIdentity: terms.userIdentity,
      nominalHps: nominalHashRate,
      difficulty: difficultyOfTarget(target),
    });
    this.#send(
      this.#opened(requestId, channel),
      ...firstJobFrames(channel, this.#host, this.#clock),
      ...this.#groupFrames(channelId),
    );
    return true;
  }

  update({ channelId, nominalHashRate, maximumTarget }: Message<"UpdateChannel">): void {
    const channel = this.channels.get(channelId);
    const problem = checkClaim(nominalHashRate, maximumTarget);
    if (channel === undefined || problem !== undefined) {
      const { quirks } = this.#host.options;
      const errorCode = codeUnder(
        quirks,
        channel === undefined ? "invalid-channel-id" : `${problem}`,
      );
      this.#send(encodeMessage(UpdateChannelError, { channelId, errorCode }));
      return;
    }
    const before = channel.target;
    const isDemanded = !meetsTarget(before, maximumTarget);
    channel.update(nominalHashRate, maximumTarget, this.#clock.nowMs());
    const isQuiet = this.#host.has("quiet-updates");
    // What the device is not told does not count.
    if (isQuiet && !isDemanded) channel.target = before;
    const isChanged = !sameTarget(before, channel.target);
    if (isChanged || this.#host.has("answer-updates")) this.#announceTarget(channel, "update");
  }

  /** The device closed it, or all of them by the group's id. */
  closed({ channelId, reasonCode }: Message<"CloseChannel">, onClosed: (id: number) => void): void {
    const closed = channelId === this.groupChannelId ? [...this.channels.keys()] : [channelId];
    for (const id of closed) this.#forget(id, printable(reasonCode), onClosed);
  }

  close(channelId: number, reasonCode: string, onClosed: (id: number) => void): void {
    this.#channel(channelId);
    this.#send(encodeMessage(CloseChannel, { channelId, reasonCode }));
    this.#forget(channelId, reasonCode, onClosed);
  }

  adjustTargets(): void {
    const likeTheReferencePool = this.#host.has("reference-vardiff");
    for (const channel of this.channels.values())
      if (channel.adjust(this.#clock.nowMs(), likeTheReferencePool))
        this.#announceTarget(channel, "vardiff");
  }

  setTarget(channelId: number, target: Uint8Array): void {
    const channel = this.#channel(channelId);
    channel.target = target;
    this.#announceTarget(channel, "control");
  }

  /** For jobs from now on (SV2 §5.3.10). Throws RangeError for another length: the coinbase has no room for it. */
  setExtranoncePrefix(channelId: number, extranoncePrefix: Uint8Array): void {
    const channel = this.#channel(channelId);
    const { length } = channel.extranoncePrefix;
    if (extranoncePrefix.length !== length)
      throw new RangeError(`extranonce prefix: ${extranoncePrefix.length} bytes, not ${length}`);
    channel.extranoncePrefix = extranoncePrefix;
    this.#send(encodeMessage(SetExtranoncePrefix, { channelId, extranoncePrefix }));
  }

  get #isGrouped(): boolean {
    return !this.requiresStandardJobs && this.#host.options.jobsTo === "group";
  }

  get #group(): GroupAddresses {
    if (this.#isGrouped) return { jobs: this.groupChannelId, prevHash: this.groupChannelId };
    const isByGroup = this.requiresStandardJobs && this.#host.options.prevHashTo === "group";
    return { jobs: undefined, prevHash: isByGroup ? this.groupChannelId : undefined };
  }

  #forbidsRolling(isExtended: boolean): boolean {
    return this.#host.has("fixed-version-jobs") && (isExtended || this.#isGrouped);
  }

  #opened(requestId: number, { channelId, target, terms }: PoolChannel): Frame {
    const { kind, extranoncePrefix, extranonceSize } = terms;
    const { groupChannelId } = this;
    const success = { requestId, channelId, target, extranoncePrefix, groupChannelId };
    return kind === "extended"
      ? encodeMessage(OpenExtendedMiningChannelSuccess, { ...success, extranonceSize })
      : encodeMessage(OpenStandardMiningChannelSuccess, success);
  }

  #groupFrames(channelId: number): Frame[] {
    if (!this.#isGrouped) return [];
    const { groupChannelId } = this;
    return [encodeMessage(SetGroupChannel, { groupChannelId, channelIds: [channelId] })];
  }

  #refuse(requestId: number, problem: string): void {
    const errorCode = codeUnder(this.#host.options.quirks, problem);
    this.#host.emit({ event: "channel-refused", connection: this.#connectionId, code: errorCode });
    this.#send(encodeMessage(OpenMiningChannelError, { requestId, errorCode }));
  }

  #announceTarget(channel: PoolChannel, by: "vardiff" | "update" | "control"): void {
    const { channelId, target } = channel;
    if (this.#host.has("immediate-target")) channel.applyTargetToRunningJobs();
    this.#host.emit({
      event: "target",
      connection: this.#connectionId,
      channel: channelId,
      difficulty: difficultyOfTarget(target),
      by,
    });
    this.#send(encodeMessage(SetTarget, { channelId, maximumTarget: target }));
  }

  #channel(channelId: number): PoolChannel {
    const channel = this.channels.get(channelId);
    if (channel !== undefined) return channel;
    const open = [...this.channels.keys()].join(", ") || "none";
    throw new RangeError(`channel ${channelId}; open are: ${open}`);
  }

  #forget(channelId: number, reason: string, onClosed: (id: number) => void): void {
    onClosed(channelId);
    const connection = this.#connectionId;
    if (this.channels.delete(channelId))
      this.#host.emit({ event: "channel-closed", connection, channel: channelId, reason });
    else this.#host.emit({ event: "ignored", connection, what: `CloseChannel of ${channelId}` });
  }
}
