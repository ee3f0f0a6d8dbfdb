/** What a request shows of who sends it. */
import type { IncomingMessage } from "node:http";
import type { Credentials } from "../../../src/api/access.ts";
import type { Keyring } from "../../../src/api/keyring.ts";

const COOKIE = "asicd_session";
/** As `randomWord` makes them. */
const WORD = /(?:^|;\s*)asicd_session=([\w-]{43})(?:;|$)/;

/** The word in the session cookie, good or not. */
export function sessionWord(request: IncomingMessage): string | undefined {
  return WORD.exec(request.headers.cookie ?? "")?.[1];
}

/** `isUse`: the login's time begins anew. */
export function credentialsOf(
  request: IncomingMessage,
  keyring: Keyring,
  sessionHours: number,
  isUse: boolean,
): Credentials {
  const { authorization } = request.headers;
  if (authorization !== undefined) return tokenCredentials(authorization, keyring);
  const word = sessionWord(request);
  if (word === undefined) return { is: "none" };
  const isOpen = isUse
    ? keyring.useSession(word, sessionHours)
    : keyring.isSession(word, sessionHours);
  return { is: isOpen ? "session" : "none" };
}

/** Not for other sites, not for scripts, and with TLS not for plain HTTP. */
export function sessionCookie(word: string | null, sessionHours: number, isTls: boolean): string {
  const life = word === null ? 0 : sessionHours * 3_600;
  const secure = isTls ? "; Secure" : "";
  return `${COOKIE}=${word ?? ""}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${life}${secure}`;
}

function tokenCredentials(authorization: string, keyring: Keyring): Credentials {
  const token = /^Bearer\s+(\S{1,200})$/i.exec(authorization)?.[1];
  if (token === undefined) return { is: "bad", text: "Authorization must be: Bearer TOKEN" };
  const check = keyring.checkToken(token);
  switch (check.is) {
    case "valid":
      return { is: "token", name: check.name, scope: check.scope };
    case "unknown":
      return { is: "bad", text: "This token is not known" };
    case "expired":
      return { is: "bad", text: "This token has expired" };
    case "clock-behind":
      return {
        is: "bad",
        text: "The machine's clock is not set, so a token that expires cannot be believed",
      };
  }
}
