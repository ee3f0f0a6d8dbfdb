/** What the log of a server of the reference implementation says about channels, shares and blocks. */

/** Counted from the server's own log. */
export interface SriCounts {
  accepted: number;
  /** Of these, the ones covered by a SubmitShares.Success. */
  acknowledged: number;
  /** SubmitShares.Success messages. */
  acknowledgements: number;
  blocksFound: number;
  /** Error codes, oldest first. */
  readonly rejections: string[];
  /**
   * Stale shares refused within a moment of a new block: they were on their way before the device could know. No
   * device can avoid them, so they are told apart from those that one could.
   */
  crossedOnTheWire: number;
  standardChannels: number;
  extendedChannels: number;
  /** Of all channels together, as the device claims it. */
  claimedHps: number;
  newBlocks: number;
  feeBumps: number;
  /** SetTarget messages of vardiff, apart for targets that became easier and harder. */
  easierTargets: number;
  harderTargets: number;
  /** By jobs that came after the last of these. */
  acceptedByLastTarget: number;
}

export function nothingCounted(): SriCounts {
  return {
    accepted: 0,
    acknowledged: 0,
    acknowledgements: 0,
    blocksFound: 0,
    rejections: [],
    crossedOnTheWire: 0,
    standardChannels: 0,
    extendedChannels: 0,
    claimedHps: 0,
    newBlocks: 0,
    feeBumps: 0,
    easierTargets: 0,
    harderTargets: 0,
    acceptedByLastTarget: 0,
  };
}

/** A share that was sent before the news of a block arrived is refused this soon after it, on a busy machine. */
const CROSSING_MS = 250;

/** The pool's words, and the job declarator client's where they differ. */
const ACCEPTED =
  /SubmitShares(?:Standard|Extended)(?: on downstream channel)?: (?:valid share|SubmitSharesSuccess\()/;
const BATCH = /SubmitSharesSuccess\(.*new_submits_accepted_count=(\d+)/;
const REJECTED = /SubmitSharesError(?: on downstream channel)?: (?:.*error(?:_code: |=)(\S+))?/;
const OPENED = /Received:? Open(Standard|Extended)MiningChannel[:(]/;
const RETARGETED = /Updated target for (?:standard|extended) channel/;

/** Takes the log line by line and counts. */
export class SriLogReader {
  readonly #counts: SriCounts;
  /** Of the channel that vardiff looks at, as the server says it right before it changes it. */
  #targetInForce: bigint | undefined;
  #lastBlockMs = Number.NEGATIVE_INFINITY;
  #lastTargetHasJob = false;

  constructor(counts: SriCounts) {
    this.#counts = counts;
  }

  read(line: string): void {
    const counts = this.#counts;
    const timeMs = Date.parse(line.slice(0, line.indexOf(" ")));
    if (ACCEPTED.test(line)) {
      this.#accepted();
      const batch = BATCH.exec(line);
      if (batch !== null) {
        counts.acknowledgements++;
        counts.acknowledged += Number(batch[1]);
      }
    } else if (line.includes("Block Found")) {
      this.#accepted();
      counts.blocksFound++;
    } else if (REJECTED.test(line)) {
      const code = REJECTED.exec(line)?.[1] ?? line;
      if (code === "stale-share" && timeMs - this.#lastBlockMs < CROSSING_MS)
        counts.crossedOnTheWire++;
      else counts.rejections.push(code);
    } else if (OPENED.test(line)) {
      if (OPENED.exec(line)?.[1] === "Extended") counts.extendedChannels++;
      else counts.standardChannels++;
      counts.claimedHps += Number(/nominal_hash_rate: ([\d.]+)/.exec(line)?.[1] ?? 0);
    } else if (line.includes("Received: SetNewPrevHash")) {
      counts.newBlocks++;
      this.#lastBlockMs = timeMs;
      this.#lastTargetHasJob = true;
    } else if (line.includes("Received: NewTemplate") && line.includes("future_template: false")) {
      counts.feeBumps++;
      this.#lastTargetHasJob = true;
    } else if (line.includes("Current miner target")) {
      this.#targetInForce = targetIn(line);
    } else if (RETARGETED.test(line)) {
      this.#targetChanged(line);
    }
  }

  #accepted(): void {
    this.#counts.accepted++;
    if (this.#lastTargetHasJob) this.#counts.acceptedByLastTarget++;
  }

  #targetChanged(line: string): void {
    const target = targetIn(line);
    const before = this.#targetInForce;
    this.#targetInForce = undefined;
    if (target !== undefined && before !== undefined) {
      if (target > before) this.#counts.easierTargets++;
      if (target < before) this.#counts.harderTargets++;
    }
    this.#counts.acceptedByLastTarget = 0;
    this.#lastTargetHasJob = false;
  }
}

/** A share may cross a block on the wire; more than one per block would be the device's own slowness. */
export function noneRejected({ rejections, crossedOnTheWire, newBlocks }: SriCounts): boolean {
  return rejections.length === 0 && crossedOnTheWire <= newBlocks;
}

/** For a row. */
export function sharesText(counts: SriCounts): string {
  const { accepted, rejections, crossedOnTheWire, newBlocks } = counts;
  const why = rejections.length === 0 ? "" : ` (${[...new Set(rejections)].join(", ")})`;
  const crossed =
    crossedOnTheWire === 0
      ? ""
      : `, ${crossedOnTheWire} crossed a block on the wire (${newBlocks} allowed)`;
  return `${accepted} accepted, ${rejections.length} rejected${why}${crossed}`;
}

function targetIn(line: string): bigint | undefined {
  const digits = /target.*0x([0-9a-f]+)/.exec(line)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}
