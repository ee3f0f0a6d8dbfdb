/** Entry of the handshake thread, a bundle of its own: keys, curves and certificates, away from the hot path. */
import { parentPort } from "node:worker_threads";
import { WireError } from "../src/lib/errors.ts";
import { NxInitiator } from "../src/noise/nx-handshake.ts";
import { nodeAead } from "./node-aead.ts";
import type { HandshakeReply, HandshakeRequest } from "./platform/handshake-messages.ts";
import { systemEntropy } from "./platform/system-entropy.ts";
import { keepHeapSmall } from "./process-memory.ts";

if (parentPort === null) throw new Error("handshake-thread: this is a thread, not a program");
keepHeapSmall();
const port = parentPort;
/** Of connections that may have ended meanwhile: the oldest are forgotten. */
const underWay = new Map<number, NxInitiator>();
const MAX_UNDER_WAY = 64;

port.on("message", (request: HandshakeRequest) => {
  try {
    port.postMessage(answer(request));
  } catch (error) {
    port.postMessage(failure(request.id, error));
  }
});

function answer(request: HandshakeRequest): HandshakeReply {
  const { id } = request;
  if (request.ask === "begin") {
    const initiator = new NxInitiator({ entropy: systemEntropy, aead: nodeAead });
    underWay.set(id, initiator);
    const oldest = underWay.keys().next().value;
    if (underWay.size > MAX_UNDER_WAY && oldest !== undefined) underWay.delete(oldest);
    return { tell: "act1", id, act1: initiator.act1 };
  }
  const initiator = underWay.get(id);
  underWay.delete(id);
  if (initiator === undefined) throw new Error(`handshake ${id} was never begun`);
  return { tell: "keys", id, keys: initiator.finish(request.act2, request.check) };
}

function failure(id: number, error: unknown): HandshakeReply {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof WireError)) return { tell: "failed", id, message };
  const { code, section } = error;
  return { tell: "failed", id, message, code, ...(section === undefined ? {} : { section }) };
}
