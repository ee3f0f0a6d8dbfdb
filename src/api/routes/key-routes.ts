/** Login, password, tokens. */
import Type from "typebox";
import type { PasswordCheck } from "../keyring.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, passwordProblem } from "../passwords.ts";
import {
  type Answer,
  type Api,
  json,
  type RefusedAnswer,
  type Route,
  type RouteRequest,
  refuse,
  route,
} from "../route.ts";

const closed = { additionalProperties: false } as const;
const topic = "Login and tokens";
const scope = Type.Enum(["read", "control", "admin"]);
const maybeTime = (description: string) =>
  Type.Union([Type.Number({ unit: "s" }), Type.Null()], { description });

/** Any text: what is wrong with it is said without repeating it. */
const password = (description: string) =>
  Type.String({ maxLength: 4 * MAX_PASSWORD_LENGTH, secret: true, description });

const newPassword = (description: string) =>
  Type.String({
    minLength: MIN_PASSWORD_LENGTH,
    maxLength: MAX_PASSWORD_LENGTH,
    secret: true,
    description,
  });

const sessionSchema = Type.Object(
  {
    loggedIn: Type.Boolean(),
    scope: Type.Union([scope, Type.Null()], {
      description: "What this caller may do; null: nothing at all before a login",
    }),
    passwordSet: Type.Boolean({ description: "false: set one, nothing else can be changed" }),
    publicRead: Type.Boolean({ description: "Status is readable without login" }),
    name: Type.String({ description: "What the machine is called" }),
  },
  closed,
);

const tokenFields = {
  id: Type.String(),
  name: Type.String(),
  scope,
  createdUnixSeconds: Type.Number({ unit: "s" }),
  expiresUnixSeconds: maybeTime("null: never"),
};

export const keyRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/session",
    topic,
    access: "open",
    summary: "Who this caller is to the machine",
    answers: { 200: { description: "The login", schema: sessionSchema } },
    example: {},
    handle(api, request) {
      const { hasSession, session } = request;
      const answer = sessionAnswer(api, request, hasSession || request.isLocal);
      // The browser's copy begins its life anew, as ours did.
      return hasSession && session !== undefined ? { ...answer, session } : answer;
    },
  }),
  route({
    method: "POST",
    path: "/session",
    topic,
    access: "open",
    summary: "Log in; the cookie asicd_session is set",
    body: Type.Object({ password: password("The operator's") }, closed),
    answers: { 200: { description: "Logged in", schema: sessionSchema } },
    refusals: [401, 409, 503],
    example: { body: { password: "correct horse" } },
    async handle(api, request) {
      const refused = await wrongPassword(api, request, request.body.password);
      if (refused !== undefined) return refused;
      api.device.audit({ name: request.address, scope: "admin" }, "login", "logged in");
      return loggedIn(api, request);
    },
  }),
  route({
    method: "DELETE",
    path: "/session",
    topic,
    access: "open",
    summary: "Log out",
    answers: { 200: { description: "Logged out", schema: sessionSchema } },
    refusals: [503],
    example: {},
    async handle(api, request) {
      if (request.session !== undefined && request.hasSession)
        await api.keyring.closeSession(request.session);
      return { ...sessionAnswer(api, request, false), session: null };
    },
  }),
  route({
    method: "POST",
    path: "/password",
    topic,
    access: "open",
    setsPassword: true,
    summary: "Set the password, or change it; every login but this one ends",
    body: Type.Object(
      {
        current: Type.Optional(
          password("The one so far; not needed while there is none, nor on the Unix socket"),
        ),
        new: newPassword(`${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`),
      },
      closed,
    ),
    answers: { 200: { description: "Logged in with it", schema: sessionSchema } },
    refusals: [401, 409, 503],
    example: { body: { current: "correct horse", new: "battery staple" } },
    async handle(api, request) {
      const { current, new: wanted } = request.body;
      const problem = passwordProblem(wanted);
      if (problem !== undefined) return refuse(400, "invalid-request", `new: ${problem}`);
      const wasSet = api.keyring.passwordSet;
      if (wasSet && !request.isLocal) {
        if (current === undefined)
          return refuse(401, "login-needed", "current: is missing; a password is set already");
        const refused = await wrongPassword(api, request, current);
        if (refused !== undefined) return refused;
      }
      // Two that come at once while there is none: the second one has to know the first one's.
      const result = await api.keyring.setPassword(wanted, wasSet || request.isLocal);
      if (result === "already-set") return alreadySet;
      api.device.audit(
        { ...request.actor, scope: "admin" },
        "password-set",
        wasSet ? "changed the password" : "set the first password",
      );
      return request.isLocal ? sessionAnswer(api, request, true) : loggedIn(api, request);
    },
  }),
  route({
    method: "GET",
    path: "/tokens",
    topic,
    access: "admin",
    summary: "All tokens, without their words",
    answers: {
      200: {
        description: "The tokens",
        schema: Type.Object(
          {
            tokens: Type.Array(
              Type.Object(
                {
                  ...tokenFields,
                  lastUsedUnixSeconds: maybeTime("null: not since asicd was started"),
                },
                closed,
              ),
            ),
          },
          closed,
        ),
      },
    },
    example: {},
    handle: ({ keyring }) => json({ tokens: keyring.tokens }),
  }),
  route({
    method: "POST",
    path: "/tokens",
    topic,
    access: "admin",
    summary: "Make a token for a program; it is told here and never again",
    body: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: 40,
          pattern: "^[A-Za-z0-9][A-Za-z0-9 _.-]*$",
          description: "Letters, digits, blank, dot, dash, underscore; shown in events",
        }),
        scope,
        expiresDays: Type.Union([Type.Integer({ minimum: 1, maximum: 3_650 }), Type.Null()], {
          default: 365,
          unit: "d",
          description: "null: never",
        }),
      },
      closed,
    ),
    answers: {
      201: {
        description: "To be sent as Authorization: Bearer TOKEN",
        schema: Type.Object({ ...tokenFields, token: Type.String() }, closed),
      },
    },
    refusals: [409, 503],
    example: { body: { name: "fleet", scope: "control", expiresDays: 90 } },
    async handle({ device, keyring }, { body, actor }) {
      const created = await keyring.createToken(body);
      if (created === "full")
        return refuse(409, "too-many", "There are 32 tokens already; delete one first");
      if (created === "taken")
        return refuse(409, "name-taken", "There is a token of this name already");
      const { hash: _, ...record } = created.record;
      device.audit(actor, "token-made", `made token ${body.name} with scope ${body.scope}`);
      return json({ ...record, token: created.token }, 201);
    },
  }),
  route({
    method: "DELETE",
    path: "/tokens/{id}",
    topic,
    access: "admin",
    summary: "Delete a token; it opens nothing from now on",
    params: Type.Object({ id: Type.String({ pattern: "^[0-9a-f]{12}$" }) }, closed),
    answers: {
      200: {
        description: "Deleted",
        schema: Type.Object({ deleted: Type.String({ description: "Its name" }) }, closed),
      },
    },
    refusals: [404, 503],
    example: { params: { id: "TOKEN-ID" } },
    async handle({ device, keyring }, { params, actor }) {
      const deleted = await keyring.deleteToken(params.id);
      if (deleted === undefined) return refuse(404, "not-found", "There is no such token");
      device.audit(actor, "token-deleted", `deleted token ${deleted.name}`);
      return json({ deleted: deleted.name });
    },
  }),
  route({
    method: "POST",
    path: "/persona-password",
    topic,
    access: "admin",
    summary:
      "The password under which fleet tools write as they do to an Antminer; null: they cannot",
    description: `Those tools log in as root with an MD5 digest, which whoever reads the secrets file could replay: it needs
a password of its own, and opens pools, pause and the lamp, nothing else.`,
    body: Type.Object(
      {
        password: Type.Union([newPassword("For those tools alone"), Type.Null()], { secret: true }),
      },
      closed,
    ),
    answers: {
      200: {
        description: "Taken",
        schema: Type.Object({ set: Type.Boolean() }, closed),
      },
    },
    refusals: [409, 503],
    example: { body: { password: "for the fleet tool" } },
    async handle({ device, keyring }, request) {
      const { password: wanted } = request.body;
      if (wanted !== null && (await keyring.isOwnPassword(wanted)))
        return refuse(
          409,
          "same-password",
          "This is the machine's own password; that digest would give it away",
        );
      await keyring.setPersonaPassword(wanted);
      const text = wanted === null ? "took the persona password away" : "set the persona password";
      device.audit(request.actor, "persona-password", text);
      return json({ set: wanted !== null });
    },
  }),
];

const alreadySet = refuse(409, "already-set", "Somebody has set a password in this moment");

function sessionAnswer(
  { device, keyring, settings }: Api,
  { actor }: RouteRequest,
  isLoggedIn: boolean,
) {
  const { publicRead } = settings();
  // Nobody in particular, who may look.
  const isKnown = isLoggedIn || actor.name.startsWith("token ");
  return {
    is: "json",
    status: 200,
    body: {
      loggedIn: isKnown,
      scope: isKnown ? (isLoggedIn ? "admin" : actor.scope) : publicRead ? "read" : null,
      passwordSet: keyring.passwordSet,
      publicRead,
      name: device.status().device.name,
    },
  } as const;
}

async function loggedIn(api: Api, request: RouteRequest): Promise<Answer> {
  const session = await api.keyring.openSession();
  return { ...sessionAnswer(api, request, true), session };
}

async function wrongPassword(
  { keyring, device }: Api,
  { address, hasSession }: RouteRequest,
  given: string,
): Promise<RefusedAnswer | undefined> {
  const check: PasswordCheck = await keyring.checkPassword(given, address, hasSession);
  const who = { name: address, scope: "read" } as const;
  switch (check.is) {
    case "fits":
      return undefined;
    case "not-set":
      return refuse(409, "password-not-set", "There is no password yet: set one");
    case "locked":
      return lockedOut(check.waitS);
    case "wrong": {
      const seconds = Math.ceil(check.waitS);
      if (seconds > 0) device.audit(who, "login-locked", `wrong password, locked for ${seconds} s`);
      else device.audit(who, "login-failed", "wrong password");
      return refuse(401, "wrong-password", "This is not the password");
    }
  }
}

function lockedOut(waitS: number): RefusedAnswer {
  const retryAfterS = Math.max(1, Math.ceil(waitS));
  return {
    ...refuse(429, "locked-out", `Too many wrong passwords; try again in ${retryAfterS} s`),
    retryAfterS,
  };
}
