/** Messages between a Job Declarator Client and a Job Declarator Server (SV2 §6.4). */
import { message } from "./message.ts";
import { b0_16m, b0_32, b0_64k, b0_255, seq0_64k, str0_255, u16, u32, u256 } from "./wire.ts";

export const AllocateMiningJobToken = message(
  "AllocateMiningJobToken",
  { type: 0x50, channel: false, from: "client", section: "§6.4.2" },
  { userIdentifier: str0_255, requestId: u32 },
);

export const AllocateMiningJobTokenSuccess = message(
  "AllocateMiningJobToken.Success",
  { type: 0x51, channel: false, from: "server", section: "§6.4.3" },
  {
    requestId: u32,
    miningJobToken: b0_255,
    /** Begins with the number of outputs as CompactSize; the first pays the pool. */
    coinbaseTxOutputs: b0_64k,
  },
);

export const ProvideMissingTransactions = message(
  "ProvideMissingTransactions",
  { type: 0x55, channel: false, from: "server", section: "§6.4.7" },
  { requestId: u32, unknownTxPositionList: seq0_64k(u16) },
);

export const ProvideMissingTransactionsSuccess = message(
  "ProvideMissingTransactions.Success",
  { type: 0x56, channel: false, from: "client", section: "§6.4.8" },
  { requestId: u32, transactionList: seq0_64k(b0_16m) },
);

export const DeclareMiningJob = message(
  "DeclareMiningJob",
  { type: 0x57, channel: false, from: "client", section: "§6.4.4" },
  {
    requestId: u32,
    miningJobToken: b0_255,
    version: u32,
    coinbaseTxPrefix: b0_64k,
    coinbaseTxSuffix: b0_64k,
    wtxidList: seq0_64k(u256),
    excessData: b0_64k,
  },
);

export const DeclareMiningJobSuccess = message(
  "DeclareMiningJob.Success",
  { type: 0x58, channel: false, from: "server", section: "§6.4.5" },
  { requestId: u32, newMiningJobToken: b0_255 },
);

export const DeclareMiningJobError = message(
  "DeclareMiningJob.Error",
  { type: 0x59, channel: false, from: "server", section: "§6.4.6" },
  { requestId: u32, errorCode: str0_255, errorDetails: b0_64k },
);

export const PushSolution = message(
  "PushSolution",
  { type: 0x60, channel: false, from: "client", section: "§6.4.9" },
  {
    extranonce: b0_32,
    prevHash: u256,
    nonce: u32,
    ntime: u32,
    nbits: u32,
    version: u32,
  },
);

export const jobDeclarationMessages = [
  AllocateMiningJobToken,
  AllocateMiningJobTokenSuccess,
  ProvideMissingTransactions,
  ProvideMissingTransactionsSuccess,
  DeclareMiningJob,
  DeclareMiningJobSuccess,
  DeclareMiningJobError,
  PushSolution,
] as const;
