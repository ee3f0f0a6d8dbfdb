/** Keeps the accounts of all pools in the state directory: few writes, in the background, and mining never waits for one. */
import type { Logger } from "../src/lib/log.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { AccountBook } from "../src/upstream/account-book.ts";
import type { DurableFolder } from "./durable-folder.ts";
import { GenerationFile } from "./generation-file.ts";

/** What a loss of power costs at most, against the wear of flash memory: 288 small writes a day. */
const SAVE_PERIOD_MS = 5 * 60_000;
/** Time passes also where nothing else is counted. */
const SAVE_ANYWAY_MS = 60 * 60_000;
/** Where every share is a block, as on a test network. */
const MIN_BETWEEN_SAVES_MS = 10_000;
/** A disk that hangs must not keep the program from ending. */
const STOP_WITHIN_MS = 2_000;

export interface AccountFileOptions {
  /** The state directory. */
  readonly folder: DurableFolder;
  readonly book: AccountBook;
  readonly clock: Clock;
  readonly log: Logger;
}

export class AccountFile {
  readonly #file: GenerationFile;
  readonly #book: AccountBook;
  readonly #clock: Clock;
  readonly #log: Logger;
  #timer: Disposable | undefined;
  #soon: Disposable | undefined;
  #isRead = false;
  #underWay: Promise<void> | undefined;
  #savedRevision = 0;
  #savedMs: number;
  #isStopped = false;
  /** Why the accounts are not kept at the moment. */
  problem: string | null = null;

  constructor({ folder, book, clock, log }: AccountFileOptions) {
    this.#file = new GenerationFile(folder, "accounts", "asicd-accounts");
    this.#book = book;
    this.#clock = clock;
    this.#log = log;
    this.#savedMs = clock.nowMs();
  }

  /** Reads what earlier runs counted, which is added when it comes, and saves from then on. Never rejects. */
  async start(): Promise<void> {
    this.#timer = this.#clock.every(SAVE_PERIOD_MS, () => void this.#tick());
    await this.#alone(() => this.#read());
  }

  /** Something was counted that is worth a write of its own: a block. */
  saveSoon(): void {
    if (this.#soon !== undefined || this.#isStopped) return;
    const waitMs = this.#savedMs + MIN_BETWEEN_SAVES_MS - this.#clock.nowMs();
    this.#soon = this.#clock.after(Math.max(0, waitMs), () => {
      this.#soon = undefined;
      const isWriting = this.#underWay !== undefined;
      void this.#save().then(() => {
        // What was being written is older than what is worth a write.
        if (isWriting && this.#book.revision !== this.#savedRevision) this.saveSoon();
      });
    });
  }

  /** Saves a last time; a disk that takes too long for it is not waited for. Never rejects. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#soon?.[Symbol.dispose]();
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = this.#clock.after(STOP_WITHIN_MS, () => {
        this.#log.warn({ withinMs: STOP_WITHIN_MS }, "accounts not saved in time");
        resolve();
      });
    });
    // What is being written may be older than what was counted since.
    const saved = (this.#underWay ?? Promise.resolve()).then(() => this.#save());
    await Promise.race([saved, tooLong]);
    late?.[Symbol.dispose]();
  }

  async #tick(): Promise<void> {
    const isChanged = this.#book.revision !== this.#savedRevision;
    if (isChanged || this.#clock.nowMs() - this.#savedMs >= SAVE_ANYWAY_MS) await this.#save();
  }

  #save(): Promise<void> {
    return this.#alone(async () => {
      // Before that it would put less than there is in its place.
      if (!this.#isRead) await this.#read();
      const nowMs = this.#clock.nowMs();
      const { revision } = this.#book;
      await this.#file.write({
        savedUnixSeconds: this.#clock.unixSeconds(),
        pools: this.#book.toRecords(nowMs),
      });
      this.#savedRevision = revision;
      this.#savedMs = nowMs;
    });
  }

  /** One at a time; who comes while another is under way waits for that one and is served by a later one. */
  #alone(act: () => Promise<void>): Promise<void> {
    this.#underWay ??= this.#attempt(act).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #read(): Promise<void> {
    const { content, problems } = await this.#file.read();
    this.#isRead = true;
    const understood = content === undefined ? [] : this.#book.resume(poolsIn(content));
    const all = [...problems, ...understood];
    if (all.length > 0)
      this.#log.warn({ problems: all }, "accounts of earlier runs are damaged in part");
  }

  /** One warning for a disk that stays full, one line when it is well again. */
  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      if (this.problem !== null) this.#log.info({}, "accounts are kept again");
      this.problem = null;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.problem === null)
        this.#log.warn({ reason }, "accounts cannot be kept; mining goes on, and so do attempts");
      this.problem = reason;
    }
  }
}

/** What is no list counts as one entry that cannot be understood. */
function poolsIn(content: unknown): readonly unknown[] {
  const pools =
    typeof content === "object" && content !== null && "pools" in content
      ? content.pools
      : undefined;
  return Array.isArray(pools) ? pools : [pools];
}
