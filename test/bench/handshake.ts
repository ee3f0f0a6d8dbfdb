/** The Noise handshake: what each side computes until both have their keys. */
import { nodeAead } from "../../firmware/node-aead.ts";
import { issueCertificate } from "../../src/noise/certificate.ts";
import { generateKeyPair } from "../../src/noise/ellswift.ts";
import { NxInitiator, NxResponder } from "../../src/noise/nx-handshake.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import { type Summary, summaryOf } from "./statistics.ts";

export interface HandshakeResult {
  /** Key, shared secrets, certificate. */
  readonly initiator: Summary;
  readonly responder: Summary;
}

const UNIX_SECONDS = 1_750_000_000;
const WARM_UPS = 5;

export function measureHandshake(handshakes: number): HandshakeResult {
  const entropy = fixedEntropy(3);
  const staticKey = generateKeyPair(entropy);
  const certificate = issueCertificate({
    authoritySecret: AUTHORITY.secret,
    staticKey,
    validFrom: UNIX_SECONDS,
    notValidAfter: UNIX_SECONDS + 3_600,
  });
  const check = { authorityKey: AUTHORITY.publicKey, unixSeconds: UNIX_SECONDS };
  const initiatorMs: number[] = [];
  const responderMs: number[] = [];
  for (let i = 0; i < WARM_UPS + handshakes; i++) {
    const startMs = performance.now();
    const initiator = new NxInitiator({ entropy, aead: nodeAead });
    const askedMs = performance.now();
    const responder = new NxResponder({ entropy, aead: nodeAead, staticKey, certificate });
    const { act2 } = responder.respond(initiator.act1);
    const answeredMs = performance.now();
    initiator.finish(act2, check);
    initiatorMs.push(askedMs - startMs + performance.now() - answeredMs);
    responderMs.push(answeredMs - askedMs);
  }
  return {
    initiator: summaryOf(initiatorMs.slice(WARM_UPS)),
    responder: summaryOf(responderMs.slice(WARM_UPS)),
  };
}
