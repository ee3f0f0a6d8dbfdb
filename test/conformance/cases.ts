/** The conformance cases of a Stratum V2 mining device, as data: what is done to it, and what it must do. */

export const caseGroups = [
  "encoding",
  "noise",
  "set-up",
  "jobs",
  "ntime-version-target",
  "shares",
  "life-cycle",
] as const;
export type CaseGroup = (typeof caseGroups)[number];

export interface ConformanceCase {
  readonly number: number;
  readonly group: CaseGroup;
  /** Of the Stratum V2 specification, or of extension 0x0001 or 0x0002; "policy" where they are silent. */
  readonly section: string;
  readonly text: string;
}

type Row = readonly [number: number, section: string, text: string];

const encoding: readonly Row[] = [
  [1, "§3.1, §8", "every message encodes to the bytes of the vectors, and decodes from them"],
  [2, "§3.1", "of a BOOL only bit 0 counts"],
  [3, "§3.1", "an OPTION holds nothing or one; a count of 2 is malformed"],
  [4, "§3.1", "B0_32 takes 0 to 32 bytes; 33 are malformed"],
  [5, "§3.1", "strings of 0 and 255 bytes survive, and so does what is not UTF-8"],
  [6, "§3.2", "payload lengths from 0 to 2^24 − 1 encode and decode; 2^24 is refused"],
  [7, "§5.3.2", "F32 vectors; NaN, infinities and negatives are never sent"],
  [8, "§8", "every message that is sent has the channel bit of the table"],
  [9, "policy", "NewMiningJob without its channel bit is a job all the same"],
  [10, "§3.4.1", "an unknown extension, to the connection: discarded, nothing else happens"],
  [11, "§3.4.1", "an unknown extension, to our channel: discarded, nothing else happens"],
  [12, "§3.2.1", "the channel bit is no part of the extension id"],
  [13, "policy", "unknown message types of the core are ignored and logged"],
  [14, "ext1 §3", "message 0x01 of extension 0x0001 is not taken for SetupConnection.Success"],
  [15, "§3.4.3", "seven bytes after a known message are ignored, the message counts"],
  [16, "policy", "a known message that lacks its last byte ends the connection"],
  [17, "§3", "frames cut at any byte, or joined, give the same result"],
  [18, "policy", "a frame over the cap ends the connection before it is held in memory"],
  [19, "§4.6", "an empty frame of unknown type takes 22 bytes, and the stream stays in step"],
  [20, "§3.5", "a server's texts cannot write control characters into logs or screens"],
];

const noise: readonly Row[] = [
  [21, "§4.5.1", "the first chaining key and hash are the constants of the suite"],
  [22, "§4.5.1", "act 1 has 64 bytes, goes unprompted, and nothing follows before act 2"],
  [23, "§4.4, §4.5", "fixed keys reproduce every value of the transcript"],
  [24, "§4.3.1.1", "two connections begin with different bytes"],
  [25, "§4.5.2", "act 2 in single bytes is good; 233 bytes and the end are not"],
  [26, "§4.5", "a flipped bit in any part of act 2 ends it, and no byte of ours follows"],
  [27, "§4.5.3", "a certificate of another authority ends it"],
  [28, "§4.5.3", "a signature over the 64-byte encoding is no signature over the key"],
  [29, "§4.5.3.1", "a signature that covers the authority key, or unhashed fields, is refused"],
  [30, "§4.5.3", "outside of the period with its leeway: refused; on its limits: accepted"],
  [31, "policy", "a certificate of version 1 is refused"],
  [32, "§4.3.1.1", "a server key with odd y is accepted"],
  [33, "§4.4.2", "all BIP324 vectors of ElligatorSwift and its shared secrets"],
  [34, "§4.3.1", "all BIP340 vectors, the invalid ones included"],
  [35, "§4.3.3", "Wycheproof's ChaCha20-Poly1305 with nonces of 96 bits"],
  [36, "§4.6", "header and payload are sealed apart, with nonces 0, 1, 2, … per direction"],
  [37, "§4.6", "payloads around the block length give the recorded bytes"],
  [38, "§4.6", "a changed bit in the header, the payload or a second block ends it"],
  [39, "§4.4.1", "a repeated frame, or two in the wrong order, end it"],
  [40, "§4.5.2", "a server that confuses the two keys fails at its first frame"],
  [41, "policy", "a handshake that stalls is given up, closed, and tried again later"],
  [42, "policy", "a server of the obsolete protocol fails cleanly, and is called by its name"],
  [43, "§4.7", "authority keys: three are taken, five refused, each for its own reason"],
  [44, "§4", "no plaintext unless asked for, and never as a way out of a failed handshake"],
  [45, "policy", "no secret in logs, snapshots or dumps"],
];

const setUp: readonly Row[] = [
  [46, "§3.6.1", "the first frame is SetupConnection, and there is one"],
  [
    47,
    "§3.6.1, §5.3.1",
    "protocol 0, versions 2 to 2, flags, a vendor, no device id unless wanted",
  ],
  [48, "§3.6.1", "what a server sends before the set-up answer is not acted upon"],
  [49, "§3.6.2", "a used_version of 1 or 3 ends the connection"],
  [50, "§5.3.1", "a fixed version is obeyed: shares carry the job's version exactly"],
  [51, "§5.3.1", "a fixed version against our request is called a violation, then policy decides"],
  [52, "§5.3.1", "a server without standard channels is never asked for one"],
  [53, "policy", "unknown flag bits of a server are ignored"],
  [54, "§3.6.3, §3.5", "a refused set-up, whatever its code, is logged and not hammered at"],
  [55, "policy", "no answer to the set-up: given up, and tried again"],
  [56, "§5.3.2", "a channel request has its own id, a sensible rate and the configured target"],
  [57, "§5.3.3", "a channel for a request that nobody made is ignored"],
  [58, "§5.3.6", "no channel, no mining: back off, or the next pool"],
  [59, "§5.2", "channels of one connection share neither jobs, targets nor sequence numbers"],
  [60, "§5.3.3", "extranonce prefixes of 0, 8 and 32 bytes are accepted"],
  [61, "§5.3.3", "the first job has the target that the channel was opened with"],
];

const jobs: readonly Row[] = [
  [62, "§5.3.15", "a future job alone starts nothing"],
  [63, "§5.3.17", "a future job and its SetNewPrevHash start hashing, ntime at min_ntime"],
  [64, "§5.3.15, §5.3.17", "the header that is hashed has the layout of a known block's"],
  [65, "§5.3.15", "a job with min_ntime takes over at once, on the old tip"],
  [66, "§5.3.15", "a late nonce of a superseded job of the same tip is still submitted"],
  [67, "§5.3.17", "a new previous hash stops everything on the old one, late nonces included"],
  [68, "§5.3.17", "of two future jobs the one that is named becomes active"],
  [69, "§5.3.17", "future jobs that were not named are gone"],
  [70, "policy", "SetNewPrevHash with an unknown job: stop, log, recover"],
  [71, "policy", "an active job before any previous hash is ignored"],
  [72, "§5.3.17, §5.3.21, §5.3.9", "messages to the group reach each of its channels"],
  [73, "policy", "messages for other channels are ignored"],
  [74, "§5.3.22", "extended jobs and groups on a standard connection are ignored and logged"],
  [75, "policy", "ten thousand future jobs: the newest are kept, memory is bounded"],
  [76, "policy", "a future job's id sent again means its newest definition"],
  [77, "§3", "bursts of jobs and previous hashes end in the state of the last message"],
  [78, "§5.3.17", "from a received previous hash to the chips: measured, and within the budget"],
];

const ntimeVersionTarget: readonly Row[] = [
  [79, "§5.3.11", "no share has an ntime below its job's min_ntime"],
  [80, "§5.3.11", "no share is ahead of the time elapsed, whatever the wall clock does"],
  [81, "§10.2.1", "the submitted ntime is the one that was hashed"],
  [82, "§5.3.15", "outside of the mask, BIP320 or BIP323, the version is the job's"],
  [83, "§5.3.15", "rollable bits that the job has set are replaced, and headers stay consistent"],
  [84, "§5.3.21", "a hash equal to the target is a share, one above is not"],
  [85, "§5.3.21", "targets of 0, 1, 2^256 − 1 and fractional difficulty compare in 256 bits"],
  [86, "§5.3.21", "SetTarget leaves a running job with min_ntime alone, and holds for the next"],
  [87, "§5.3.21", "SetTarget holds for a future job that is still queued"],
  [88, "§5.3.21", "SetTarget after a future job became active: it keeps its target"],
  [89, "§5.3.7, §5.3.8", "a changed rate is told, once a second at most; any answer is tolerated"],
];

const shares: readonly Row[] = [
  [90, "§5.3.11", "sequence numbers increase per channel and start again with a connection"],
  [91, "§5.3.21", "every share hashes to its job's target or below; bad nonces stay here"],
  [92, "policy", "a nonce that comes twice is submitted once"],
  [93, "§5.3.13, §5.3.14", "batches and errors in them are counted exactly"],
  [94, "§5.3.13", "no acknowledgement for half an hour: no disconnect, nothing sent again"],
  [95, "§5.3.14", "an error behind an acknowledgement counts as reject, and nothing underflows"],
  [96, "§5.3.13", "share sums of 0 and 2^64 − 1 are just sums"],
  [97, "§3.5", "an unknown error code is logged and counted, mining goes on"],
  [98, "§3.5", "a storm of stale-share changes nothing but counts"],
  [99, "§5.2", "unacknowledged shares are not sent again on the next connection"],
];

const lifeCycle: readonly Row[] = [
  [100, "§3.6.5", "Reconnect leads to the right endpoint, with everything from the start"],
  [101, "§3.6.5", "a redirect to another authority is refused, the configured pool resumed"],
  [102, "policy", "redirects in a circle are bounded"],
  [103, "§3.3", "a redirect from an encrypted connection never yields plaintext"],
  [104, "§5.3.9", "a closed channel is hashed on no more, and opened again"],
  [105, "§5.3.9", "an orderly end closes each channel, then the connection"],
  [106, "§5.3.10", "SetExtranoncePrefix is stored and leaves the running job alone"],
  [107, "§3.6.4", "ChannelEndpointChanged clears the channel's extension state"],
  [108, "policy", "reset, half-open and dripping connections, in every state: stop and come back"],
  [109, "ext1 §1.1, §4", "extensions are negotiated only when wanted, and then first of all"],
  [110, "policy", "any bytes: declared errors only, nothing escapes or hangs"],
  [111, "policy", "a soak against the quirks of real pools: nothing is rejected through our fault"],
];

const rows: Readonly<Record<CaseGroup, readonly Row[]>> = {
  encoding,
  noise,
  "set-up": setUp,
  jobs,
  "ntime-version-target": ntimeVersionTarget,
  shares,
  "life-cycle": lifeCycle,
};

/** All 111, by number. */
export const cases: readonly ConformanceCase[] = caseGroups.flatMap((group) =>
  rows[group].map(([number, section, text]) => ({ number, group, section, text })),
);
