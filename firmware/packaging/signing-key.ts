/** The key that signs releases: given in a file, else one that is thrown away. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatKey, parseKey, publicKeyOf } from "../../src/update/release-key.ts";
import { packagingCache } from "./npm-package.ts";
import type { Say } from "./run-program.ts";

export interface SigningKey {
  readonly secretKey: Uint8Array;
  /** As in release.pub. */
  readonly publicText: string;
  readonly isThrowAway: boolean;
}

/** Throws UpdateError for a file that holds no key. */
export function loadSigningKey(file: string | undefined, say: Say): SigningKey {
  if (file !== undefined) {
    const secretKey = parseKey(readFileSync(file, "utf8"), file);
    return { secretKey, publicText: publicText(secretKey, "asicd releases"), isThrowAway: false };
  }
  const path = join(packagingCache(), "throw-away.key");
  if (!existsSync(path))
    writeFileSync(path, formatKey(randomBytes(32), "asicd: for trying things, not for releases"), {
      mode: 0o600,
    });
  say(`NO RELEASE KEY was given (--sign-key FILE): signed with the throw-away key ${path}.`);
  say("Whoever has that file can update what trusts this build. Do not hand it out.");
  const secretKey = parseKey(readFileSync(path, "utf8"), path);
  return {
    secretKey,
    publicText: publicText(secretKey, "throw-away key of a build that was only tried"),
    isThrowAway: true,
  };
}

function publicText(secretKey: Uint8Array, comment: string): string {
  return formatKey(publicKeyOf(secretKey), comment);
}
