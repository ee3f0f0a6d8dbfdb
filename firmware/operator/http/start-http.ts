/** The server of page and API: one application behind any number of sockets. */
import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Fastify from "fastify";
import type { Device } from "../../../src/api/device.ts";
import { decideHost, knownHosts } from "../../../src/api/host-check.ts";
import type { Keyring } from "../../../src/api/keyring.ts";
import { LiveFeed } from "../../../src/api/live-feed.ts";
import type { LogReader } from "../../../src/api/log-lines.ts";
import { openApiDocument } from "../../../src/api/openapi.ts";
import type { PoolTester } from "../../../src/api/pool-test.ts";
import { type Rate, RateLimit } from "../../../src/api/rate-limit.ts";
import { type Api, errorBody } from "../../../src/api/route.ts";
import { API_PREFIX, routes } from "../../../src/api/routes.ts";
import type { SupportBundle } from "../../../src/api/support-files.ts";
import type { UpdateReceiver } from "../../../src/api/update-receiver.ts";
import type { ApiConfig } from "../../../src/config/operator-schema.ts";
import { toHex } from "../../../src/lib/bytes.ts";
import type { Logger } from "../../../src/lib/log.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Entropy } from "../../../src/ports/entropy.ts";
import { UpdateError } from "../../../src/update/update-error.ts";
import { addApiRoutes } from "./api-routes.ts";
import type { ConnectionBounds } from "./connection-bound.ts";
import { openListeners } from "./listeners.ts";
import { type LiveBounds, LivePlaces } from "./live-places.ts";
import { type PageFile, readPageFiles } from "./page-files.ts";
import { SAFE_HEADERS } from "./safe-headers.ts";
import type { TlsMaterial } from "./tls.ts";

/** A configuration with sixteen pools is some 10 kB. */
const MAX_BODY_BYTES = 256 * 1024;

export interface HttpLimits {
  readonly requests: Rate;
  readonly writes: Rate;
  readonly connections: ConnectionBounds;
  readonly live: LiveBounds;
  /** Of Node's server; for tests of slow clients. */
  readonly times?: ServerOptions;
}

/**
 * Fifty dashboards behind one address, each once a second, and as much again; live, browsers of a household and of a wall.
 * This machine itself may be a proxy, behind which all come from one address.
 */
export const HTTP_LIMITS: HttpLimits = {
  requests: { perSecond: 100, burst: 400 },
  writes: { perSecond: 10, burst: 60 },
  connections: { ofAll: 512, ofOne: 64, ofLoopback: 128 },
  live: { ofAll: 64, ofOne: 8, ofLoopback: 32 },
};

/** Others count as one. History is read from files and is hundreds of kilobytes. */
const COSTS: Readonly<Record<string, number>> = { [`${API_PREFIX}/history`]: 10 };

export interface HttpOptions {
  readonly device: Device;
  readonly keyring: Keyring;
  /** In force now. */
  readonly config: () => {
    readonly name: string;
    readonly api: Pick<ApiConfig, "hosts" | "publicRead" | "sessionHours">;
  };
  readonly hostname: string;
  readonly version: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** "HOST:PORT", IPv6 in brackets. */
  readonly listen: readonly string[];
  readonly unixSocket?: string;
  readonly tls?: TlsMaterial;
  /** Folder of the built page; absent or empty: a line that says so. */
  readonly uiFolder?: string;
  /** HTML for the head of the index, e.g. what an interface for other tools needs there. */
  readonly pageHead?: string;
  readonly logs: LogReader;
  readonly testPool: PoolTester;
  readonly bundle: SupportBundle;
  /** Absent where there is nothing to update. */
  readonly receiveUpdate?: UpdateReceiver;
  readonly log: Logger;
  /** Routes of others (metrics, interfaces of other firmware), each in a scope of its own. */
  readonly extraRoutes?: readonly ((app: FastifyInstance) => void)[];
  readonly limits?: HttpLimits;
}

export interface HttpServer {
  /** URLs; the Unix socket as "unix:PATH". */
  readonly addresses: readonly string[];
  /** Addresses that could not be opened, with the reason. */
  readonly problems: readonly string[];
  readonly connectionCount: number;
  close(): Promise<void>;
}

const refuseUpdates: UpdateReceiver = () =>
  Promise.resolve({
    is: "refused",
    error: new UpdateError("no-slots", { path: "update", problem: "nothing here can be replaced" }),
  });

/** Rejects with the system's error when the page's files cannot be read. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { device, keyring, config, hostname, version, clock, entropy, log, tls } = options;
  const { limits = HTTP_LIMITS } = options;
  const feed = new LiveFeed(device, clock, toHex(entropy.randomBytes(6)));
  const streams = new LivePlaces(limits.live);
  const files = await readPageFiles(options.uiFolder, options.pageHead ?? "");
  const document = openApiDocument(routes, version);
  const api: Api = {
    device,
    keyring,
    clock,
    settings: () => config().api,
    logs: options.logs,
    testPool: options.testPool,
    bundle: options.bundle,
    receiveUpdate: options.receiveUpdate ?? refuseUpdates,
    document: () => document,
  };
  const hosts = () => knownHosts(hostname, config().name, config().api.hosts);
  const patience = new WeakSet<Socket>();
  let isLocalSocket = (_request: IncomingMessage): boolean => false;
  const isLocal = (request: FastifyRequest) => isLocalSocket(request.raw);

  let handler: RequestListener | undefined;
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: false,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    // Its sockets are opened below, several for one application.
    serverFactory: (given) => {
      handler = given as RequestListener;
      return createServer(handler);
    },
    frameworkErrors: (_error, request, reply) => {
      void notFound(request, reply, 400);
    },
  });
  addGate(app, { hosts, isLocal, limits, clock });
  await app.register((scope, _options, done) => {
    addApiRoutes(scope, {
      api,
      feed,
      clock,
      hosts,
      isLocal,
      isTls: tls !== undefined,
      log,
      patience,
      streams,
    });
    done();
  });
  for (const [path, file] of files)
    app.get(path, (request, reply) => sendFile(request, reply, file));
  for (const extra of options.extraRoutes ?? [])
    await app.register((scope, _options, done) => {
      extra(scope);
      done();
    });
  app.setNotFoundHandler((request, reply) => notFound(request, reply, 404));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) log.error({ err: error, url: request.url }, "bug while answering");
    return reply
      .code(statusCode)
      .type("text/plain")
      .send(statusCode < 500 ? "bad request\n" : "bug\n");
  });
  await app.ready();
  const listeners = await openListeners(
    (request: IncomingMessage, response: ServerResponse) => handler?.(request, response),
    {
      listen: options.listen,
      unixSocket: options.unixSocket,
      tls,
      patience,
      bounds: limits.connections,
      ...(limits.times === undefined ? {} : { times: limits.times }),
      clock,
      log,
    },
  );
  isLocalSocket = ({ socket }) => listeners.isLocal(socket);

  return {
    addresses: listeners.addresses,
    problems: listeners.problems,
    get connectionCount() {
      return listeners.connectionCount;
    },
    async close() {
      streams[Symbol.dispose]();
      feed[Symbol.dispose]();
      await listeners.close();
      await app.close();
    },
  };
}

interface Gate {
  readonly hosts: () => readonly string[];
  readonly isLocal: (request: FastifyRequest) => boolean;
  readonly limits: HttpLimits;
  readonly clock: Pick<Clock, "nowMs">;
}

/** For every path, ours or not: how often, and under which name. */
function addGate(app: FastifyInstance, { hosts, isLocal, limits, clock }: Gate): void {
  const requests = new RateLimit(limits.requests);
  const changes = new RateLimit(limits.writes);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SAFE_HEADERS);
    if (isLocal(request)) return request.is404 ? notFound(request, reply, 404) : undefined;
    const nowS = clock.nowMs() / 1_000;
    const isWrite = request.method !== "GET" && request.method !== "HEAD";
    const cost = COSTS[request.routeOptions.url ?? ""];
    const waitS =
      requests.take(request.ip, nowS, cost) || (isWrite ? changes.take(request.ip, nowS) : 0);
    if (waitS > 0) {
      reply.header("retry-after", String(Math.ceil(waitS)));
      return refuseAny(request, reply, 429, "too-many", "Too many requests of this address");
    }
    const refused = decideHost(request.headers.host, hosts());
    if (refused !== undefined)
      return refuseAny(request, reply, refused.status, refused.code, refused.text);
    // Before the body of what is nowhere is read.
    return request.is404 ? notFound(request, reply, 404) : undefined;
  });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply
    .header("etag", file.etag)
    .header("cache-control", file.cacheControl)
    .header("vary", "accept-encoding")
    .type(file.contentType);
  if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
  const takesGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
  if (!takesGzip || file.gzip === undefined) return reply.send(viewOf(file.bytes));
  return reply.header("content-encoding", "gzip").send(viewOf(file.gzip));
}

/** Without a copy for everybody who asks. */
function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Outside the API never JSON: tools that look for other firmware would take it for theirs. */
function notFound(request: FastifyRequest, reply: FastifyReply, status: 400 | 404): FastifyReply {
  const allowed = methodsOf(request.url);
  if (allowed.length > 0 && status === 404) {
    reply.header("allow", allowed.join(", "));
    const text = `${allowed.join(", ")} can be done here`;
    return refuseAny(request, reply, 405, "method-not-allowed", text);
  }
  const text = status === 404 ? "There is nothing here" : "This is no address";
  return refuseAny(request, reply, status, status === 404 ? "not-found" : "invalid-request", text);
}

function refuseAny(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  code: string,
  text: string,
): FastifyReply {
  reply.code(status).header("cache-control", "no-store");
  if (!request.url.startsWith("/api/")) return reply.type("text/plain").send(`${text}\n`);
  return reply.type("application/json").send(JSON.stringify(errorBody({ code, text })));
}

const PATTERNS = routes.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${API_PREFIX}${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
}));

/** What the API can do at this path. */
function methodsOf(url: string): readonly string[] {
  const [path = ""] = url.split("?", 1);
  return [
    ...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
  ];
}
