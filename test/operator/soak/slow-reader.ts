/** A live stream to somebody far away, who takes less than is told: the machine may cut it off, and must not mind. */
import { connect, type Socket } from "node:net";
import type { Tally } from "./tally.ts";

/** A quarter of what a machine with three boards tells. */
const BYTES_PER_S = 1_024;
const COMES_BACK_AFTER_MS = 2_000;
const KIND = "live, slow reader";
/** No failure: this is what the machine promises to do. */
const CUT_OFF = "live, slow reader cut off";

/** Reads, and comes back when it is cut off, until disposed of. */
export function readSlowly(url: string, tally: Tally): Disposable {
  const { hostname, port, host } = new URL(url);
  let socket: Socket | undefined;
  let isOpen = true;
  let comesBack: NodeJS.Timeout | undefined;
  const open = () => {
    const reader = connect(Number(port), hostname);
    socket = reader;
    // Nothing flows until it is asked for.
    reader.pause();
    reader.write(`GET /api/v1/live HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    let status: string | undefined;
    const timer = setInterval(() => {
      const part = (reader.read(BYTES_PER_S) ?? reader.read()) as Buffer | null;
      if (part === null || status !== undefined) return;
      status = /^HTTP\/1\.1 (\d{3})/.exec(part.toString("latin1"))?.[1] ?? "no HTTP";
      if (status === "200") tally.add(KIND);
      else tally.fail(KIND, `GET /api/v1/live: ${status}`);
    }, 1_000);
    // A cut is a reset, and both events come.
    reader.once("error", () => {});
    reader.once("close", () => {
      clearInterval(timer);
      if (!isOpen) return;
      tally.add(CUT_OFF);
      comesBack = setTimeout(open, COMES_BACK_AFTER_MS);
    });
  };
  open();
  return {
    [Symbol.dispose]() {
      isOpen = false;
      clearTimeout(comesBack);
      socket?.destroy();
    },
  };
}
