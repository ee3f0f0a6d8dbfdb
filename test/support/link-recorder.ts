/** What a pool link told its owner, as words; asks for channels as soon as the server is ready. */
import type {
  LinkEnd,
  LinkHandlers,
  LinkTerms,
  PoolLink,
  SentShare,
  WorkChannel,
} from "../../src/upstream/pool-link.ts";

export class LinkRecorder implements LinkHandlers {
  readonly events: string[] = [];
  readonly opened: WorkChannel[] = [];
  readonly ends: LinkEnd[] = [];
  readonly accepted: SentShare[] = [];
  terms: LinkTerms | undefined;
  link: PoolLink | undefined;
  /** Channels to ask for, of 1 MH/s each. */
  wanted = 1;

  onReady(terms: LinkTerms): void {
    this.terms = terms;
    this.events.push(`ready ${terms.versionMask.toString(16)}`);
    for (let i = 0; i < this.wanted; i++) this.link?.openChannel(1e6);
  }
  onChannelOpened(_requestId: number, channel: WorkChannel): void {
    this.opened.push(channel);
    this.events.push(`opened ${channel.channelId}`);
  }
  onChannelRefused(_requestId: number, code: string): void {
    this.events.push(`refused ${code}`);
  }
  onWork(channel: WorkChannel): void {
    this.events.push(`work ${channel.channelId}:${channel.work?.poolJobId ?? "none"}`);
  }
  onChannelClosed(channel: WorkChannel, reason: string): void {
    this.events.push(`closed ${channel.channelId} ${reason}`);
  }
  onDown(end: LinkEnd): void {
    this.ends.push(end);
    this.events.push(`down ${end.reason}`);
  }
  onShareAccepted(share: SentShare): void {
    this.accepted.push(share);
    this.events.push(`accepted ${share.chainIndex}`);
  }
  onShareRejected(share: SentShare, code: string): void {
    this.events.push(`rejected ${share.chainIndex} ${code}`);
  }
  onSharesLost(count: number): void {
    this.events.push(`lost ${count}`);
  }
}
