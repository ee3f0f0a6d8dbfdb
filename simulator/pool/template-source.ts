/** Where the pool's block templates come from: the seam behind which a real node can stand. */

/** A block to be found, all of it but the coinbase. A source may hand out its own kind with more in it: it gets the same object back. */
export interface BlockTemplate {
  readonly height: number;
  /** Of the block before, 32 bytes in internal order. */
  readonly prevHash: Uint8Array;
  readonly nbits: number;
  readonly version: number;
  /** Subsidy and fees. */
  readonly valueSats: bigint;
  /** From the coinbase's txid to the merkle root, internal order. */
  readonly merklePath: readonly Uint8Array[];
  /** BIP141: script of the output that commits to the witnesses; absent: the block has none. */
  readonly witnessCommitment?: Uint8Array | undefined;
  /** Unix seconds; no header may be stamped earlier (a second after the median of the last eleven blocks). */
  readonly minTime?: number | undefined;
}

/** All that a node needs besides the template's own transactions. */
export interface FoundBlock {
  /** The very object that the source handed out; perhaps not its newest. */
  readonly template: BlockTemplate;
  /** 80 bytes. */
  readonly header: Uint8Array;
  /** Of the header, internal byte order. */
  readonly hash: Uint8Array;
  /** Without witness: its double SHA-256 is the txid. */
  readonly coinbase: Uint8Array;
  /** As it goes into the block: with witness where the template has a commitment, else the same bytes. */
  readonly coinbaseInBlock: Uint8Array;
}

export interface TemplateSource {
  /** To be mined on now. */
  readonly current: BlockTemplate;
  /** `current` is another one: another previous hash ends all jobs, the same one adds a job. */
  onChange(listener: () => void): Disposable;
  /** A share is a block. An invented chain goes on from it at once; a node is given it and reports the change later. */
  blockFound(block: FoundBlock): void;
  /** Pretends that somebody else found a block; absent where nobody can. */
  newBlock?(): void;
  /** Pretends that better transactions came; absent where nobody can. */
  newTemplate?(): void;
}
