/** Explains recorded bytes of a chip's serial line, both directions. */
import { answerTypes } from "../../drivers/bm13xx/answer-stream.ts";
import { type Bm13xxChip, explainedChipsByName } from "../../drivers/bm13xx/chips.ts";
import { dissect, isGood, type Piece } from "../../drivers/bm13xx/dissect.ts";
import { headers } from "../../drivers/bm13xx/frame.ts";
import { decodeJob } from "../../drivers/bm13xx/job.ts";
import { decodeMidstateJob } from "../../drivers/bm13xx/midstate-job.ts";
import {
  addressFieldOf,
  coreOf,
  headerNonceOf,
  jobIdOf,
  midstateIndexOf,
  smallCoreOf,
  versionBitsOf,
} from "../../drivers/bm13xx/nonce.ts";
import { NONCE_BITS_PER_CORE } from "../../drivers/bm13xx/nonce-offsets.ts";
import { registers } from "../../drivers/bm13xx/registers.ts";
import { toDisplayHex } from "../../src/bitcoin/header.ts";
import { toHex, viewOf } from "../../src/lib/bytes.ts";
import { explainRegisterValue, registerName } from "./explain-register.ts";
import {
  countBytes,
  type ExplainedField,
  type ExplainedPart,
  type Explanation,
  hex,
  hexField,
  numberField,
  type PartKind,
} from "./explanation.ts";

/** Without `chip`, the chip that identifies itself in the bytes is taken. */
export function explainChipBytes(bytes: Uint8Array, chip: Bm13xxChip | undefined): Explanation {
  const pieces = dissect(bytes);
  const used = chip ?? identifiedChip(pieces);
  return {
    protocol: "bm13xx",
    lengthBytes: bytes.length,
    chip: used?.name ?? null,
    parts: pieces.map((piece) => explainPiece(piece, used)),
  };
}

interface Meaning {
  readonly kind: PartKind;
  readonly summary: string;
  readonly fields: readonly ExplainedField[];
}

function explainPiece(piece: Piece, chip: Bm13xxChip | undefined): ExplainedPart {
  const { kind, summary, fields } = meaningOf(piece, chip);
  const { checksum } = piece;
  const digits = checksum?.kind === "CRC16" ? 4 : 2;
  return {
    offset: piece.offset,
    hex: toHex(piece.bytes),
    kind,
    summary,
    crc:
      checksum === undefined
        ? null
        : {
            kind: checksum.kind,
            ok: isGood(piece),
            found: hex(checksum.found, digits),
            expected: hex(checksum.expected, digits),
          },
    fields,
  };
}

function meaningOf(piece: Piece, chip: Bm13xxChip | undefined): Meaning {
  const { bytes } = piece;
  switch (piece.kind) {
    case "command":
      return commandMeaning(bytes, chip);
    case "job":
      return jobMeaning(bytes);
    case "midstate-job":
      return midstateJobMeaning(bytes);
    case "answer":
      return answerMeaning(bytes, chip);
    case "cut":
      return {
        kind: "skipped",
        summary: `${countBytes(bytes)} of a frame that was cut short`,
        fields: [],
      };
    case "noise":
      return {
        kind: "skipped",
        summary: `${countBytes(bytes)} that ${bytes.length === 1 ? "belongs" : "belong"} to no frame`,
        fields: [],
      };
  }
}

function commandMeaning(bytes: Uint8Array, chip: Bm13xxChip | undefined): Meaning {
  const view = viewOf(bytes);
  const header = view.getUint8(2);
  const address = view.getUint8(4);
  const register = view.getUint8(5);
  const toAll = (header & 0x10) !== 0;
  const whom = toAll ? "of all chips" : `of the chip at ${hex(address, 2)}`;
  const target: ExplainedField[] = [
    { name: "toAllChips", value: toAll, text: toAll ? "yes" : "no" },
    { name: "address", value: address, text: hex(address, 2) },
  ];
  const named: ExplainedField[] = [
    { name: "register", value: register, text: hex(register, 2) },
    { name: "registerName", value: registerName(register), text: registerName(register) },
  ];
  const as = (operation: string, summary: string, fields: readonly ExplainedField[]): Meaning => ({
    kind: "command",
    summary,
    fields: [{ name: "operation", value: operation, text: operation }, ...fields],
  });
  switch (header) {
    case headers.setAddress: {
      const summary = `give address ${hex(address, 2)} to the first chip without one`;
      return as("set-address", summary, target);
    }
    case headers.chainInactive:
      return as("chain-inactive", "all chips: forget your address", target);
    case headers.readOne:
    case headers.readAll:
      return as("read", `read ${registerName(register)} ${whom}`, [...target, ...named]);
    default: {
      const value = view.getUint32(6);
      const { words, fields } = explainRegisterValue(register, value, chip);
      const summary = `write ${registerName(register)} ${whom} = ${hex(value, 8)}`;
      return as("write", words === "" ? summary : `${summary}: ${words}`, [
        ...target,
        ...named,
        hexField("value", hex(value, 8)),
        ...fields,
      ]);
    }
  }
}

function jobMeaning(bytes: Uint8Array): Meaning {
  const job = decodeJob(bytes);
  const prevHash = toDisplayHex(job.prevHash);
  return {
    kind: "job",
    summary: `job ${hex(job.chipJobId, 2)} on block ${prevHash}`,
    fields: [
      { name: "jobId", value: job.chipJobId, text: hex(job.chipJobId, 2) },
      numberField("midstates", job.midstates),
      hexField("startingNonce", hex(job.startingNonce, 8)),
      hexField("version", hex(job.version, 8)),
      { name: "prevHash", value: prevHash, text: `${prevHash} (display order)` },
      {
        name: "merkleRoot",
        value: toDisplayHex(job.merkleRoot),
        text: `${toDisplayHex(job.merkleRoot)} (display order)`,
      },
      {
        name: "ntime",
        value: job.ntime,
        text: `${job.ntime} (${utcOf(job.ntime)})`,
      },
      hexField("nbits", hex(job.nbits, 8)),
    ],
  };
}

function midstateJobMeaning(bytes: Uint8Array): Meaning {
  const job = decodeMidstateJob(bytes);
  const states = job.midstates.map((words, i): ExplainedField => {
    const state = [...words].map((word) => hex(word, 8)).join("");
    return hexField(`midstate${i}`, state);
  });
  return {
    kind: "job",
    summary: `job ${hex(job.chipJobId, 2)} with ${job.midstates.length} midstates, for BM1391, BM1397 or BM1398`,
    fields: [
      { name: "jobId", value: job.chipJobId, text: hex(job.chipJobId, 2) },
      numberField("midstates", job.midstates.length),
      hexField("startingNonce", hex(job.startingNonce, 8)),
      hexField("merkleTail", toHex(job.merkleTail)),
      { name: "ntime", value: job.ntime, text: `${job.ntime} (${utcOf(job.ntime)})` },
      hexField("nbits", hex(job.nbits, 8)),
      ...states,
    ],
  };
}

function utcOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace("T", " ").replace(".000Z", " UTC");
}

function answerMeaning(bytes: Uint8Array, chip: Bm13xxChip | undefined): Meaning {
  const view = viewOf(bytes);
  const type = view.getUint8(bytes.length - 1) >> 5;
  if (type === answerTypes.nonce) return nonceMeaning(view, chip);
  if (type === answerTypes.register) return registerAnswerMeaning(view, chip);
  return { kind: "unknown", summary: `answer of unknown type ${type}`, fields: [] };
}

function registerAnswerMeaning(view: DataView, chip: Bm13xxChip | undefined): Meaning {
  const value = view.getUint32(2);
  const address = view.getUint8(6);
  const register = view.getUint8(7);
  const { words, fields } = explainRegisterValue(register, value, chip);
  const summary = `the chip at ${hex(address, 2)} says ${registerName(register)} = ${hex(value, 8)}`;
  return {
    kind: "register-answer",
    summary: words === "" ? summary : `${summary}: ${words}`,
    fields: [
      { name: "chipAddress", value: address, text: hex(address, 2) },
      { name: "register", value: register, text: hex(register, 2) },
      { name: "registerName", value: registerName(register), text: registerName(register) },
      hexField("value", hex(value, 8)),
      ...fields,
    ],
  };
}

function nonceMeaning(view: DataView, chip: Bm13xxChip | undefined): Meaning {
  const nonceWire = view.getUint32(2);
  const nonce = headerNonceOf(nonceWire);
  const idByte = view.getUint8(7);
  const versionField = view.byteLength === 11 ? view.getUint16(8) : undefined;
  const counter = nonceWire & (2 ** NONCE_BITS_PER_CORE - 1);
  const address = addressFieldOf(nonceWire, chip?.nonceAddressShift);
  const located: ExplainedField =
    chip?.chipFrom === "offset-range"
      ? {
          name: "counter",
          value: counter,
          text: `${hex(counter, 7)}, of which a chain's chips have a range each`,
        }
      : { name: "chipAddress", value: address, text: hex(address, 2) };
  const where = chip?.chipFrom === "address-field" ? `, chip at ${located.text}` : "";
  const candidates = chip === undefined ? chipsThatAnswerIn(view.byteLength) : [chip];
  const jobField = fieldByChip(
    "jobId",
    candidates,
    (one) => jobIdOf(one, idByte),
    (value) => hex(value, 2),
  );
  const coreField = fieldByChip("core", candidates, (one) => coreOf(nonceWire, one.nonceCoreShift));
  const smallCoreField = fieldByChip("smallCore", candidates, (one) =>
    smallCoreOf(one, idByte, nonceWire),
  );
  const midstate: readonly ExplainedField[] =
    chip?.jobFormat === "midstate" ? [numberField("midstate", midstateIndexOf(chip, idByte))] : [];
  return {
    kind: "nonce",
    summary: `nonce ${hex(nonce, 8)} for job ${jobField.text}, core ${coreField.text}${where}`,
    fields: [
      hexField("nonce", hex(nonce, 8)),
      coreField,
      smallCoreField,
      located,
      jobField,
      ...midstate,
      hexField("idByte", hex(idByte, 2)),
      numberField("excess", view.getUint8(6), "(twice the zero bits beyond the required ones)"),
      ...(versionField === undefined
        ? []
        : [
            hexField("versionField", hex(versionField, 4)),
            hexField("versionBits", hex(versionBitsOf(versionField), 8)),
          ]),
    ],
  };
}

const explainedChips: readonly Bm13xxChip[] = [...explainedChipsByName.values()];

/** All begin with answers of 9 bytes; those that never roll versions stay there. */
function chipsThatAnswerIn(bytes: number): readonly Bm13xxChip[] {
  return explainedChips.filter(({ answerBytes }) => bytes <= answerBytes);
}

/** What the bytes mean, or all that they could mean while the chip is unknown. */
function fieldByChip(
  name: string,
  candidates: readonly Bm13xxChip[],
  read: (chip: Bm13xxChip) => number,
  say: (value: number) => string = String,
): ExplainedField {
  const chipsByValue = new Map<number, string[]>();
  for (const one of candidates)
    chipsByValue.set(read(one), [...(chipsByValue.get(read(one)) ?? []), one.name]);
  const [value = null] = chipsByValue.keys();
  const all = [...chipsByValue].map(([each, names]) => `${say(each)} (${names.join(", ")})`);
  return chipsByValue.size === 1 && value !== null
    ? { name, value, text: say(value) }
    : { name, value: null, text: all.join(" or ") };
}

/** The chip that answered a read of its id, when all that answered are of one kind. */
function identifiedChip(pieces: readonly Piece[]): Bm13xxChip | undefined {
  const chips = new Set<Bm13xxChip | undefined>();
  for (const piece of pieces) {
    const view = viewOf(piece.bytes);
    if (piece.kind !== "answer" || !isGood(piece)) continue;
    const type = view.getUint8(piece.bytes.length - 1) >> 5;
    if (type !== answerTypes.register || view.getUint8(7) !== registers.chipId.number) continue;
    chips.add(explainedChips.find(({ chipId }) => chipId === view.getUint16(2)));
  }
  const [chip] = chips;
  return chips.size === 1 ? chip : undefined;
}
