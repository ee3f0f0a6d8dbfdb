/**
 * The floor: a bare Node process that reads as many bytes from TCP as a block has and writes one 88-byte frame to each of N
 * PTYs, with the same call as the program; and that reads as many bytes from a PTY as a nonce has and writes as many to TCP
 * as a share has. Nothing that moves the same bytes on Node can be faster.
 */
import { connect } from "node:net";
import { openUart } from "../../drivers/linux/uart.ts";
import { sealedFrameBytes } from "../../src/noise/secure-frames.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { serve } from "./child.ts";
import { TAG_AT } from "./chip-end.ts";
import { setThreadPool } from "./thread-pool.ts";

const FRAME_BYTES = 88;
const NONCE_BYTES = 11;
/** A sealed SubmitSharesStandard. */
export const SHARE_BYTES = sealedFrameBytes(24);

export interface StartFloor {
  readonly uarts: readonly string[];
  readonly port: number;
  readonly baudRate: number;
}

let expectedBytes = 0;
let receivedBytes = 0;

const tasks = {
  async start({ uarts: paths, port, baudRate }: StartFloor): Promise<void> {
    const uarts = await Promise.all(paths.map((path) => openUart(path, baudRate)));
    const frames = uarts.map(() => Uint8Array.from({ length: FRAME_BYTES }, frameByte));
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.on("data", (chunk) => {
      receivedBytes += chunk.length;
      if (receivedBytes < expectedBytes) return;
      receivedBytes = 0;
      writeAll(uarts, frames, chunk);
    });
    const share = new Uint8Array(SHARE_BYTES);
    for (const uart of uarts) {
      let heldBytes = 0;
      uart.onReceive((chunk) => {
        for (heldBytes += chunk.length; heldBytes >= NONCE_BYTES; heldBytes -= NONCE_BYTES)
          socket.write(share);
      });
    }
    await new Promise((resolve) => socket.once("connect", resolve));
  },
  expect(bytes: number): void {
    expectedBytes = bytes;
  },
  setThreadPool,
};

export type FloorTasks = typeof tasks;

/** A frame that the far end takes for a job. */
function frameByte(_: unknown, i: number): number {
  return [0x55, 0xaa, 0x21, 0x36][i] ?? 0;
}

/** The first word of the segment goes where the far end looks for the block's number. */
function writeAll(
  uarts: readonly Uart[],
  frames: readonly Uint8Array[],
  segment: Uint8Array,
): void {
  for (let i = 0; i < uarts.length; i++) {
    const frame = frames[i] as Uint8Array;
    for (let at = 0; at < 4; at++) frame[TAG_AT + at] = segment[at] as number;
    uarts[i]?.send(frame);
  }
}

export function runFloor(): void {
  serve(tasks);
}
