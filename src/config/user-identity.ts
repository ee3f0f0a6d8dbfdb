/** The name under which shares are counted, as the protocol can carry it. */
import { ConfigError } from "../lib/errors.ts";

/** A STR0_255 (SV2 §3.1). */
const MAX_BYTES = 255;

/** Throws ConfigError, named `path`, for a name that does not fit the protocol's user_identity. */
export function checkUserIdentity(user: string, path: string): void {
  const problem = problemOf(user);
  if (problem !== undefined)
    throw new ConfigError([
      { path, problem, allowed: `text of at most ${MAX_BYTES} bytes in UTF-8` },
    ]);
}

function problemOf(user: string): string | undefined {
  // With the u flag only a surrogate without its other half matches.
  if (/\p{Surrogate}/u.test(user)) return "has half of a character (a lone surrogate)";
  const { length } = new TextEncoder().encode(user);
  return length > MAX_BYTES ? `has ${length} bytes in UTF-8` : undefined;
}
