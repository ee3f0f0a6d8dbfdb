/** What the miner and its handshake thread say to each other. */
import type { WireErrorCode } from "../../src/lib/errors.ts";
import type { NoiseKeys, ServerCheck } from "../../src/noise/nx-handshake.ts";

export type HandshakeRequest =
  | { readonly ask: "begin"; readonly id: number }
  | {
      readonly ask: "finish";
      readonly id: number;
      readonly act2: Uint8Array;
      readonly check: ServerCheck;
    };

export type HandshakeReply =
  | { readonly tell: "act1"; readonly id: number; readonly act1: Uint8Array }
  | { readonly tell: "keys"; readonly id: number; readonly keys: NoiseKeys }
  | {
      readonly tell: "failed";
      readonly id: number;
      readonly message: string;
      /** Absent: no fault of the peer's bytes. */
      readonly code?: WireErrorCode;
      readonly section?: string;
    };
