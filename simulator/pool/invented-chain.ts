/** A chain that exists in nobody's node: blocks and transactions are random hashes, fees grow until the next block. */
import { Signal } from "../../src/lib/signal.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import type { BlockTemplate, FoundBlock, TemplateSource } from "./template-source.ts";

const SUBSIDY_SATS = 312_500_000n;
const FEES_PER_TEMPLATE_SATS = 1_250_000n;
const VERSION = 0x20000000;
const TRANSACTIONS_DEPTH = 12;

export class InventedChain implements TemplateSource {
  readonly #entropy: Pick<Entropy, "randomBytes">;
  readonly #changed = new Signal<void>();
  #fees = 0n;
  current: BlockTemplate;

  constructor(
    entropy: Pick<Entropy, "randomBytes">,
    start: { readonly height: number; readonly nbits: number },
  ) {
    this.#entropy = entropy;
    this.current = this.#template(start.height, this.#inventedHash(), start.nbits);
  }

  onChange(listener: () => void): Disposable {
    return this.#changed.on(listener);
  }

  blockFound({ hash }: FoundBlock): void {
    this.#extend(hash);
  }

  newBlock(): void {
    this.#extend(this.#inventedHash());
  }

  newTemplate(): void {
    this.#fees += FEES_PER_TEMPLATE_SATS;
    const { height, prevHash, nbits } = this.current;
    this.current = this.#template(height, prevHash, nbits);
    this.#changed.emit();
  }

  #extend(prevHash: Uint8Array): void {
    this.#fees = 0n;
    this.current = this.#template(this.current.height + 1, prevHash, this.current.nbits);
    this.#changed.emit();
  }

  #template(height: number, prevHash: Uint8Array, nbits: number): BlockTemplate {
    return {
      height,
      prevHash,
      nbits,
      version: VERSION,
      valueSats: SUBSIDY_SATS + this.#fees,
      merklePath: Array.from({ length: TRANSACTIONS_DEPTH }, () => this.#entropy.randomBytes(32)),
    };
  }

  /** Looks like a block of today's network: about 80 zero bits, which end up last in internal order. */
  #inventedHash(): Uint8Array {
    const hash = new Uint8Array(32);
    hash.set(this.#entropy.randomBytes(22));
    return hash;
  }
}
