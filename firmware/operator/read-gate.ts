/** Before what is read like the status, and is no part of the API: who may. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Keyring } from "../../src/api/keyring.ts";
import type { ApiConfig } from "../../src/config/operator-schema.ts";
import { credentialsOf } from "./http/credentials.ts";

export function readGate(
  keyring: Keyring,
  api: () => Pick<ApiConfig, "publicRead" | "sessionHours">,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    const { publicRead, sessionHours } = api();
    if (publicRead) return undefined;
    const { is } = credentialsOf(request.raw, keyring, sessionHours, false);
    if (is === "session" || is === "token") return undefined;
    return reply.code(401).type("text/plain").send("a login or a token is needed to read this\n");
  };
}
