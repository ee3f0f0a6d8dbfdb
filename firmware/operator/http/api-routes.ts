/** The table of operations as routes of the server: who may, what was given, what comes back. */
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type AccessDecision, decideAccess } from "../../../src/api/access.ts";
import { checkRequest } from "../../../src/api/check-request.ts";
import { KeyringWiped } from "../../../src/api/keyring.ts";
import type { LiveFeed } from "../../../src/api/live-feed.ts";
import {
  type Answer,
  type Api,
  errorBody,
  type RefusedAnswer,
  type Route,
  refuse,
} from "../../../src/api/route.ts";
import { API_PREFIX, routes, writes } from "../../../src/api/routes.ts";
import type { Logger } from "../../../src/lib/log.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { credentialsOf, sessionCookie, sessionWord } from "./credentials.ts";
import type { LivePlaces } from "./live-places.ts";
import { streamLive } from "./live-stream.ts";
import { SAFE_HEADERS } from "./safe-headers.ts";
import { takeUnread } from "./unread-body.ts";

export interface ApiRoutesOptions {
  readonly api: Api;
  readonly feed: LiveFeed;
  readonly clock: Clock;
  readonly hosts: () => readonly string[];
  readonly isLocal: (request: FastifyRequest) => boolean;
  readonly isTls: boolean;
  readonly log: Logger;
  /** Connections whose request may take as long as it does. */
  readonly patience: WeakSet<Socket>;
  /** Streams that are open, so that whoever closes the server ends them. */
  readonly streams: LivePlaces;
}

type Decided = FastifyRequest & { access?: AccessDecision };

export function addApiRoutes(app: FastifyInstance, options: ApiRoutesOptions): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    const parsed = parseBody(String(text));
    if (parsed.is === "json") done(null, parsed.value);
    else done(Object.assign(new Error(parsed.text), { statusCode: 400 }));
  });
  // Read by the one operation that takes it, piece by piece; all others have refused it before.
  app.addContentTypeParser("application/octet-stream", (request, stream, done) => {
    const { takesFile } = request.routeOptions.config as { readonly takesFile?: boolean };
    if (takesFile === true) done(null, stream);
    else done(Object.assign(new Error("no file is wanted here"), { statusCode: 415 }));
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    send(reply, answerToError(error, options.log)),
  );
  for (const route of routes) addRoute(app, route, options);
}

function addRoute(app: FastifyInstance, route: Route, options: ApiRoutesOptions): void {
  app.route({
    method: route.method,
    url: `${API_PREFIX}${route.path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
    config: { takesFile: route.takesFile === true },
    exposeHeadRoute: route.method === "GET" && route.answers[200]?.contentType === undefined,
    // Before any byte of the body is read: who may not costs nothing.
    onRequest: async (request: Decided, reply) => {
      request.access = decide(route, request, options, true);
      if (request.access.is === "refused") await send(reply, request.access);
    },
    handler: (request: Decided, reply) => handle(route, request, reply, options),
  });
}

/** Who leaves it early still answers on the same connection. */
function wholeOf(body: Readable): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => body.iterator({ destroyOnReturn: false }) };
}

function decide(
  route: Route,
  request: FastifyRequest,
  { api, hosts, isLocal }: ApiRoutesOptions,
  isUse: boolean,
): AccessDecision {
  const { publicRead, sessionHours } = api.settings();
  const { headers, method, raw } = request;
  const fetchSite = headers["sec-fetch-site"];
  return decideAccess({
    access: route.access,
    writes: writes(route),
    setsPassword: route.setsPassword === true,
    method,
    host: headers.host,
    origin: headers.origin,
    fetchSite: Array.isArray(fetchSite) ? fetchSite[0] : fetchSite,
    contentType: headers["content-type"],
    takesFile: route.takesFile === true,
    credentials: isLocal(request)
      ? { is: "local" }
      : credentialsOf(raw, api.keyring, sessionHours, isUse),
    address: request.ip,
    hosts: hosts(),
    publicRead,
    passwordSet: api.keyring.passwordSet,
  });
}

async function handle(
  route: Route,
  request: Decided,
  reply: FastifyReply,
  options: ApiRoutesOptions,
): Promise<unknown> {
  const { api } = options;
  const { access } = request;
  if (access?.is !== "allowed") throw new Error(`${route.path}: reached without a decision`);
  const checked = checkRequest(route, {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string | string[]>,
    body: route.takesFile === true ? undefined : request.body,
  });
  if (checked.is === "refused") return send(reply, checked);
  const { sessionHours } = api.settings();
  const session = sessionWord(request.raw);
  // Node's own deadline is for requests of a few kilobytes; this one has its own.
  if (route.takesFile === true) options.patience.add(request.raw.socket);
  const answer = await route.handle(api, {
    ...checked,
    ...(route.takesFile === true ? { upload: wholeOf(request.body as Readable) } : {}),
    actor: access.actor,
    address: request.ip,
    isLocal: options.isLocal(request),
    session,
    hasSession: session !== undefined && api.keyring.isSession(session, sessionHours),
  });
  if (route.takesFile === true)
    takeUnread(request.body as Readable, request.raw.socket, options.clock);
  if (answer.is === "live") return stream(route, request, reply, options);
  if (answer.is === "json" && answer.session !== undefined)
    reply.header("set-cookie", sessionCookie(answer.session, sessionHours, options.isTls));
  return send(reply, answer);
}

function send(reply: FastifyReply, answer: Exclude<Answer, { is: "live" }>): FastifyReply {
  reply.header("cache-control", "no-store");
  switch (answer.is) {
    case "json":
      return reply.code(answer.status).type("application/json").send(textOf(answer.body));
    case "file":
      return reply
        .type(answer.contentType)
        .header("content-disposition", `attachment; filename="${answer.name}"`)
        .send(Buffer.from(answer.bytes));
    case "refused": {
      const retryAfterS = "retryAfterS" in answer ? answer.retryAfterS : undefined;
      if (retryAfterS !== undefined) reply.header("retry-after", String(retryAfterS));
      if (answer.status === 401) reply.header("www-authenticate", 'Bearer realm="asicd"');
      return reply
        .code(answer.status)
        .type("application/json")
        .send(JSON.stringify(errorBody(answer)));
    }
  }
}

/** What many ask for is one object as long as nothing new is known, and is written out once. */
const texts = new WeakMap<object, Buffer>();

function textOf(body: unknown): Buffer {
  // Only what cannot change under its text: the status says when it was put together.
  const isStatus = typeof body === "object" && body !== null && "measuredAgoS" in body;
  const known = isStatus ? texts.get(body) : undefined;
  if (known !== undefined) return known;
  const text = Buffer.from(JSON.stringify(body));
  if (isStatus) texts.set(body, text);
  return text;
}

function stream(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ApiRoutesOptions,
): FastifyReply {
  const { feed, clock, streams } = options;
  const { ip } = request;
  const full = streams.makeRoom(ip);
  if (full !== undefined) return send(reply, { ...refuse(503, "too-many", full), retryAfterS: 10 });
  reply.hijack();
  const lastEventId = request.headers["last-event-id"];
  const open = streamLive(reply.raw, {
    feed,
    clock,
    lastEventId: Array.isArray(lastEventId) ? lastEventId[0] : lastEventId,
    headers: SAFE_HEADERS,
    mayListen: () => decide(route, request, options, false).is === "allowed",
  });
  streams.add(ip, open);
  reply.raw.once("close", () => streams.delete(open));
  return reply;
}

function parseBody(
  text: string,
):
  | { readonly is: "json"; readonly value: unknown }
  | { readonly is: "bad"; readonly text: string } {
  if (text === "") return { is: "json", value: undefined };
  try {
    // Such a key would reach what all objects share.
    const value: unknown = JSON.parse(text, (key, child: unknown) => {
      if (key === "__proto__") throw new SyntaxError("a key is called __proto__");
      return child;
    });
    return { is: "json", value };
  } catch (error) {
    // The reason quotes the text, which may hold a password.
    const where = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const at = where === undefined ? "" : ` (at character ${where})`;
    return { is: "bad", text: `The body is no JSON${at}` };
  }
}

const RESTARTING = "Everything was reset, and asicd is about to start again; then set a password";

const STORAGE_ERRORS = new Set(["ENOSPC", "EROFS", "EIO", "EACCES", "EPERM", "EDQUOT", "ENOENT"]);

function answerToError(
  error: Error & { readonly statusCode?: number; readonly code?: string },
  log: Logger,
): RefusedAnswer {
  if (error.statusCode === 413)
    return refuse(413, "too-large", "The body is too large; 256 kB are allowed");
  if (error.statusCode === 415)
    return refuse(415, "not-json", "Content-Type must be application/json");
  if (error.statusCode !== undefined && error.statusCode < 500)
    return refuse(400, "invalid-request", error.message);
  if (error instanceof KeyringWiped) return refuse(503, "restarting", RESTARTING);
  if (STORAGE_ERRORS.has(error.code ?? "")) {
    log.error({ code: error.code }, "cannot write to the state directory");
    return refuse(503, "not-saved", `The state directory cannot be written (${error.code})`);
  }
  log.error({ err: error }, "bug while answering a request");
  return refuse(500, "bug", "This is a fault of asicd; the log says more");
}
