/** The simulated Template Provider: what a pool needs of a Bitcoin node, by SV2's Template Distribution protocol (SV2 §7). */
import { compactFromTarget, targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { printable } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { Signal } from "../../src/lib/signal.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SetupConnectionError, SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import {
  decodeMessage,
  encodeMessage,
  type TemplateDistributionProtocolMessage,
} from "../../src/sv2/protocols.ts";
import {
  NewTemplate,
  RequestTransactionDataError,
  RequestTransactionDataSuccess,
  TemplateSetNewPrevHash,
} from "../../src/sv2/template-distribution-messages.ts";
import { FrameLink } from "../pool/frame-link.ts";
import { defaultPoolOptions } from "../pool/options.ts";
import type { PoolPorts } from "../pool/pool.ts";
import { type BlockTemplate, BlockTemplates } from "./block-templates.ts";
import { judgeSolution } from "./solution.ts";
import { output } from "./transaction.ts";

const TEMPLATE_DISTRIBUTION = 2;
const PROTOCOL_VERSION = 2;
/** News of a block is with every miner by then, on a busy machine too: who still solves the old one has not listened. */
const LATE_WITHIN_MS = 1_000;

export interface TemplateProviderOptions {
  /** Signs the certificates, 32 bytes; `undefined`: plaintext. */
  readonly authoritySecret: Uint8Array | undefined;
  /** The network target in compact form. With 0x207fffff every second hash is a block. */
  readonly nbits: number;
  readonly height: number;
  /** Between blocks that others find; absent: none. */
  readonly blockIntervalMs: number | undefined;
  /** Between templates on the same block; absent: none. */
  readonly templateIntervalMs: number | undefined;
}

export const defaultProviderOptions: TemplateProviderOptions = {
  authoritySecret: defaultPoolOptions.authoritySecret,
  // Hard enough that shares are only shares.
  nbits: compactFromTarget(targetFromDifficulty(1e6)),
  height: 840,
  blockIntervalMs: undefined,
  templateIntervalMs: undefined,
};

export type ProviderEvent =
  | { readonly event: "client"; readonly client: number; readonly vendor: string }
  | { readonly event: "refused"; readonly client: number; readonly code: string }
  | { readonly event: "template"; readonly height: number; readonly future: boolean }
  | { readonly event: "solution"; readonly client: number; readonly verdict: string }
  | { readonly event: "disconnected"; readonly client: number; readonly reason: string };

export interface ProviderStatistics {
  /** Clients that get templates. */
  readonly served: number;
  readonly templatesSent: number;
  readonly height: number;
  /** SubmitSolution messages whose block was good. */
  readonly blocksFound: number;
  readonly solutionsRefused: number;
  /** Solutions of the tip before, a moment after it was replaced: lost races, nobody's mistake. */
  readonly solutionsLate: number;
}

interface Client {
  readonly id: number;
  readonly link: FrameLink;
  state: "new" | "set-up" | "served";
}

type Message<Name> = Extract<TemplateDistributionProtocolMessage, { name: Name }>;

export class SimulatedTemplateProvider {
  readonly options: TemplateProviderOptions;
  readonly #ports: PoolPorts;
  readonly #events = new Signal<ProviderEvent>();
  readonly #clients = new Map<number, Client>();
  readonly #timers: Disposable[] = [];
  readonly #templates: BlockTemplates;
  /** Of the present tip; a solution may name any of them. */
  readonly #live = new Map<bigint, BlockTemplate>();
  #connections = 0;
  #templatesSent = 0;
  #blocksFound = 0;
  #solutionsRefused = 0;
  #solutionsLate = 0;
  /** Templates of the tip before, and when it was replaced. */
  #lastTip: ReadonlySet<bigint> = new Set();
  #tipAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: PoolPorts, options: Partial<TemplateProviderOptions> = {}) {
    this.#ports = ports;
    this.options = { ...defaultProviderOptions, ...options };
    const { blockIntervalMs, templateIntervalMs } = this.options;
    this.#templates = new BlockTemplates(ports.entropy, this.options);
    this.#remember();
    const { clock } = ports;
    if (blockIntervalMs !== undefined)
      this.#timers.push(clock.every(blockIntervalMs, () => this.newBlock()));
    if (templateIntervalMs !== undefined)
      this.#timers.push(clock.every(templateIntervalMs, () => this.newTemplate()));
  }

  /** Serves one connection; to be handed to whatever listens. */
  readonly accept = (stream: ByteStream): void => {
    const id = ++this.#connections;
    const { authoritySecret } = this.options;
    const link = new FrameLink(
      stream,
      { ...this.#ports, authoritySecret },
      {
        onFrame: (frame) => this.#receive(client, frame),
        onEnd: (reason) => {
          this.#clients.delete(id);
          this.#events.emit({ event: "disconnected", client: id, reason });
        },
      },
    );
    const client: Client = { id, link, state: "new" };
    this.#clients.set(id, client);
  };

  onEvent(listener: (event: ProviderEvent) => void): Disposable {
    return this.#events.on(listener);
  }

  statistics(): ProviderStatistics {
    return {
      served: this.#served().length,
      templatesSent: this.#templatesSent,
      height: this.#templates.current.height,
      blocksFound: this.#blocksFound,
      solutionsRefused: this.#solutionsRefused,
      solutionsLate: this.#solutionsLate,
    };
  }

  /** Somebody else found a block. */
  newBlock(): void {
    this.#newBlock(undefined);
  }

  /** The same block with higher fees. */
  newTemplate(): void {
    this.#templates.nextTemplate();
    this.#remember();
    this.#publish([this.#templateFrame(false)], false);
  }

  /** Ends timers and connections. Idempotent. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) timer[Symbol.dispose]();
    for (const { link } of [...this.#clients.values()]) link.close("the template provider stops");
  }

  #newBlock(hash: Uint8Array | undefined): void {
    this.#lastTip = new Set(this.#live.keys());
    this.#tipAtMs = this.#ports.clock.nowMs();
    this.#templates.nextBlock(hash);
    this.#live.clear();
    this.#remember();
    this.#publish([this.#templateFrame(true), this.#prevHashFrame()], true);
  }

  #publish(frames: readonly Frame[], future: boolean): void {
    this.#events.emit({ event: "template", height: this.#templates.current.height, future });
    for (const { link } of this.#served()) {
      this.#templatesSent++;
      link.send(...frames);
    }
  }

  #served(): Client[] {
    return [...this.#clients.values()].filter(({ state }) => state === "served");
  }

  #remember(): void {
    this.#live.set(this.#templates.current.templateId, this.#templates.current);
  }

  #receive(client: Client, frame: Frame): void {
    const message = decodeMessage("template-distribution", frame);
    if (message?.name === "SetupConnection") this.#setUp(client, message);
    else if (client.state === "new")
      throw new WireError("unexpected-message", "a message before SetupConnection", {
        section: "SV2 §3.6.1",
      });
    else if (message?.name === "CoinbaseOutputConstraints") this.#serve(client);
    else if (message?.name === "RequestTransactionData") this.#sendTransactions(client, message);
    else if (message?.name === "SubmitSolution") this.#takeSolution(client, message);
  }

  #setUp(client: Client, message: Message<"SetupConnection">): void {
    const errorCode =
      message.protocol !== TEMPLATE_DISTRIBUTION
        ? "unsupported-protocol"
        : message.minVersion > PROTOCOL_VERSION || message.maxVersion < PROTOCOL_VERSION
          ? "protocol-version-mismatch"
          : undefined;
    if (errorCode !== undefined) {
      this.#events.emit({ event: "refused", client: client.id, code: errorCode });
      client.link.send(encodeMessage(SetupConnectionError, { flags: 0, errorCode }));
      client.link.close(`set-up refused: ${errorCode}`);
      return;
    }
    client.state = "set-up";
    this.#events.emit({ event: "client", client: client.id, vendor: printable(message.vendor) });
    client.link.send(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
  }

  /** Our templates have room for any coinbase that fits in a message, so the constraints are not kept. */
  #serve(client: Client): void {
    client.state = "served";
    this.#templatesSent++;
    client.link.send(this.#templateFrame(true), this.#prevHashFrame());
  }

  #templateFrame(futureTemplate: boolean): Frame {
    const template = this.#templates.current;
    return encodeMessage(NewTemplate, {
      templateId: template.templateId,
      futureTemplate,
      version: template.version,
      coinbaseTxVersion: 2,
      coinbasePrefix: template.coinbasePrefix,
      coinbaseTxInputSequence: 0xffffffff,
      coinbaseTxValueRemaining: template.valueSats,
      coinbaseTxOutputsCount: 1,
      coinbaseTxOutputs: output(0n, template.commitmentScript),
      coinbaseTxLocktime: 0,
      merklePath: template.merklePath,
    });
  }

  #prevHashFrame(): Frame {
    const { templateId, prevHash, nbits, target } = this.#templates.current;
    return encodeMessage(TemplateSetNewPrevHash, {
      templateId,
      prevHash,
      headerTimestamp: this.#ports.clock.unixSeconds(),
      nBits: nbits,
      target,
    });
  }

  #sendTransactions({ link }: Client, { templateId }: Message<"RequestTransactionData">): void {
    const template = this.#live.get(templateId);
    if (template === undefined) {
      const errorCode = this.#absence(templateId);
      link.send(encodeMessage(RequestTransactionDataError, { templateId, errorCode }));
      return;
    }
    const { transactions } = template;
    link.send(
      encodeMessage(RequestTransactionDataSuccess, {
        templateId,
        excessData: new Uint8Array(0),
        transactionList: transactions,
      }),
    );
  }

  #takeSolution(client: Client, message: Message<"SubmitSolution">): void {
    const template = this.#live.get(message.templateId);
    const verdict =
      template === undefined
        ? { verdict: "invalid" as const, reason: this.#absence(message.templateId) }
        : judgeSolution(message, template);
    const said = verdict.verdict === "block" ? "block" : verdict.reason;
    this.#events.emit({ event: "solution", client: client.id, verdict: said });
    if (verdict.verdict === "block") {
      this.#blocksFound++;
      this.#newBlock(verdict.hash);
    } else if (this.#isLate(message.templateId)) {
      this.#solutionsLate++;
    } else {
      this.#solutionsRefused++;
    }
  }

  /** Solved before the news of a block could be there. */
  #isLate(templateId: bigint): boolean {
    const sinceMs = this.#ports.clock.nowMs() - this.#tipAtMs;
    return this.#lastTip.has(templateId) && sinceMs <= LATE_WITHIN_MS;
  }

  #absence(templateId: bigint): "stale-template-id" | "template-id-not-found" {
    return templateId > 0n && templateId < this.#templates.current.templateId
      ? "stale-template-id"
      : "template-id-not-found";
  }
}
