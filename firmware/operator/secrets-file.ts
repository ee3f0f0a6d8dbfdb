/** Keeps what opens this machine, readable for asicd alone, in two files that take turns (firmware/generation-file.ts). */
import { join } from "node:path";
import Type from "typebox";
import { Check } from "typebox/value";
import { Keyring, noSecrets, type Secrets } from "../../src/api/keyring.ts";
import type { ScryptTerms } from "../../src/api/passwords.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { GenerationFile } from "../generation-file.ts";
import { nodeScrypt } from "./http/scrypt.ts";
import { privateFolder } from "./private-folder.ts";

/** Below the state directory. */
export const OPERATOR_FOLDER = "operator";
const NAME = "secrets";
const KIND = "asicd-secrets";

const hash = Type.String({ pattern: "^[0-9a-f]{64}$" });
const secretsSchema = Type.Object({
  passwordHash: Type.Union([Type.String({ maxLength: 400 }), Type.Null()]),
  personaHa1: Type.Union([Type.String({ pattern: "^[0-9a-f]{32}$" }), Type.Null()]),
  tokens: Type.Array(
    Type.Object({
      id: Type.String({ maxLength: 40 }),
      name: Type.String({ maxLength: 80 }),
      scope: Type.Enum(["read", "control", "admin"]),
      createdUnixSeconds: Type.Number(),
      expiresUnixSeconds: Type.Union([Type.Number(), Type.Null()]),
      hash,
    }),
  ),
  sessions: Type.Array(Type.Object({ hash, usedUnixSeconds: Type.Number() })),
});

export interface SecretsFileOptions {
  readonly stateDir: string;
  readonly clock: Pick<Clock, "nowMs" | "unixSeconds">;
  readonly entropy: Entropy;
  readonly log: Logger;
  /** For tests. */
  readonly scryptTerms?: ScryptTerms;
}

/**
 * Rejects with the system's error, or an Error for files that are there and damaged: to go on as if no password were set
 * would hand the machine to whoever comes first.
 */
export async function openKeyring(options: SecretsFileOptions): Promise<Keyring> {
  const { stateDir, clock, entropy, log, scryptTerms } = options;
  const folder = join(stateDir, OPERATOR_FOLDER);
  const file = new GenerationFile(privateFolder(folder), NAME, KIND);
  const { content, problems } = await file.read();
  if (problems.length > 0) log.warn({ problems }, "secrets file is damaged in part");
  const isUnknown = content !== undefined && !Check(secretsSchema, content);
  if (isUnknown || (content === undefined && problems.length > 0))
    throw new Error(
      `${join(folder, NAME)}-a and -b hold the password and cannot be understood; whoever deletes both sets a new one`,
    );
  let writing: Promise<void> = Promise.resolve();
  return new Keyring({
    secrets: (content as Secrets | undefined) ?? noSecrets,
    save: (secrets) => {
      const written = writing.then(() => file.write(secrets));
      writing = written.catch(() => {});
      return written;
    },
    scrypt: nodeScrypt,
    ...(scryptTerms === undefined ? {} : { scryptTerms }),
    clock,
    entropy,
  });
}
