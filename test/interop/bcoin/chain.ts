/** The chain of a bcoin node as the simulated pool's source of templates. */
import type {
  BlockTemplate,
  FoundBlock,
  TemplateSource,
} from "../../../simulator/pool/template-source.ts";
import { equalBytes } from "../../../src/lib/bytes.ts";
import { Signal } from "../../../src/lib/signal.ts";
import {
  type BcoinTemplate,
  blockHex,
  type NodeTemplate,
  shownHash,
  TEMPLATE_REQUEST,
  templateFromNode,
} from "./block.ts";
import type { BcoinRpc } from "./rpc.ts";

/** On regtest every second hash is a block, so every share is one; the node gets no more than one in this time. */
const BETWEEN_BLOCKS_MS = 1_000;

export interface SubmittedBlock {
  readonly height: number;
  /** As the node shows it. */
  readonly hash: string;
  /** What the template allowed the coinbase to pay. */
  readonly valueSats: bigint;
  /** Besides the coinbase. */
  readonly transactions: number;
  /** What the node said against it; `null`: nothing. */
  readonly refusal: string | null;
}

export class BcoinChain implements TemplateSource {
  current: BcoinTemplate;
  readonly submitted: SubmittedBlock[] = [];
  /** Blocks that the node was not given, because it had got one a moment ago. */
  heldBack = 0;
  /** What the node said to the first block with one byte of its coinbase changed, before it was given the block itself. */
  damagedRefusal: string | null | undefined;
  readonly #rpc: BcoinRpc;
  readonly #changed = new Signal<void>();
  readonly #onError: (error: unknown) => void;
  #submittedMs = Number.NEGATIVE_INFINITY;

  private constructor(rpc: BcoinRpc, first: BcoinTemplate, onError: (error: unknown) => void) {
    this.#rpc = rpc;
    this.current = first;
    this.#onError = onError;
  }

  /** `onError` hears what goes wrong with a block that the pool handed in. Throws Error when the node gives no template. */
  static async open(rpc: BcoinRpc, onError: (error: unknown) => void): Promise<BcoinChain> {
    return new BcoinChain(rpc, await templateOf(rpc), onError);
  }

  onChange(listener: () => void): Disposable {
    return this.#changed.on(listener);
  }

  /** Asks the node, which may have heard of another block. */
  async refresh(): Promise<void> {
    this.current = await templateOf(this.#rpc);
    this.#changed.emit();
  }

  blockFound(block: FoundBlock): void {
    const nowMs = performance.now();
    const isStale = !equalBytes(block.template.prevHash, this.current.prevHash);
    if (isStale || nowMs - this.#submittedMs < BETWEEN_BLOCKS_MS) {
      this.heldBack++;
      return;
    }
    this.#submittedMs = nowMs;
    this.#submit(block).catch(this.#onError);
  }

  async #submit(block: FoundBlock): Promise<void> {
    const { template } = block;
    const transactions = transactionsOf(template);
    if (this.damagedRefusal === undefined) {
      const coinbaseInBlock = block.coinbaseInBlock.slice();
      coinbaseInBlock[0] = 1;
      this.damagedRefusal = await this.#give(blockHex({ ...block, coinbaseInBlock }, transactions));
    }
    const refusal = await this.#give(blockHex(block, transactions));
    this.submitted.push({
      height: template.height,
      hash: shownHash(block.hash),
      valueSats: template.valueSats,
      transactions: transactions.length,
      refusal,
    });
    await this.refresh();
  }

  #give(block: string): Promise<string | null> {
    return this.#rpc.call<string | null>("submitblock", block);
  }
}

/** Every template of the pool is one that we handed out. */
function transactionsOf(template: BlockTemplate): readonly Uint8Array[] {
  return (template as BcoinTemplate).transactions;
}

async function templateOf(rpc: BcoinRpc): Promise<BcoinTemplate> {
  return templateFromNode(await rpc.call<NodeTemplate>("getblocktemplate", TEMPLATE_REQUEST));
}
