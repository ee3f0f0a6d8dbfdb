/** What a standby pool's connection costs the process that it is opened from: dial, handshake, set-up. */
import { threadedHandshaker } from "../../firmware/miner-process.ts";
import { nodeAead } from "../../firmware/node-aead.ts";
import { linuxPlatform } from "../../firmware/platform/linux-platform.ts";
import { silentLog } from "../../src/lib/log.ts";
import { type Handshaker, localHandshaker } from "../../src/noise/handshaker.ts";
import { Connection } from "../../src/upstream/connection.ts";
import { DEADLINES } from "../../src/upstream/deadlines.ts";

export interface HandshakeOrder {
  readonly port: number;
  readonly authorityKey: Uint8Array;
  /** Who does the curve arithmetic. */
  readonly on: "main thread" | "own thread";
}

const handshakers = new Map<HandshakeOrder["on"], Handshaker>();

function handshakerOn(on: HandshakeOrder["on"]): Handshaker {
  const known = handshakers.get(on);
  if (known !== undefined) return known;
  const made =
    on === "own thread"
      ? threadedHandshaker(linuxPlatform(), silentLog)
      : localHandshaker({ entropy: linuxPlatform().entropy, aead: nodeAead });
  handshakers.set(on, made);
  return made;
}

/** Resolves when the connection is ready (and closed again), with what that took, ms. */
export function handshake({ port, authorityKey, on }: HandshakeOrder): Promise<number> {
  const { clock, entropy, dial } = linuxPlatform();
  const startedMs = clock.nowMs();
  return new Promise((resolve, reject) => {
    const connection = new Connection(
      { clock, entropy, aead: nodeAead, dial, handshaker: handshakerOn(on) },
      {
        endpoint: { host: "127.0.0.1", port, authorityKey, secure: true },
        identity: { vendor: "asicd", hardwareVersion: "bench", firmware: "0", deviceId: "" },
        standardJobs: true,
        versionRolling: true,
        tolerateFlagEcho: false,
        deadlines: DEADLINES,
        extensions: { ids: [], silences: 0 },
      },
      {
        onPhase() {},
        onReady() {
          resolve(clock.nowMs() - startedMs);
          connection.close("measured");
        },
        onRequiredExtensions() {},
        onMessage() {},
        onChunkDone() {},
        onEnd: ({ kind, reason }) => kind !== "asked" && reject(new Error(reason)),
      },
      silentLog,
    );
    connection.start();
  });
}
