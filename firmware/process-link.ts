/** The channel between two processes as a link: Node's IPC, which never blocks and is gone when either side is. */
import type { ChildProcess } from "node:child_process";
import type { Link } from "../src/control/guard-link.ts";
import { Signal } from "../src/lib/signal.ts";

/** Messages that the other side has not taken; more are dropped, as only the newest count. */
const MOST_WAITING = 200;

/** The end of whoever started the child. */
export function linkToChild<Out extends object, In>(child: ChildProcess): Link<Out, In> {
  return linkOver(child as unknown as Channel);
}

/** The child's end. Throws Error when the process was started by hand. */
export function linkToParent<Out extends object, In>(): Link<Out, In> {
  if (process.send === undefined)
    throw new Error("this program is started by asicd, never by hand");
  return linkOver(process as unknown as Channel);
}

interface Channel {
  readonly connected: boolean;
  send(message: object, done: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
}

function linkOver<Out extends object, In>(channel: Channel): Link<Out, In> {
  const messages = new Signal<In>();
  const closed = new Signal<undefined>();
  let waiting = 0;
  let isClosed = !channel.connected;
  channel.on("message", (message) => {
    if (!isClosed) messages.emit(message as In);
  });
  channel.once("disconnect", () => {
    isClosed = true;
    closed.emit(undefined);
  });
  return {
    send(message) {
      if (isClosed || !channel.connected || waiting >= MOST_WAITING) return;
      waiting++;
      try {
        channel.send(message, () => {
          waiting--;
        });
      } catch {
        // The other side went away between the question and the call; "disconnect" tells.
        waiting--;
      }
    },
    onMessage: (listener) => messages.on(listener),
    onClosed(listener) {
      // Whoever listens late hears it all the same, and not from inside the call.
      if (isClosed) queueMicrotask(() => listener());
      return closed.on(listener);
    },
  };
}
