/** Messages between a Template Provider (server) and a pool or job declarator (client) (SV2 §7). */
import { message } from "./message.ts";
import {
  b0_16m,
  b0_64k,
  b0_255,
  bool,
  seq0_64k,
  seq0_255,
  str0_255,
  u16,
  u32,
  u64,
  u256,
} from "./wire.ts";

export const CoinbaseOutputConstraints = message(
  "CoinbaseOutputConstraints",
  { type: 0x70, channel: false, from: "client", section: "§7.1" },
  { coinbaseOutputMaxAdditionalSize: u32, coinbaseOutputMaxAdditionalSigops: u16 },
);

export const NewTemplate = message(
  "NewTemplate",
  { type: 0x71, channel: false, from: "server", section: "§7.2" },
  {
    templateId: u64,
    futureTemplate: bool,
    version: u32,
    coinbaseTxVersion: u32,
    /** At most 8 bytes. */
    coinbasePrefix: b0_255,
    coinbaseTxInputSequence: u32,
    /** Satoshi. */
    coinbaseTxValueRemaining: u64,
    coinbaseTxOutputsCount: u32,
    /** The outputs one after the other, without a count. */
    coinbaseTxOutputs: b0_64k,
    coinbaseTxLocktime: u32,
    merklePath: seq0_255(u256),
  },
);

/** Not the mining protocol's message of the same name. */
export const TemplateSetNewPrevHash = message(
  "SetNewPrevHash",
  { type: 0x72, channel: false, from: "server", section: "§7.3" },
  { templateId: u64, prevHash: u256, headerTimestamp: u32, nBits: u32, target: u256 },
);

export const RequestTransactionData = message(
  "RequestTransactionData",
  { type: 0x73, channel: false, from: "client", section: "§7.4" },
  { templateId: u64 },
);

export const RequestTransactionDataSuccess = message(
  "RequestTransactionData.Success",
  { type: 0x74, channel: false, from: "server", section: "§7.5" },
  { templateId: u64, excessData: b0_64k, transactionList: seq0_64k(b0_16m) },
);

export const RequestTransactionDataError = message(
  "RequestTransactionData.Error",
  { type: 0x75, channel: false, from: "server", section: "§7.6" },
  { templateId: u64, errorCode: str0_255 },
);

export const SubmitSolution = message(
  "SubmitSolution",
  { type: 0x76, channel: false, from: "client", section: "§7.7" },
  {
    templateId: u64,
    version: u32,
    headerTimestamp: u32,
    headerNonce: u32,
    /** With its witness. */
    coinbaseTx: b0_64k,
  },
);

export const templateDistributionMessages = [
  CoinbaseOutputConstraints,
  NewTemplate,
  TemplateSetNewPrevHash,
  RequestTransactionData,
  RequestTransactionDataSuccess,
  RequestTransactionDataError,
  SubmitSolution,
] as const;
