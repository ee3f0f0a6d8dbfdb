/** What one frame costs: messages to payloads and back, and their encryption, noble beside node:crypto. */
import { nodeAead } from "../../firmware/node-aead.ts";
import { type Aead, nobleAead } from "../../src/noise/aead.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import {
  NewMiningJob,
  SetNewPrevHash,
  SubmitSharesStandard,
} from "../../src/sv2/mining-messages.ts";
import { decodeMessage, encodeMessage } from "../../src/sv2/protocols.ts";
import { type Operation, type OperationTime, timeInTurns } from "./microbench.ts";

const CALLS = 500;

export function measureCodec(samples: number): OperationTime[] {
  return [
    ...timeInTurns(codecOperations(), samples, CALLS),
    ...timeInTurns(aeadOperations(), samples, CALLS / 10),
  ];
}

const share = {
  channelId: 2,
  sequenceNumber: 77,
  jobId: 5,
  nonce: 0xdeadbeef,
  ntime: 1_700_000_000,
  version: 0x2000_6000,
};
const job = {
  channelId: 2,
  jobId: 5,
  minNtime: undefined,
  version: 0x2000_0000,
  merkleRoot: new Uint8Array(32).fill(7),
};
const prevHash = {
  channelId: 2,
  jobId: 5,
  prevHash: new Uint8Array(32).fill(9),
  minNtime: 1_700_000_000,
  nbits: 0x1702_6d1f,
};

function codecOperations(): Operation[] {
  const shareFrame = encodeMessage(SubmitSharesStandard, share);
  const jobFrame = encodeMessage(NewMiningJob, job);
  const prevHashFrame = encodeMessage(SetNewPrevHash, prevHash);
  return [
    { name: "encode SubmitSharesStandard", run: () => encodeMessage(SubmitSharesStandard, share) },
    { name: "decode SubmitSharesStandard", run: () => decodeMessage("mining", shareFrame) },
    { name: "encode NewMiningJob", run: () => encodeMessage(NewMiningJob, job) },
    { name: "decode NewMiningJob", run: () => decodeMessage("mining", jobFrame) },
    { name: "encode SetNewPrevHash", run: () => encodeMessage(SetNewPrevHash, prevHash) },
    { name: "decode SetNewPrevHash", run: () => decodeMessage("mining", prevHashFrame) },
  ];
}

/** A frame is sealed in two pieces, header and payload. */
function aeadOperations(): Operation[] {
  const shareFrame = encodeMessage(SubmitSharesStandard, share);
  const prevHashFrame = encodeMessage(SetNewPrevHash, prevHash);
  return [
    sealing("seal a share frame, noble", nobleAead, shareFrame),
    sealing("seal a share frame, node:crypto", nodeAead, shareFrame),
    opening("open a SetNewPrevHash frame, noble", nobleAead, prevHashFrame),
    opening("open a SetNewPrevHash frame, node:crypto", nodeAead, prevHashFrame),
  ];
}

function sealing(name: string, aead: Aead, frame: Frame): Operation {
  const { sender } = connected(aead);
  return { name, run: () => sender.encode(frame) };
}

/** Each sealed frame opens once, in order, so they are sealed in batches outside the measured call. */
function opening(name: string, aead: Aead, frame: Frame): Operation {
  const { sender, receiver } = connected(aead);
  let sealed: Uint8Array[] = [];
  return {
    name,
    prepare(calls) {
      sealed = Array.from({ length: calls }, () => sender.encode(frame)).reverse();
    },
    run() {
      const next = sealed.pop();
      if (next === undefined) throw new Error(`${name}: nothing left to open`);
      receiver.receive(next, ignore);
    },
  };
}

function ignore(): void {}

function connected(aead: Aead): { sender: SecureFrames; receiver: SecureFrames } {
  const one = new Uint8Array(32).fill(1);
  const two = new Uint8Array(32).fill(2);
  return {
    sender: new SecureFrames({ send: one, receive: two }, aead),
    receiver: new SecureFrames({ send: two, receive: one }, aead),
  };
}
