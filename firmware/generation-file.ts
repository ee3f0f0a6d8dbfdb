/**
 * A small value on disk that survives a loss of power at any moment: two files take turns, each replaced in one step, so
 * that the last value completely written is never touched by the writing of the next one.
 */
import { MAX_SEALED_BYTES, openSealedFile, sealFile } from "../src/upstream/account-file-format.ts";
import type { DurableFolder } from "./durable-folder.ts";

export interface ReadGeneration {
  /** The newest that is whole; `undefined` when there is none. */
  readonly content: unknown;
  /** Files that are there and cannot be understood. */
  readonly problems: readonly string[];
}

export class GenerationFile {
  readonly #folder: DurableFolder;
  readonly #kind: string;
  readonly #names: readonly [string, string];
  /** Of the last attempt to write, or the newest that was read. */
  #generation = 0;
  /** Where the last value lies that was completely written: the other one is next. */
  #current: 0 | 1 = 1;

  /** "NAME-a", "NAME-b" and "NAME-new" are its files; `kind` is what they say they are, in lower case. */
  constructor(folder: DurableFolder, name: string, kind: string) {
    this.#folder = folder;
    this.#kind = kind;
    this.#names = [`${name}-a`, `${name}-b`];
  }

  /** To be called before `write`. Rejects with the system's error when a file is there that cannot be read now. */
  async read(): Promise<ReadGeneration> {
    const problems: string[] = [];
    let newest: { generation: number; content: unknown } | undefined;
    let current = this.#current;
    for (const at of [0, 1] as const) {
      const name = this.#names[at];
      const bytes = await this.#folder.read(name, MAX_SEALED_BYTES).catch((error: unknown) => {
        if (!isLost(error)) throw error;
        problems.push(`${name}: ${(error as Error).message}`);
        return undefined;
      });
      if (bytes === undefined) continue;
      const opened = openSealedFile(this.#kind, bytes);
      if (opened.is === "damaged") {
        problems.push(`${name}: ${opened.problem}`);
      } else if (newest === undefined || opened.generation > newest.generation) {
        newest = opened;
        current = at;
      }
    }
    this.#current = current;
    this.#generation = Math.max(this.#generation, newest?.generation ?? 0);
    return { content: newest?.content, problems };
  }

  /** One at a time. When it rejects, with the system's error, what was written before is still there. */
  async write(content: unknown): Promise<void> {
    const next = this.#current === 0 ? 1 : 0;
    // Also after a failure it must be newer than what that one may have left.
    const bytes = sealFile(this.#kind, ++this.#generation, content);
    const fresh = `${this.#names[0].slice(0, -1)}new`;
    await this.#folder.write(fresh, bytes);
    await this.#folder.rename(fresh, this.#names[next]);
    await this.#folder.syncNames();
    this.#current = next;
  }
}

/** The disk itself cannot give it back, now or later; everything else may pass. */
function isLost(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EIO";
}
