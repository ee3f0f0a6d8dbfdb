/** A pool that does nothing but shake hands, in a process of its own: its arithmetic must not hold up the stopwatch. */
import { listen } from "../../firmware/platform/tcp-listener.ts";
import { ServerConnection } from "../support/scripted-server.ts";
import { serve } from "./child.ts";

const tasks = {
  /** Resolves with the port. */
  async listen(_: undefined): Promise<number> {
    const listener = await listen("127.0.0.1", 0, (stream) => {
      const connection = new ServerConnection(stream, {
        unixSeconds: Math.floor(Date.now() / 1_000),
      });
      connection.serve();
    });
    return listener.port;
  },
};

export type PeerTasks = typeof tasks;

export function runPeer(): void {
  serve(tasks);
}
