/** Everything that opens this machine: the password, logins, tokens, and the password of the Antminer interface. */
import { md5 } from "@noble/hashes/legacy.js";
import { toHex } from "../lib/bytes.ts";
import type { Clock } from "../ports/clock.ts";
import type { Entropy } from "../ports/entropy.ts";
import { DerivationTurns, type Standing } from "./derivation-turns.ts";
import type { Scope } from "./device.ts";
import { Lockout } from "./lockout.ts";
import { hashPassword, passwordFits, type Scrypt, type ScryptTerms } from "./passwords.ts";
import { type Moment, type SessionRecord, Sessions } from "./sessions.ts";
import { sourceOf } from "./source-address.ts";
import { type TokenCheck, type TokenRecord, Tokens, type TokenTerms } from "./tokens.ts";

/** What is kept, none of it usable by who reads it but for `personaHa1`, which opens the Antminer interface alone. */
export interface Secrets {
  readonly passwordHash: string | null;
  /** MD5 of "root:antMiner Configuration:PASSWORD" (RFC 2617 §3.2.2.2, as those tools want it). */
  readonly personaHa1: string | null;
  readonly tokens: readonly TokenRecord[];
  readonly sessions: readonly SessionRecord[];
}

export const noSecrets: Secrets = {
  passwordHash: null,
  personaHa1: null,
  tokens: [],
  sessions: [],
};

export const PERSONA_USER = "root";
export const PERSONA_REALM = "antMiner Configuration";

/** After a factory reset there is nobody whose keys these could be: first asicd has to begin anew. */
export class KeyringWiped extends Error {
  constructor() {
    super("everything was reset; asicd is about to start again");
    this.name = "KeyringWiped";
  }
}

export interface KeyringParts {
  readonly secrets: Secrets;
  /** Rejects with the system's error when it cannot be kept. */
  readonly save: (secrets: Secrets) => Promise<void>;
  readonly scrypt: Scrypt;
  readonly scryptTerms?: ScryptTerms;
  readonly clock: Pick<Clock, "nowMs" | "unixSeconds">;
  readonly entropy: Entropy;
}

export type PasswordCheck =
  | { readonly is: "fits" }
  /** `waitS`: until this address may try again; 0: at once. */
  | { readonly is: "wrong"; readonly waitS: number }
  | { readonly is: "locked"; readonly waitS: number }
  | { readonly is: "not-set" };

export class Keyring {
  readonly #parts: KeyringParts;
  readonly #lockout = new Lockout();
  #passwordHash: string | null;
  #personaHa1: string | null;
  #tokens: Tokens;
  #sessions: Sessions;
  readonly #turns = new DerivationTurns();
  #isWiped = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: KeyringParts) {
    this.#parts = parts;
    const { passwordHash, personaHa1, tokens, sessions } = parts.secrets;
    this.#passwordHash = passwordHash;
    this.#personaHa1 = personaHa1;
    this.#tokens = new Tokens(tokens);
    this.#sessions = new Sessions(sessions, this.#now());
  }

  get passwordSet(): boolean {
    return this.#passwordHash !== null;
  }

  /** null: the Antminer interface takes no writes. */
  get personaHa1(): string | null {
    return this.#personaHa1;
  }

  get tokens(): readonly (Omit<TokenRecord, "hash"> & {
    readonly lastUsedUnixSeconds: number | null;
  })[] {
    return this.#tokens.records.map(({ hash: _, ...record }) => ({
      ...record,
      lastUsedUnixSeconds: this.#tokens.lastUsedUnixSeconds(record.id),
    }));
  }

  /**
   * Counts failures of the address; one that is locked out is not even looked at. `isKnown`: a login that is open was shown
   * with it, so it does not wait for what others get wrong.
   */
  async checkPassword(password: string, address: string, isKnown = false): Promise<PasswordCheck> {
    if (this.#passwordHash === null) return { is: "not-set" };
    const waitS = this.#lockout.waitS(address, this.#now().monotonicS, isKnown);
    if (waitS > 0) return { is: "locked", waitS };
    const standing = this.#standing(address, isKnown);
    const source = sourceOf(address);
    if (!this.#turns.hasRoom(standing, source)) return { is: "locked", waitS: 1 };
    // Judged and counted in one turn: who comes next must find this failure.
    return this.#turns.take(standing, source, async (): Promise<PasswordCheck> => {
      const stillS = this.#lockout.waitS(address, this.#now().monotonicS, isKnown);
      if (stillS > 0) return { is: "locked", waitS: stillS };
      const hash = this.#passwordHash;
      if (hash === null) return { is: "not-set" };
      if (!(await passwordFits(password, hash, this.#parts.scrypt)))
        return {
          is: "wrong",
          waitS: this.#lockout.fail(address, this.#now().monotonicS, isKnown),
        };
      this.#lockout.succeed(address);
      return { is: "fits" };
    });
  }

  /**
   * Ends every login. `mayReplace`: whoever asks has shown that they know the old one. Rejects when it cannot be kept; then
   * the old one and every login stay.
   */
  async setPassword(password: string, mayReplace: boolean): Promise<"set" | "already-set"> {
    const { scrypt, entropy, scryptTerms } = this.#parts;
    const isTaken = () => this.#passwordHash !== null && !mayReplace;
    this.#mustHold();
    const hash = await this.#turns.take("known", undefined, async () =>
      isTaken() ? undefined : hashPassword(password, scrypt, entropy, scryptTerms),
    );
    this.#mustHold();
    if (hash === undefined || isTaken()) return "already-set";
    const [before, sessions] = [this.#passwordHash, this.#sessions];
    this.#passwordHash = hash;
    this.#sessions = new Sessions();
    await this.#save().catch((error: unknown) => {
      this.#mustHold();
      [this.#passwordHash, this.#sessions] = [before, sessions];
      throw error;
    });
    return "set";
  }

  /** Without counting failures: for who is logged in. */
  isOwnPassword(password: string): Promise<boolean> {
    const hash = this.#passwordHash;
    if (hash === null) return Promise.resolve(false);
    return this.#turns.take("known", undefined, () =>
      passwordFits(password, hash, this.#parts.scrypt),
    );
  }

  /** The word for the cookie. Rejects when it cannot be kept. */
  async openSession(): Promise<string> {
    this.#mustHold();
    const word = this.#sessions.open(this.#parts.entropy, this.#now().monotonicS);
    await this.#save();
    return word;
  }

  /** Whether it is open; to look is no use of it. */
  isSession(word: string, sessionHours: number): boolean {
    return this.#sessions.isOpen(word, this.#now().monotonicS, sessionHours * 3_600);
  }

  /** Uses the session, if there is one. */
  useSession(word: string, sessionHours: number): boolean {
    const use = this.#sessions.use(word, this.#now().monotonicS, sessionHours * 3_600);
    // It stays open if that fails; only a restart would end it early.
    if (use.is === "open" && use.worthKeeping) this.#save().catch(() => {});
    return use.is === "open";
  }

  async closeSession(word: string): Promise<void> {
    this.#sessions.close(word);
    await this.#save();
  }

  checkToken(token: string): TokenCheck {
    return this.#tokens.check(token, this.#parts.clock.unixSeconds());
  }

  async createToken(terms: TokenTerms): Promise<ReturnType<Tokens["create"]>> {
    const { entropy, clock } = this.#parts;
    this.#mustHold();
    const created = this.#tokens.create(terms, entropy, clock.unixSeconds());
    if (typeof created === "string") return created;
    await this.#save().catch((error: unknown) => {
      this.#tokens.delete(created.record.id);
      throw error;
    });
    return created;
  }

  /** What it was called and could; `undefined`: there is none. */
  async deleteToken(
    id: string,
  ): Promise<{ readonly name: string; readonly scope: Scope } | undefined> {
    const deleted = this.#tokens.delete(id);
    if (deleted !== undefined) await this.#save();
    return deleted;
  }

  /** null: off. */
  async setPersonaPassword(password: string | null): Promise<void> {
    this.#mustHold();
    this.#personaHa1 =
      password === null
        ? null
        : toHex(md5(new TextEncoder().encode(`${PERSONA_USER}:${PERSONA_REALM}:${password}`)));
    await this.#save();
  }

  /** A factory reset: nobody has a key any more, and in this run nobody gets one. */
  async wipe(): Promise<void> {
    this.#isWiped = true;
    this.#passwordHash = null;
    this.#personaHa1 = null;
    this.#tokens = new Tokens();
    this.#sessions = new Sessions();
    await this.#save();
  }

  #mustHold(): void {
    if (this.#isWiped) throw new KeyringWiped();
  }

  #standing(address: string, isKnown: boolean): Standing {
    if (isKnown || this.#lockout.isKnown(address)) return "known";
    return this.#lockout.hasFailed(address, this.#now().monotonicS) ? "failed" : "new";
  }

  /** In order; what is saved is what holds when its turn comes. */
  #save(): Promise<void> {
    const saved = this.#saving.then(() =>
      this.#parts.save({
        passwordHash: this.#passwordHash,
        personaHa1: this.#personaHa1,
        tokens: this.#tokens.records,
        sessions: this.#sessions.records(this.#now()),
      }),
    );
    this.#saving = saved.catch(() => {});
    return saved;
  }

  #now(): Moment {
    const { clock } = this.#parts;
    return { monotonicS: clock.nowMs() / 1_000, unixSeconds: clock.unixSeconds() };
  }
}
