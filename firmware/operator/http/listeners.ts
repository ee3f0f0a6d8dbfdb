/** The sockets of the server: every address that the operator chose, and the Unix socket of the command line. */
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "../../../src/lib/log.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { ConnectionBound, type ConnectionBounds } from "./connection-bound.ts";
import { type LocalSocket, openLocalSocket } from "./local-socket.ts";
import type { TlsMaterial } from "./tls.ts";

/** A request that is sent slowly on purpose gets no longer than an honest one over a bad network. */
const TIMES: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
};
const TLS_HANDSHAKE_MS = 10_000;
/** A port that another program has now may be free after its restart. */
const RETRY_MS = 30_000;

export interface ListenOptions {
  /** "HOST:PORT", IPv6 in brackets; port 0: any. */
  readonly listen: readonly string[];
  readonly unixSocket: string | undefined;
  readonly tls: TlsMaterial | undefined;
  readonly bounds: ConnectionBounds;
  /** Connections on which a request may take longer than others. */
  readonly patience?: WeakSet<Socket>;
  /** For tests of slow clients. */
  readonly times?: ServerOptions;
  readonly clock: Pick<Clock, "after">;
  readonly log: Logger;
}

export interface Listeners {
  /** URLs under which it listens; grows when a port that was taken is free. */
  readonly addresses: readonly string[];
  /** Addresses that could not be opened, with the reason; a port that was taken is tried again. */
  readonly problems: readonly string[];
  readonly connectionCount: number;
  isLocal(socket: Socket): boolean;
  close(): Promise<void>;
}

/** An address that cannot be opened is a problem of that one alone; one that is taken is tried again. */
export async function openListeners(
  handler: RequestListener,
  options: ListenOptions,
): Promise<Listeners> {
  const { listen, unixSocket, tls, bounds, times, clock, log, patience } = options;
  const bound = new ConnectionBound(bounds);
  const locals = new ConnectionBound(bounds);
  const localSockets = new WeakSet<Socket>();
  const servers: Server[] = [];
  const addresses: string[] = [];
  const problems: string[] = [];
  let isClosed = false;

  const openTcp = async (text: string): Promise<string> => {
    const server =
      tls === undefined
        ? createServer({ ...TIMES, ...times }, handler)
        : createTlsServer(
            {
              ...TIMES,
              ...times,
              ...tls,
              minVersion: "TLSv1.2",
              handshakeTimeout: TLS_HANDSHAKE_MS,
            },
            handler,
          );
    // A backstop for what has not come so far as to be counted.
    server.maxConnections = 4 * bounds.ofAll;
    bound.watch(server);
    hardened(server, patience);
    const { host, port } = splitListen(text);
    await listening(server, () => server.listen({ host, port }));
    if (isClosed) server.close();
    else servers.push(server);
    const open = server.address() as AddressInfo | null;
    return `${tls === undefined ? "http" : "https"}://${text.replace(/:\d+$/, `:${open?.port}`)}`;
  };

  const waiting = new Map<string, string>();
  let retry: Disposable | undefined;
  const planRetry = () => {
    if (waiting.size > 0 && !isClosed) retry = clock.after(RETRY_MS, () => void tryAgain());
  };
  const tryAgain = async () => {
    for (const [text, before] of waiting) {
      const tried = await attempted(text, () => openTcp(text));
      if (isClosed) return;
      if ("problem" in tried && tried.problem === before) continue;
      problems.splice(problems.indexOf(before), 1);
      if ("problem" in tried) {
        problems.push(tried.problem);
        waiting.set(text, tried.problem);
        log.error({ address: text, problem: tried.problem }, "still cannot listen");
      } else {
        waiting.delete(text);
        addresses.push(tried.address);
        log.info({ address: tried.address }, "listens now");
      }
    }
    planRetry();
  };

  const take = (text: string, tried: Tried) => {
    if ("address" in tried) addresses.push(tried.address);
    else {
      problems.push(tried.problem);
      log.error({ address: text, problem: tried.problem }, "cannot listen");
    }
  };
  let socket: LocalSocket | undefined;
  // First, as nobody may be served before all are open: to ask who is there takes time, to open does not.
  const local =
    unixSocket === undefined
      ? undefined
      : await attempted(unixSocket, async () => {
          const server = createServer({ ...TIMES, ...times }, handler);
          server.on("connection", (one) => localSockets.add(one));
          locals.watch(server);
          hardened(server, patience);
          socket = await openLocalSocket(unixSocket, server, listening);
          servers.push(server);
          return `unix:${unixSocket}`;
        });
  for (const text of listen) {
    const tried = await attempted(text, () => openTcp(text));
    take(text, tried);
    if ("problem" in tried && tried.code === "EADDRINUSE") waiting.set(text, tried.problem);
  }
  if (unixSocket !== undefined && local !== undefined) take(unixSocket, local);
  planRetry();

  return {
    addresses,
    problems,
    get connectionCount() {
      return bound.count + locals.count;
    },
    isLocal: (one) => localSockets.has(one),
    async close() {
      isClosed = true;
      retry?.[Symbol.dispose]();
      socket?.remove();
      const closed = servers.map(
        (server) => new Promise<void>((resolve) => server.close(() => resolve())),
      );
      bound.destroyAll();
      locals.destroyAll();
      await Promise.all(closed);
    },
  };
}

type Tried =
  | { readonly address: string }
  | { readonly problem: string; readonly code: string | undefined };

async function attempted(name: string, open: () => Promise<string>): Promise<Tried> {
  try {
    return { address: await open() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const { code } = error as NodeJS.ErrnoException;
    return { problem: `${name}: ${reason}`, code };
  }
}

/** "[::1]:80" as its parts. */
function splitListen(text: string): { readonly host: string; readonly port: number } {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      // What happens to one connection later is not the server's end.
      server.on("error", () => {});
      resolve();
    });
    listen();
  });
}

/** Bytes that are no HTTP are answered with as little as possible. */
function hardened(server: Server, patience: WeakSet<Socket> | undefined): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && patience?.has(socket as Socket)) return;
    const status =
      error.code === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? "408 Request Timeout"
          : "400 Bad Request";
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  // Nothing here speaks another protocol.
  server.on("upgrade", (_request, socket) => socket.destroy());
  server.on("connect", (_request, socket) => socket.destroy());
}
