/**
 * The HTTP interfaces of other firmware: Bitmain's CGI and AxeOS' REST, served on every machine for whoever reads them. What is
 * written through Bitmain's needs the persona's own password; AxeOS knows no login, so nothing can be written through it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Actor, Device } from "../../src/api/device.ts";
import { sameOrigin } from "../../src/api/host-check.ts";
import { Lockout } from "../../src/api/lockout.ts";
import type { Persona } from "../../src/api/status.ts";
import { cgiReaders } from "../../src/compat/antminer/cgi.ts";
import { DigestDoor } from "../../src/compat/antminer/digest.ts";
import { writeMinerConf } from "../../src/compat/antminer/miner-conf.ts";
import { asicInfo, systemInfo } from "../../src/compat/axeos/info.ts";
import { statistics } from "../../src/compat/axeos/statistics.ts";
import { withoutStale } from "../../src/compat/fresh.ts";
import { toJson, type Wire } from "../../src/compat/numerals.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";

/** As long as the machine lets a lamp blink; Bitmain's has no end of its own. */
const BLINK_S = 600;
/** Bitmain's settings are some hundred bytes. */
const MAX_BODY_BYTES = 16_384;

export interface CompatRoutesParts {
  readonly device: Device;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** MD5 of root, realm and the persona's password; null: none is set, so nothing can be written. */
  readonly personaHa1: () => string | null;
  readonly persona: () => Persona;
  /** Whether anybody may look, as `api.publicRead`. */
  readonly publicRead: () => boolean;
}

export function compatRoutes(parts: CompatRoutesParts): (app: FastifyInstance) => void {
  const { device, clock, entropy, persona, personaHa1, publicRead } = parts;
  // Its own: whoever guesses at this weak door must not lock the page.
  const lockout = new Lockout();
  const door = new DigestDoor({
    nowMs: () => clock.nowMs(),
    random: (length) => entropy.randomBytes(length),
    ha1: personaHa1,
  });

  /** Whether the request may go on; answers it where it may not. */
  const enter = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const nowS = clock.nowMs() / 1_000;
    const waitS = lockout.waitS(request.ip, nowS);
    if (waitS > 0) {
      void send(reply.code(429).header("retry-after", Math.ceil(waitS)), {
        stats: "error",
        code: "locked",
        msg: `too many wrong passwords; try again in ${Math.ceil(waitS)} s`,
      });
      return false;
    }
    const { method, url: uri, headers } = request;
    const verdict = door.check({ method, uri, authorization: headers.authorization });
    if (verdict.is === "known") {
      lockout.succeed(request.ip);
      return true;
    }
    if (verdict.tried && personaHa1() !== null) {
      lockout.fail(request.ip, nowS);
      device.audit(actorOf(request), "login-failed", "wrong password of the Antminer interface");
    }
    // The realm is what tools take a machine for an Antminer by, so other machines do not show it.
    if (persona() === "antminer")
      void reply.header("www-authenticate", door.challenge(verdict.stale));
    void send(reply.code(401), {
      stats: "error",
      code: "unauthorized",
      msg:
        personaHa1() === null
          ? "off: no password is set for the Antminer interface"
          : "user root and the password of the Antminer interface are needed",
    });
    return false;
  };

  const mayRead = (request: FastifyRequest, reply: FastifyReply): boolean =>
    publicRead() || enter(request, reply);

  const mayWrite = (request: FastifyRequest, reply: FastifyReply): boolean => {
    if (!isOwnPage(request)) {
      void send(reply.code(403), { stats: "error", code: "origin", msg: "not from another site" });
      return false;
    }
    return enter(request, reply);
  };

  return (app) => {
    for (const [name, read] of Object.entries(cgiReaders))
      app.get(`/cgi-bin/${name}.cgi`, (request, reply) => {
        if (mayRead(request, reply))
          void send(reply, read(withoutStale(device.status()), clock.unixSeconds()));
        return reply;
      });

    void app.register(async (cgi) => {
      // pyasic sends JSON, older tools forms: what it is called does not count, what it is does.
      cgi.removeAllContentTypeParsers();
      cgi.addContentTypeParser(
        "*",
        { parseAs: "string", bodyLimit: MAX_BODY_BYTES },
        (_, body, done) => done(null, parsed(String(body))),
      );
      cgi.post("/cgi-bin/set_miner_conf.cgi", async (request, reply) => {
        if (!mayWrite(request, reply)) return reply;
        const outcome = await writeMinerConf(device, request.body, actorOf(request));
        return outcome.is === "done"
          ? send(reply, { stats: "success", code: "M000", msg: outcome.text })
          : send(reply, { stats: "error", code: "M001", msg: outcome.text });
      });
      cgi.post("/cgi-bin/blink.cgi", async (request, reply) => {
        if (!mayWrite(request, reply)) return reply;
        const { blink } = (request.body ?? {}) as { readonly blink?: unknown };
        const isOn = String(blink) === "true";
        const action = { do: "identify", seconds: isOn ? BLINK_S : 0 } as const;
        const outcome = await device.act(action, actorOf(request));
        if (outcome.is === "refused")
          return send(reply, { stats: "error", code: "B001", msg: outcome.text });
        return send(reply, { code: isOn ? "B000" : "B100" });
      });
      for (const name of ["reset_conf", "set_network_conf", "passwd", "upgrade"])
        cgi.post(`/cgi-bin/${name}.cgi`, (request, reply) => refuseBeyond(request, reply));
    });
    // A GET that acts: any page could make a browser send it.
    app.get("/cgi-bin/reboot.cgi", (request, reply) => refuseBeyond(request, reply));

    app.get("/api/system/info", (request, reply) => readAxeos(request, reply, systemInfo));
    app.get("/api/system/asic", (request, reply) => readAxeos(request, reply, asicInfo));
    app.get<{ Querystring: { columns?: string } }>(
      "/api/system/statistics",
      async (request, reply) => {
        if (!publicRead()) return refuseAxeos(reply);
        const { columns } = request.query;
        return send(
          reply,
          await statistics(device, typeof columns === "string" ? columns : undefined),
        );
      },
    );
    void app.register(async (axeos) => {
      // Refused whatever is sent: nothing of it is read as anything.
      axeos.removeAllContentTypeParsers();
      axeos.addContentTypeParser(
        "*",
        { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES },
        (_, __, done) => done(null, undefined),
      );
      axeos.route({
        method: ["POST", "PUT", "PATCH", "DELETE"],
        url: "/api/system",
        handler: (_, reply) => refuseAxeos(reply),
      });
      axeos.route({
        method: ["POST", "PUT", "PATCH", "DELETE"],
        url: "/api/system/*",
        handler: (_, reply) => refuseAxeos(reply),
      });
    });
  };

  /** Asked for by name, because a fleet tool should hear why rather than that there is no such thing. */
  function refuseBeyond(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if (mayWrite(request, reply))
      void send(reply.code(403), {
        stats: "error",
        code: "forbidden",
        msg: "this interface changes pools, pauses and blinks; everything else is on the page and in /api/v1",
      });
    return reply;
  }

  function readAxeos(
    _: FastifyRequest,
    reply: FastifyReply,
    read: (status: ReturnType<Device["status"]>) => Wire,
  ): FastifyReply {
    return publicRead() ? send(reply, read(device.status())) : refuseAxeos(reply);
  }

  function actorOf({ ip }: FastifyRequest): Actor {
    return { name: `antminer persona ${ip}`, scope: "control" };
  }
}

function refuseAxeos(reply: FastifyReply): FastifyReply {
  return send(reply.code(401), {
    status: "error",
    message: "Unauthorized: this interface has no login; use the page or /api/v1",
  });
}

function send(reply: FastifyReply, body: Wire): FastifyReply {
  return reply
    .header("content-type", "application/json; charset=utf-8")
    .header("cache-control", "no-store")
    .send(toJson(body));
}

/** A browser that knows the password would send it along with what a stranger's page asks for. */
function isOwnPage({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (origin !== undefined && !sameOrigin(origin, host)) return false;
  return site === undefined || site === "same-origin" || site === "none";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Object.fromEntries(new URLSearchParams(text));
  }
}
