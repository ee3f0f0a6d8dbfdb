/** The pool's figures for other programs: a small JSON endpoint over HTTP, meant for this machine. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { SimulatedPool } from "./pool.ts";

/** Rows of one answer; more are asked for by `start`. */
const MAX_ROWS = 1_000;
const MAX_CONNECTIONS = 32;
/** Nobody's request takes longer than this to arrive. */
const REQUEST_WITHIN_MS = 5_000;
const LOOP_RESOLUTION_MS = 10;
const ROUTES = "/ (totals), /devices and /users (both with ?start=N&count=N)";

export interface StatsServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects with the system's error when the port cannot be had. */
export function serveStats(pool: SimulatedPool, host: string, port: number): Promise<StatsServer> {
  const startedMs = Date.now();
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  const server = createServer((request, response) => {
    response.setHeader("connection", "close");
    if (request.method !== "GET") {
      answer(response, 405, { error: `method ${request.method}`, allowed: "GET" });
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://pool");
    const rows = rowsOf(pool, pathname, searchParams);
    if (rows !== undefined) answer(response, 200, rows);
    else if (pathname === "/") answer(response, 200, totals(pool, startedMs, loopDelay));
    else answer(response, 404, { error: `nothing at ${pathname}`, allowed: ROUTES });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.headersTimeout = REQUEST_WITHIN_MS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const { port: own } = server.address() as AddressInfo;
      resolve({
        port: own,
        url: `http://${host.includes(":") ? `[${host}]` : host}:${own}/`,
        close: () =>
          new Promise((closed) => {
            loopDelay.disable();
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

/** How late the event loop was since the figures were last asked for: what a share may have to wait. */
function totals(pool: SimulatedPool, startedMs: number, loopDelay: IntervalHistogram): object {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const lateMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS);
  const eventLoop = {
    p99Ms: lateMs(loopDelay.percentile(99)),
    maxMs: lateMs(loopDelay.max),
  };
  loopDelay.reset();
  return {
    ...pool.totals(),
    users: pool.users().length,
    upS: Math.floor((Date.now() - startedMs) / 1_000),
    processorS: (user + system) / 1e6,
    eventLoop,
    memory: { rssBytes: rss, heapUsedBytes: heapUsed },
  };
}

function rowsOf(pool: SimulatedPool, pathname: string, query: URLSearchParams): object | undefined {
  const start = wholeNumber(query.get("start"), 0, Number.MAX_SAFE_INTEGER);
  const count = wholeNumber(query.get("count"), MAX_ROWS, MAX_ROWS);
  if (pathname === "/devices")
    return { start, total: pool.totals().openConnections, devices: pool.devices(start, count) };
  if (pathname !== "/users") return undefined;
  const users = pool.users();
  return { start, total: users.length, users: users.slice(start, start + count) };
}

/** What is no whole number counts as not given. */
function wholeNumber(text: string | null, fallback: number, max: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Math.min(Number(text), max) : fallback;
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(body)}\n`);
}
