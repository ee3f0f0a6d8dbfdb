/** A server's stream whose first job comes a little later than the answer before it, so that a test can strike between. */
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Protocol } from "./arena.ts";

const HOLD_MS = 200;
/** Writes of the simulated pool: act 2, SetupConnection.Success, then the channel's success with its jobs behind it. */
const CHANNEL_WRITE = 3;
/** The simulated pool's prefixes: 8 bytes of its own and 8 that a device does not roll. */
const EXTRANONCE_BYTES = 16;
/** OpenStandardMiningChannel.Success without its prefix: header and payload with their tags. */
const SUCCESS_BYTES = { header: 22, payloadAndTag: 45 + 16 };

export function holdFirstJob(stream: ByteStream, protocol: Protocol, clock: Clock): ByteStream {
  let writes = 0;
  let releasedMs = 0;
  const write = (bytes: Uint8Array) => {
    if (clock.nowMs() < releasedMs) {
      const copy = bytes.slice();
      clock.after(releasedMs - clock.nowMs(), () => stream.write(copy));
    } else stream.write(bytes);
  };
  return {
    remote: stream.remote,
    write(bytes) {
      writes++;
      const at =
        protocol === "sv2" ? (writes === CHANNEL_WRITE ? successEnd(bytes) : 0) : notifyAt(bytes);
      if (at === 0 || releasedMs > 0) {
        write(bytes);
        return;
      }
      stream.write(bytes.subarray(0, at));
      releasedMs = clock.nowMs() + HOLD_MS;
      write(bytes.subarray(at));
    },
    onData: (listener) => stream.onData(listener),
    onEnd: (listener) => stream.onEnd(listener),
    close: () => stream.close(),
    destroy: () => stream.destroy(),
  };
}

function successEnd(bytes: Uint8Array): number {
  const end = SUCCESS_BYTES.header + SUCCESS_BYTES.payloadAndTag + EXTRANONCE_BYTES;
  return bytes.length > end ? end : 0;
}

/** Where the line of mining.notify begins, at the second byte when nothing stands before it; 0 when there is none. */
function notifyAt(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes);
  // The answer to mining.subscribe names it too.
  const at = text.search(/"method": ?"mining.notify"/);
  return at < 0 ? 0 : Math.max(1, text.lastIndexOf("\n", at) + 1);
}
