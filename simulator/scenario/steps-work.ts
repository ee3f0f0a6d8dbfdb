/** Steps for what most scenarios begin with: a device that is set up, has a channel, and gets work. */
import Type from "typebox";
import { toHex } from "../../src/lib/bytes.ts";
import { StepFailure } from "./failures.ts";
import { readNumber } from "./numbers.ts";
import type { Received } from "./peer.ts";
import type { Step } from "./scenario.ts";
import type { SourceNode } from "./source.ts";
import type { Stage } from "./stage.ts";
import { checkFields } from "./steps-talking.ts";
import { together } from "./steps-transport.ts";
import { sv2Spec } from "./sv2-messages.ts";
import { Sv2Peer } from "./sv2-peer.ts";
import { answerOpening } from "./v1-opening.ts";
import { V1Peer } from "./v1-peer.ts";
import { readBytes, readJson } from "./values.ts";
import { anyValue, duration, textOf, timeOf, type Verb } from "./verb.ts";

const SETUP_WITHIN_MS = 10_000;
/** Devices may ask once their chips have come up. */
const CHANNEL_WITHIN_MS = 60_000;
/** Devices with more boards open more channels; each is answered. */
const channelRequests = ["OpenStandardMiningChannel", "OpenExtendedMiningChannel"];

const setUp: Verb = {
  options: {
    flags: anyValue,
    configure: Type.Enum(["answer", "refuse", "error", "silence"]),
    versionMask: anyValue,
    extranonce1: anyValue,
    extranonce2Size: Type.Integer({ minimum: 0, maximum: 32 }),
    difficulty: anyValue,
    authorize: Type.Enum(["answer", "refuse"]),
    within: duration,
  },
  fields: "expected",
  message: { sv2: "SetupConnection", sv1: "mining.subscribe" },
  form: "with: { field: value or matcher }. V2: flags: N. V1: configure: answer|refuse|error|silence, versionMask: HEX, extranonce1: HEX, extranonce2Size: N, difficulty: N, authorize: answer|refuse",
  does: "V2: takes SetupConnection, whose fields `with` is about, and accepts it. V1: answers configure, subscribe (`with`) and authorize in the order in which they come, then sets the difficulty",
  async run(step, stage) {
    const withinMs = timeOf(step, "within", SETUP_WITHIN_MS);
    const peer = await stage.peer();
    if (peer instanceof V1Peer) {
      await answerOpening(step, stage, peer, withinMs);
      return;
    }
    if (!(peer instanceof Sv2Peer)) return;
    peer.handshake("answer");
    const message = await stage.expectOneOf(["SetupConnection"], withinMs);
    checkFields(step.option("with"), message, peer, stage);
    const flags = step.option("flags");
    const values = peer.defaults.of(sv2Spec("SetupConnection.Success"));
    if (flags !== undefined) values["flags"] = readNumber(flags, stage.scope);
    peer.sendValues(sv2Spec("SetupConnection.Success"), values);
  },
};

const openChannel: Verb = {
  protocol: "sv2",
  options: {
    channelId: anyValue,
    target: anyValue,
    groupChannelId: anyValue,
    extranoncePrefix: anyValue,
    extranonceSize: anyValue,
    further: Type.Enum(["accept", "ignore"]),
    within: duration,
  },
  fields: "expected",
  message: { sv2: "OpenStandardMiningChannel", sv1: "" },
  form: "with: { field: value or matcher }; channelId, target, groupChannelId, extranoncePrefix, extranonceSize: values; further: accept|ignore",
  does: "takes the device's request for a channel, standard or extended, and grants it; `with` is about fields that both kinds have. Requests for further channels are granted, too, with the work of the moment",
  async run(step, stage) {
    const peer = await stage.sv2();
    const withinMs = timeOf(step, "within", CHANNEL_WITHIN_MS);
    let request = await stage.expectOneOf([...channelRequests, "RequestExtensions"], withinMs);
    if (request.name === "RequestExtensions") {
      const spec = sv2Spec("RequestExtensions.Error");
      peer.sendValues(spec, peer.defaults.of(spec));
      request = await stage.expectOneOf(channelRequests, withinMs);
    }
    checkFields(step.option("with"), request, peer, stage);
    grant(peer, request, step, stage, true);
    if (textOf(step, "further") === "ignore") return;
    const further = (next: Received) => {
      grant(peer, next, step, stage, false);
      announceToNewest(peer);
    };
    peer.onFurtherChannel = further;
    // Devices with several boards ask in one breath.
    const waiting = peer.unread.filter(({ name }) => channelRequests.includes(name));
    const others = peer.unread.filter(({ name }) => !channelRequests.includes(name));
    peer.unread.splice(0, peer.unread.length, ...others);
    for (const next of waiting) further(next);
  },
};

function grant(peer: Sv2Peer, request: Received, step: Step, stage: Stage, isFirst: boolean): void {
  peer.taken(request);
  const spec = sv2Spec(`${request.name}.Success`);
  const values = peer.defaults.of(spec);
  const own = isFirst ? ["channelId", "extranoncePrefix"] : [];
  for (const key of ["target", "groupChannelId", "extranonceSize", ...own]) {
    const node = step.option(key);
    const field = spec.fields[key];
    if (node === undefined || field === undefined) continue;
    const isBytes = field.dataType === "U256" || field.dataType.startsWith("B0");
    values[key] = isBytes ? readBytes(node, stage.scope) : readNumber(node, stage.scope);
  }
  peer.sendValues(spec, values);
}

/** A channel that opens late gets what the others have: a job on their tip, or the future jobs that wait for one. */
function announceToNewest(peer: Sv2Peer): void {
  const channels = [...peer.book.channels.values()];
  const [first, newest] = [channels[0], channels.at(-1)];
  if (first === undefined || newest === undefined || first === newest) return;
  const { channelId, kind } = newest;
  const { tip } = first;
  if (tip === undefined) {
    for (const jobId of first.future.keys()) sendJob(peer, channelId, kind, { jobId });
    return;
  }
  const jobId = sendJob(peer, channelId, kind, {});
  const spec = sv2Spec("SetNewPrevHash");
  const { prevHash, nbits } = tip;
  peer.sendValues(spec, { ...peer.defaults.of(spec), channelId, jobId, prevHash, nbits });
}

function sendJob(
  peer: Sv2Peer,
  channelId: number,
  kind: "standard" | "extended",
  given: Record<string, unknown>,
): number {
  const spec = sv2Spec(kind === "standard" ? "NewMiningJob" : "NewExtendedMiningJob");
  const values: Record<string, unknown> = { ...peer.defaults.of(spec), channelId, ...given };
  peer.sendValues(spec, values);
  return values["jobId"] as number;
}

const workOptions = {
  jobId: anyValue,
  version: anyValue,
  nbits: anyValue,
  time: anyValue,
} as const;

const newBlock: Verb = {
  options: { ...workOptions, prevHash: anyValue, to: Type.Enum(["channel", "group"]) },
  form: "jobId, version, nbits, prevHash, time: values; to: channel|group",
  does: "work on a new block. V2: a future job, then SetNewPrevHash, in one write, for every channel. V1: mining.notify with clean_jobs",
  async run(step, stage) {
    const peer = await stage.peer();
    if (peer instanceof V1Peer) {
      peer.newTip();
      const prevHash = step.option("prevHash");
      notify(peer, step, stage, {
        cleanJobs: true,
        ...(prevHash === undefined ? {} : { prevHash: toHex(readBytes(prevHash, stage.scope)) }),
      });
      return;
    }
    if (!(peer instanceof Sv2Peer)) return;
    await together(peer.tap, () => announceBlock(peer, step, stage));
  },
};

function announceBlock(peer: Sv2Peer, step: Step, stage: Stage): void {
  const spec = sv2Spec("SetNewPrevHash");
  const channels = [...peer.book.channels.values()];
  if (channels.length === 0) throw new StepFailure("no channel is open");
  const number = numberOptions(step, stage);
  const first = number("jobId");
  let jobId = first ?? (peer.names.job() as number) + 1;
  for (const { channelId, kind } of channels)
    sendJob(peer, channelId, kind, { jobId, ...defined({ version: number("version") }) });
  const prevHash = step.option("prevHash");
  const tip = {
    ...peer.defaults.of(spec),
    ...defined({ minNtime: number("time"), nbits: number("nbits") }),
    ...(prevHash === undefined ? {} : { prevHash: readBytes(prevHash, stage.scope) }),
  };
  jobId = peer.names.job() as number;
  const [{ groupChannelId }] = channels as [(typeof channels)[number]];
  const addressees =
    textOf(step, "to") === "group" ? [groupChannelId] : channels.map(({ channelId }) => channelId);
  for (const channelId of addressees) peer.sendValues(spec, { ...tip, channelId, jobId });
}

const newJob: Verb = {
  options: { ...workOptions, future: Type.Boolean() },
  form: "jobId, version, nbits, time: values; future: true",
  does: "another job on the same block. V2: NewMiningJob (or NewExtendedMiningJob) with min_ntime, or without for future: true. V1: mining.notify without clean_jobs",
  async run(step, stage) {
    const peer = await stage.peer();
    if (peer instanceof V1Peer) notify(peer, step, stage, {});
    if (!(peer instanceof Sv2Peer)) return;
    const number = numberOptions(step, stage);
    const isFuture = textOf(step, "future") === "true";
    const jobId = number("jobId") ?? (peer.names.job() as number) + 1;
    const minNtime = isFuture ? undefined : (number("time") ?? stage.clock.unixSeconds());
    await together(peer.tap, () => {
      for (const { channelId, kind } of peer.book.channels.values())
        sendJob(peer, channelId, kind, {
          jobId,
          minNtime,
          ...defined({ version: number("version") }),
        });
    });
  },
};

function notify(peer: V1Peer, step: Step, stage: Stage, given: Record<string, unknown>): void {
  const values = { ...given };
  const word = (key: string) => {
    const node = step.option(key);
    return node === undefined
      ? undefined
      : (readNumber(node, stage.scope) >>> 0).toString(16).padStart(8, "0");
  };
  const job = step.option("jobId");
  Object.assign(
    values,
    defined({
      jobId: job === undefined ? undefined : String(jobOf(job, stage)),
      version: word("version"),
      nbits: word("nbits"),
      ntime: word("time"),
    }),
  );
  peer.sendValues("mining.notify", values);
}

function numberOptions(step: Step, stage: Stage): (key: string) => number | undefined {
  return (key) => {
    const node = step.option(key);
    return node === undefined ? undefined : readNumber(node, stage.scope);
  };
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Stratum V1 ids are text, even "00000007". */
export function jobOf(node: SourceNode, stage: Stage): number | string {
  const isText = node.kind === "scalar" && typeof node.value !== "string";
  if (stage.current instanceof V1Peer)
    return isText ? node.text : String(readJson(node, stage.scope));
  return readNumber(node, stage.scope);
}

export const workSteps = { setUp, openChannel, newBlock, newJob };
