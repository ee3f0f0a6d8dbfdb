/** Messages of the mining protocol (SV2 §5.3). Hashes and targets lie in the bytes as on the wire. */
import { message } from "./message.ts";
import {
  b0_32,
  b0_64k,
  b0_255,
  bool,
  f32,
  option,
  seq0_64k,
  seq0_255,
  str0_255,
  u16,
  u32,
  u64,
  u256,
} from "./wire.ts";

export const OpenStandardMiningChannel = message(
  "OpenStandardMiningChannel",
  { type: 0x10, channel: false, from: "client", section: "§5.3.2" },
  {
    requestId: u32,
    userIdentity: str0_255,
    /** H/s. */
    nominalHashRate: f32,
    maxTarget: u256,
  },
);

export const OpenStandardMiningChannelSuccess = message(
  "OpenStandardMiningChannel.Success",
  { type: 0x11, channel: false, from: "server", section: "§5.3.3" },
  {
    requestId: u32,
    channelId: u32,
    target: u256,
    extranoncePrefix: b0_32,
    groupChannelId: u32,
  },
);

export const OpenMiningChannelError = message(
  "OpenMiningChannel.Error",
  { type: 0x12, channel: false, from: "server", section: "§5.3.6" },
  { requestId: u32, errorCode: str0_255 },
);

export const OpenExtendedMiningChannel = message(
  "OpenExtendedMiningChannel",
  { type: 0x13, channel: false, from: "client", section: "§5.3.4" },
  {
    requestId: u32,
    userIdentity: str0_255,
    /** H/s. */
    nominalHashRate: f32,
    maxTarget: u256,
    minExtranonceSize: u16,
  },
);

export const OpenExtendedMiningChannelSuccess = message(
  "OpenExtendedMiningChannel.Success",
  { type: 0x14, channel: false, from: "server", section: "§5.3.5" },
  {
    requestId: u32,
    channelId: u32,
    target: u256,
    extranonceSize: u16,
    extranoncePrefix: b0_32,
    groupChannelId: u32,
  },
);

export const NewMiningJob = message(
  "NewMiningJob",
  { type: 0x15, channel: true, from: "server", section: "§5.3.15" },
  {
    channelId: u32,
    jobId: u32,
    /** Absent: a future job. */
    minNtime: option(u32),
    version: u32,
    merkleRoot: u256,
  },
);

export const UpdateChannel = message(
  "UpdateChannel",
  { type: 0x16, channel: true, from: "client", section: "§5.3.7" },
  { channelId: u32, nominalHashRate: f32, maximumTarget: u256 },
);

export const UpdateChannelError = message(
  "UpdateChannel.Error",
  { type: 0x17, channel: true, from: "server", section: "§5.3.8" },
  { channelId: u32, errorCode: str0_255 },
);

export const CloseChannel = message(
  "CloseChannel",
  { type: 0x18, channel: true, from: "both", section: "§5.3.9" },
  { channelId: u32, reasonCode: str0_255 },
);

export const SetExtranoncePrefix = message(
  "SetExtranoncePrefix",
  { type: 0x19, channel: true, from: "server", section: "§5.3.10" },
  { channelId: u32, extranoncePrefix: b0_32 },
);

export const SubmitSharesStandard = message(
  "SubmitSharesStandard",
  { type: 0x1a, channel: true, from: "client", section: "§5.3.11" },
  { channelId: u32, sequenceNumber: u32, jobId: u32, nonce: u32, ntime: u32, version: u32 },
);

export const SubmitSharesExtended = message(
  "SubmitSharesExtended",
  { type: 0x1b, channel: true, from: "client", section: "§5.3.12" },
  {
    channelId: u32,
    sequenceNumber: u32,
    jobId: u32,
    nonce: u32,
    ntime: u32,
    version: u32,
    extranonce: b0_32,
  },
);

/** The counters are those of this batch alone. */
export const SubmitSharesSuccess = message(
  "SubmitShares.Success",
  { type: 0x1c, channel: true, from: "server", section: "§5.3.13" },
  {
    channelId: u32,
    lastSequenceNumber: u32,
    newSubmitsAcceptedCount: u32,
    newSharesSum: u64,
  },
);

export const SubmitSharesError = message(
  "SubmitShares.Error",
  { type: 0x1d, channel: true, from: "server", section: "§5.3.14" },
  { channelId: u32, sequenceNumber: u32, errorCode: str0_255 },
);

export const NewExtendedMiningJob = message(
  "NewExtendedMiningJob",
  { type: 0x1f, channel: true, from: "server", section: "§5.3.16" },
  {
    channelId: u32,
    jobId: u32,
    /** Absent: a future job. */
    minNtime: option(u32),
    version: u32,
    versionRollingAllowed: bool,
    merklePath: seq0_255(u256),
    coinbaseTxPrefix: b0_64k,
    coinbaseTxSuffix: b0_64k,
  },
);

export const SetNewPrevHash = message(
  "SetNewPrevHash",
  { type: 0x20, channel: true, from: "server", section: "§5.3.17" },
  { channelId: u32, jobId: u32, prevHash: u256, minNtime: u32, nbits: u32 },
);

export const SetTarget = message(
  "SetTarget",
  { type: 0x21, channel: true, from: "server", section: "§5.3.21" },
  { channelId: u32, maximumTarget: u256 },
);

export const SetCustomMiningJob = message(
  "SetCustomMiningJob",
  { type: 0x22, channel: true, from: "client", section: "§5.3.18" },
  {
    channelId: u32,
    requestId: u32,
    miningJobToken: b0_255,
    version: u32,
    prevHash: u256,
    minNtime: u32,
    nbits: u32,
    coinbaseTxVersion: u32,
    /** At most 8 bytes. */
    coinbasePrefix: b0_255,
    coinbaseTxInputNSequence: u32,
    /** Begins with the number of outputs as CompactSize. */
    coinbaseTxOutputs: b0_64k,
    coinbaseTxLocktime: u32,
    merklePath: seq0_255(u256),
  },
);

export const SetCustomMiningJobSuccess = message(
  "SetCustomMiningJob.Success",
  { type: 0x23, channel: true, from: "server", section: "§5.3.19" },
  { channelId: u32, requestId: u32, jobId: u32 },
);

export const SetCustomMiningJobError = message(
  "SetCustomMiningJob.Error",
  { type: 0x24, channel: true, from: "server", section: "§5.3.20" },
  { channelId: u32, requestId: u32, errorCode: str0_255 },
);

export const SetGroupChannel = message(
  "SetGroupChannel",
  { type: 0x25, channel: false, from: "server", section: "§5.3.22" },
  { groupChannelId: u32, channelIds: seq0_64k(u32) },
);

export const miningMessages = [
  OpenStandardMiningChannel,
  OpenStandardMiningChannelSuccess,
  OpenMiningChannelError,
  OpenExtendedMiningChannel,
  OpenExtendedMiningChannelSuccess,
  NewMiningJob,
  UpdateChannel,
  UpdateChannelError,
  CloseChannel,
  SetExtranoncePrefix,
  SubmitSharesStandard,
  SubmitSharesExtended,
  SubmitSharesSuccess,
  SubmitSharesError,
  NewExtendedMiningJob,
  SetNewPrevHash,
  SetTarget,
  SetCustomMiningJob,
  SetCustomMiningJobSuccess,
  SetCustomMiningJobError,
  SetGroupChannel,
] as const;
