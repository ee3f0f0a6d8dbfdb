/** Fixed material of the handshake transcript, and randomness that repeats. */
import { fromHex } from "../../src/lib/bytes.ts";
import type { KeyPair } from "../../src/noise/ellswift.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };

const { inputs, intermediates } = vectors;

export const initiatorEphemeral: KeyPair = {
  secret: fromHex(inputs.initiator_ephemeral_priv),
  ellswift: fromHex(inputs.initiator_ephemeral_ellswift),
};

export const responderEphemeral: KeyPair = {
  secret: fromHex(inputs.responder_ephemeral_priv),
  ellswift: fromHex(inputs.responder_ephemeral_ellswift),
};

export const responderStatic: KeyPair = {
  secret: fromHex(inputs.responder_static_priv),
  ellswift: fromHex(intermediates.rs_ellswift),
};

export const authoritySecret = fromHex(inputs.authority_priv);
export const authorityKey = fromHex(inputs.authority_pub);

/** xorshift32: repeats, and is not secure. */
export function repeatableEntropy(seed = 1): Entropy {
  let state = seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    randomBytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    fraction: () => next() / 2 ** 32,
  };
}
