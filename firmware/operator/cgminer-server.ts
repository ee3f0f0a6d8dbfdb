/**
 * The cgminer API on TCP: one request, one answer, and the end of the connection. Nobody here has proven who they are, so
 * everything is bounded: callers at a time, bytes, and the time that each step may take.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Device } from "../../src/api/device.ts";
import { type Access, accessOf } from "../../src/compat/cgminer/access.ts";
import { answerNonsense, answerRequest } from "../../src/compat/cgminer/answer.ts";
import { type Heard, RequestReader } from "../../src/compat/cgminer/request.ts";
import { ZeroMark } from "../../src/compat/cgminer/zero.ts";
import type { CompatConfig } from "../../src/config/operator-schema.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** cgminer's own backlog is 100; a fleet tool opens a handful. */
const MAX_CALLERS = 128;
/** From connecting to the last byte of a request: a byte a second is no request. */
const REQUEST_WITHIN_MS = 5_000;
/** Text has no end of its own: after so much silence it is whole. */
const TEXT_ENDS_AFTER_MS = 100;
/** A caller that does not read is left alone. */
const READ_WITHIN_MS = 5_000;
/** The device answers within 20 s, or says that it did not. */
const ANSWER_WITHIN_MS = 25_000;

const NO_PASSWORD =
  "nothing can be changed before a password is set, on the page or by asicd passwd";

export interface CgminerServerParts {
  readonly device: Device;
  /** Asked for each caller: who may read and write changes without a restart. */
  readonly config: () => CompatConfig["cgminer"];
  readonly clock: Clock;
  readonly log: Logger;
  /** Where a port is taken, any free one instead: of simulations several may run beside each other. */
  readonly mayMovePort?: boolean;
  /** Until then nothing may be written; absent: there is no page on which one could be set. */
  readonly passwordSet?: () => boolean;
  /** As `api.publicRead`; absent: yes. Without it only who may write may read. */
  readonly publicRead?: () => boolean;
}

export interface CgminerServer {
  /** Where it listens; an address that could not be had is logged and left out. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export async function startCgminer(parts: CgminerServerParts): Promise<CgminerServer> {
  const { enabled, listen } = parts.config();
  const servers: Server[] = [];
  const callers = new Set<Socket>();
  const zero = new ZeroMark();
  const addresses: string[] = [];
  for (const address of enabled ? listen : []) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      welcome(socket, callers, zero, parts);
    });
    try {
      addresses.push(await listenOn(server, address, parts.mayMovePort === true));
      servers.push(server);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      parts.log.error({ address, reason }, "cgminer API cannot listen");
    }
  }
  return {
    addresses,
    async close() {
      const closed = servers.map((server) => new Promise((done) => server.close(done)));
      for (const socket of callers) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** Resolves with HOST:PORT as bound. */
function listenOn(server: Server, address: string, mayMovePort: boolean): Promise<string> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => {
      if (!mayMovePort || error.code !== "EADDRINUSE") return reject(error);
      server.once("error", reject);
      server.listen({ host, port: 0, backlog: MAX_CALLERS });
    };
    server.once("error", refuse);
    server.listen({ host, port: Number(address.slice(at + 1)), backlog: MAX_CALLERS });
    server.once("listening", () => {
      server.removeAllListeners("error");
      // Too many open files, for one: the next caller is tried again.
      server.on("error", () => undefined);
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : 0;
      resolve(`${address.slice(0, at)}:${port}`);
    });
  });
}

function welcome(
  socket: Socket,
  callers: Set<Socket>,
  zero: ZeroMark,
  parts: CgminerServerParts,
): void {
  const { device, config, clock, log, passwordSet = () => true, publicRead = () => true } = parts;
  socket.on("error", () => socket.destroy());
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/i, "");
  const access: Access = accessOf(address, config());
  if (access === "none" || (access === "read" && !publicRead())) {
    // Not a byte, as cgminer does it: whoever is not meant learns nothing.
    socket.destroy();
    return;
  }
  callers.add(socket);
  // Whoever has been here longest has had the most time: idle connections must not keep others out.
  for (const oldest of callers) {
    if (callers.size <= MAX_CALLERS) break;
    callers.delete(oldest);
    oldest.destroy();
  }
  const reader = new RequestReader();
  let timer = clock.after(REQUEST_WITHIN_MS, () => socket.destroy());
  let quiet: Disposable | undefined;
  const within = (durationMs: number) => {
    timer[Symbol.dispose]();
    timer = clock.after(durationMs, () => socket.destroy());
  };
  const onData = (chunk: Uint8Array) => {
    quiet?.[Symbol.dispose]();
    const heard = reader.push(chunk);
    take(heard);
    if (heard.is === "more" && reader.mayBeWhole)
      quiet = clock.after(TEXT_ENDS_AFTER_MS, () => take(reader.end()));
  };
  const take = (heard: Heard) => {
    if (heard.is === "more" || socket.destroyed) return;
    quiet?.[Symbol.dispose]();
    socket.off("data", onData);
    socket.off("end", onEnd);
    // What else comes is not for us; without a reader the socket would never see its end.
    socket.resume();
    if (heard.is === "too-long") {
      socket.destroy();
      return;
    }
    within(ANSWER_WITHIN_MS);
    void reply(heard).then(finish, (error: unknown) => {
      log.error({ reason: String(error) }, "cgminer API failed to answer");
      socket.destroy();
    });
  };
  const reply = (heard: Exclude<Heard, { is: "more" | "too-long" }>): Promise<string> => {
    const now = { device, zero, unixSeconds: clock.unixSeconds() };
    switch (heard.is) {
      case "request":
        return answerRequest(
          heard.request,
          { address, access, noWrites: passwordSet() ? undefined : NO_PASSWORD },
          now,
        );
      case "bad-json":
        return Promise.resolve(answerNonsense(23, now));
      case "no-command":
        return Promise.resolve(answerNonsense(24, now));
    }
  };
  const finish = (text: string) => {
    // Closing at once could throw away, with bytes of theirs still unread, what they have not read of ours (TCP's reset).
    within(READ_WITHIN_MS);
    socket.end(`${text}\0`);
  };
  const onEnd = () => {
    const heard = reader.end();
    if (heard.is === "more") socket.destroy();
    else take(heard);
  };
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.on("close", () => {
    callers.delete(socket);
    timer[Symbol.dispose]();
    quiet?.[Symbol.dispose]();
  });
}
