/** The Noise NX handshake, both sides: two messages, after which only the server is known to the other (SV2 §4.5). */
import { concatBytes } from "../lib/bytes.ts";
import { WireError } from "../lib/errors.ts";
import type { Entropy } from "../ports/entropy.ts";
import type { Aead } from "./aead.ts";
import { CERTIFICATE_BYTES, verifyCertificate } from "./certificate.ts";
import { ELLSWIFT_BYTES, generateKeyPair, type KeyPair, sharedSecret } from "./ellswift.ts";
import { SymmetricState } from "./symmetric-state.ts";

const TAG_BYTES = 16;
const STATIC_KEY_END = ELLSWIFT_BYTES + ELLSWIFT_BYTES + TAG_BYTES;

export const ACT1_BYTES = ELLSWIFT_BYTES;
/** The specification prints 170 (§4.5.2.1), a number from before ElligatorSwift. */
export const ACT2_BYTES = STATIC_KEY_END + CERTIFICATE_BYTES + TAG_BYTES;

/** The two keys of a connection after the handshake, 32 bytes each. */
export interface NoiseKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

export interface ServerCheck {
  /**
   * x-only, 32 bytes. `undefined`, by explicit choice of the operator alone: whoever answers is believed, and nothing
   * of the certificate is looked at, since anybody could have made it.
   */
  readonly authorityKey: Uint8Array | undefined;
  readonly unixSeconds: number;
  readonly leewayS?: number | undefined;
}

/** The client's side: send `act1` at once, then hand the answer to `finish`. Good for one connection. */
export class NxInitiator {
  readonly act1: Uint8Array;
  readonly #state: SymmetricState;
  /** Forgotten with the first use. */
  #ephemeral: KeyPair | undefined;

  constructor(o: {
    readonly entropy: Pick<Entropy, "randomBytes">;
    readonly aead: Aead;
    /** For tests: a fixed key. */
    readonly ephemeral?: KeyPair;
  }) {
    this.#ephemeral = o.ephemeral ?? generateKeyPair(o.entropy);
    this.act1 = this.#ephemeral.ellswift;
    this.#state = new SymmetricState(o.aead);
    mixAct1(this.#state, this.act1);
  }

  /** The transport keys. Throws WireError for an answer that cannot be trusted; the connection must then be closed. */
  finish(act2: Uint8Array, check: ServerCheck): NoiseKeys {
    const ephemeral = this.#ephemeral;
    if (ephemeral === undefined) throw new Error("handshake: finished before");
    this.#ephemeral = undefined;
    if (act2.length !== ACT2_BYTES)
      throw new WireError("handshake", `act 2 has ${ACT2_BYTES} bytes, not ${act2.length}`, {
        section: "SV2 §4.5.2",
      });
    const state = this.#state;
    const theirEphemeral = act2.subarray(0, ELLSWIFT_BYTES);
    state.mixHash(theirEphemeral);
    state.mixKey(sharedSecret(ephemeral, theirEphemeral, "initiator"));
    const serverKey = decryptAct2(state, act2, ELLSWIFT_BYTES, STATIC_KEY_END, "static key");
    state.mixKey(sharedSecret(ephemeral, serverKey, "initiator"));
    const certificate = decryptAct2(state, act2, STATIC_KEY_END, ACT2_BYTES, "certificate");
    const { authorityKey, unixSeconds, leewayS } = check;
    if (authorityKey !== undefined)
      verifyCertificate(certificate, { serverKey, authorityKey, unixSeconds, leewayS });
    const [send, receive] = state.split();
    return { send, receive };
  }
}

/** The server's side. Good for one connection; static key and certificate may serve many. */
export class NxResponder {
  readonly #state: SymmetricState;
  readonly #staticKey: KeyPair;
  readonly #certificate: Uint8Array;
  /** Forgotten with the first use. */
  #ephemeral: KeyPair | undefined;

  constructor(o: {
    readonly entropy: Pick<Entropy, "randomBytes">;
    readonly aead: Aead;
    readonly staticKey: KeyPair;
    /** 74 bytes, see `issueCertificate`. */
    readonly certificate: Uint8Array;
    /** For tests: a fixed key. */
    readonly ephemeral?: KeyPair;
  }) {
    this.#state = new SymmetricState(o.aead);
    this.#staticKey = o.staticKey;
    this.#certificate = o.certificate;
    this.#ephemeral = o.ephemeral ?? generateKeyPair(o.entropy);
  }

  /** Throws WireError "handshake" when `act1` has not 64 bytes; any 64 bytes are a key. */
  respond(act1: Uint8Array): { act2: Uint8Array; keys: NoiseKeys } {
    const ephemeral = this.#ephemeral;
    if (ephemeral === undefined) throw new Error("handshake: answered before");
    this.#ephemeral = undefined;
    if (act1.length !== ACT1_BYTES)
      throw new WireError("handshake", `act 1 has ${ACT1_BYTES} bytes, not ${act1.length}`, {
        section: "SV2 §4.5.1",
      });
    const state = this.#state;
    mixAct1(state, act1);
    state.mixHash(ephemeral.ellswift);
    state.mixKey(sharedSecret(ephemeral, act1, "responder"));
    const sealedKey = state.encryptAndHash(this.#staticKey.ellswift);
    state.mixKey(sharedSecret(this.#staticKey, act1, "responder"));
    const sealedCertificate = state.encryptAndHash(this.#certificate);
    const [receive, send] = state.split();
    return {
      act2: concatBytes(ephemeral.ellswift, sealedKey, sealedCertificate),
      keys: { send, receive },
    };
  }
}

/** The client's key in plain, then an empty payload, which is hashed although there is no key yet (SV2 §4.5.1). */
function mixAct1(state: SymmetricState, act1: Uint8Array): void {
  state.mixHash(act1);
  state.encryptAndHash(new Uint8Array(0));
}

function decryptAct2(
  state: SymmetricState,
  act2: Uint8Array,
  start: number,
  end: number,
  what: string,
): Uint8Array {
  try {
    return state.decryptAndHash(act2.subarray(start, end));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new WireError(
      "handshake",
      `the server's ${what} does not decrypt: ${likelyCause(act2)}`,
      {
        section: "SV2 §4.5.2",
        cause: error,
      },
    );
  }
}

/** The protocol of 2020 to 2022 put a U16 length before each message, and its messages were shorter than ours. */
function likelyCause(act2: Uint8Array): string {
  const looksPrefixed = act2[1] === 0;
  return looksPrefixed
    ? "it seems to speak the obsolete Noise protocol of the 2022 draft (length prefix)"
    : "it does not speak current Stratum V2, or the bytes were changed on the way";
}
