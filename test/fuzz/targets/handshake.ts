/** The bytes of the Noise handshake, and certificates that are signed and still no good. */
import { nodeAead } from "../../../firmware/node-aead.ts";
import { equalBytes } from "../../../src/lib/bytes.ts";
import { WireError } from "../../../src/lib/errors.ts";
import {
  issueCertificate,
  judgeCertificate,
  readCertificate,
} from "../../../src/noise/certificate.ts";
import { generateKeyPair } from "../../../src/noise/ellswift.ts";
import { NxInitiator, NxResponder } from "../../../src/noise/nx-handshake.ts";
import { AUTHORITY, fixedEntropy } from "../../support/scripted-server.ts";
import { foreignPieces } from "../corpus.ts";
import { mutatedBytes } from "../mutate.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

interface HandshakeInput {
  /** Put over act 1 (64 bytes) on its way, when not empty; of any length. */
  readonly act1: Uint8Array;
  /** XORed into act 2 from `act2At`; empty leaves it alone. */
  readonly act2Flip: Uint8Array;
  readonly act2At: number;
  /** Bytes of act 2 that arrive, negative: all of them. */
  readonly act2Length: number;
  readonly certificate: {
    readonly version: number;
    readonly validFrom: number;
    readonly notValidAfter: number;
    /** XORed into its 74 bytes. */
    readonly flip: Uint8Array;
    readonly flipAt: number;
    readonly isForeign: boolean;
  };
  readonly unixSeconds: number;
  readonly leewayS: number;
}

const NOW = 1_750_000_000;
const MAX_U32 = 0xffffffff;
const ephemeral = generateKeyPair(fixedEntropy(5));
const staticKey = generateKeyPair(fixedEntropy(6));
const responderKey = generateKeyPair(fixedEntropy(7));
const strangersSecret = fixedEntropy(8).randomBytes(32);
const pieces = foreignPieces();

export const handshake: FuzzTarget<HandshakeInput> = {
  name: "handshake",
  about: "acts of the Noise handshake and certificates",
  shortRuns: 40,
  make(random) {
    const broken = random.below(5);
    const period = () =>
      random.pick([0, NOW - 11, NOW - 10, NOW - 9, NOW, NOW + 9, NOW + 10, NOW + 11, MAX_U32]);
    const act1 = random.chance(0.5) && pieces.length > 0 ? random.pick(pieces) : random.bytes(64);
    return {
      act1:
        broken === 0
          ? random.chance(0.5)
            ? mutatedBytes(random, act1, pieces)
            : act1.slice(0, 64)
          : new Uint8Array(),
      act2Flip: broken === 1 ? random.bytes(random.between(1, 16)) : new Uint8Array(),
      act2At: random.chance(0.3) ? random.pick([0, 63, 64, 143, 144, 233]) : random.below(234),
      act2Length: broken === 2 ? random.below(240) : -1,
      certificate: {
        version: broken === 3 ? random.pick([0, 0, 1, 0xffff]) : 0,
        validFrom: broken === 3 ? period() : NOW - 100,
        notValidAfter: broken === 3 ? period() : NOW + 100,
        flip: broken === 4 ? random.bytes(random.between(1, 8)) : new Uint8Array(),
        flipAt: random.below(74),
        isForeign: random.chance(0.1),
      },
      unixSeconds: random.chance(0.9) ? NOW : random.number(32),
      leewayS: random.pick([0, 10, 3_600]),
    };
  },
  run(input) {
    const initiator = new NxInitiator({ entropy: fixedEntropy(), aead: nodeAead, ephemeral });
    const certificate = certificateOf(input.certificate);
    const responder = new NxResponder({
      entropy: fixedEntropy(),
      aead: nodeAead,
      staticKey,
      certificate,
      ephemeral: responderKey,
    });
    const act1 = input.act1.length > 0 ? input.act1 : initiator.act1;
    const answer = attempt(() => responder.respond(act1), WireError);
    demand("error" in answer === (act1.length !== 64), "any 64 bytes are a key, and nothing else");
    if ("error" in answer) return;
    const act2 = answer.value.act2.slice();
    flip(act2, input.act2Flip, input.act2At);
    const arrived = input.act2Length < 0 ? act2 : act2.subarray(0, input.act2Length);
    const check = { authorityKey: AUTHORITY.publicKey, ...input };
    const keys = attempt(() => initiator.finish(arrived, check), WireError);
    const isGenuine =
      equalBytes(act1, initiator.act1) &&
      equalBytes(arrived, answer.value.act2) &&
      isValid(certificate, input);
    demand("value" in keys === isGenuine, () =>
      isGenuine ? "a genuine server was refused" : "a server was believed that must not be",
    );
    if (!("value" in keys)) return;
    demand(
      equalBytes(keys.value.send, answer.value.keys.receive) &&
        equalBytes(keys.value.receive, answer.value.keys.send),
      "the two ends have different keys",
    );
  },
};

function certificateOf({
  flip: bits,
  flipAt,
  isForeign,
  ...fields
}: HandshakeInput["certificate"]) {
  const certificate = issueCertificate({
    authoritySecret: isForeign ? strangersSecret : AUTHORITY.secret,
    staticKey,
    version: fields.version & 0xffff,
    validFrom: fields.validFrom >>> 0,
    notValidAfter: fields.notValidAfter >>> 0,
  });
  flip(certificate, bits, flipAt);
  return certificate;
}

/** By the rules, without asking the code that checks them for more than the signature. */
function isValid(certificate: Uint8Array, { unixSeconds, leewayS }: HandshakeInput): boolean {
  const { version, validFrom, notValidAfter } = readCertificate(certificate);
  const verdict = judgeCertificate(certificate, {
    serverKey: staticKey.ellswift,
    authorityKey: AUTHORITY.publicKey,
    // In the middle of its period only the signature is left to judge.
    unixSeconds: validFrom,
    leewayS: MAX_U32,
  });
  const isSigned = verdict !== "wrong-authority" && verdict !== "unknown-version";
  return (
    isSigned &&
    version === 0 &&
    validFrom <= notValidAfter &&
    unixSeconds >= validFrom - leewayS &&
    unixSeconds <= notValidAfter + leewayS
  );
}

function flip(bytes: Uint8Array, bits: Uint8Array, at: number): void {
  for (const [i, bit] of bits.entries())
    if (at + i < bytes.length) bytes[at + i] = (bytes[at + i] ?? 0) ^ bit;
}
