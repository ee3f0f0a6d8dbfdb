/** What the value of a chip's register means, in fields and in a few words. */
import { baudOf, baudOfMiscControl } from "../../drivers/bm13xx/baud.ts";
import { type Bm13xxChip, explainedChipsByName } from "../../drivers/bm13xx/chips.ts";
import { decodePll } from "../../drivers/bm13xx/pll.ts";
import {
  type Bm13xxRegister,
  coreRegistersByNumber,
  type RegisterField,
  registers,
  registersByNumber,
} from "../../drivers/bm13xx/registers.ts";
import { difficultyOfTicketMask } from "../../drivers/bm13xx/ticket-mask.ts";
import { versionMaskOf } from "../../drivers/bm13xx/version-rolling.ts";
import { type ExplainedField, hex, numberField } from "./explanation.ts";

export interface ExplainedValue {
  /** "525 MHz"; empty when the value says nothing beyond its digits. */
  readonly words: string;
  readonly fields: readonly ExplainedField[];
}

/** "PLL0", or the number when it has no name. */
export function registerName(number: number): string {
  return registersByNumber.get(number)?.name ?? `register ${hex(number, 2)}`;
}

/** Some values mean another thing to some chips; without `chip` they are read as the full-header chips do. */
export function explainRegisterValue(
  number: number,
  value: number,
  chip: Bm13xxChip | undefined,
): ExplainedValue {
  const register = registersByNumber.get(number);
  if (register === undefined) return { words: "", fields: [] };
  const plain = (register.fields ?? []).map((field) => plainField(field, value, chip));
  const special = specialMeaning(register, value, chip);
  return { words: special.words, fields: [...special.fields, ...plain] };
}

function plainField(
  field: RegisterField,
  value: number,
  chip: Bm13xxChip | undefined,
): ExplainedField {
  const mask = field.bits === 32 ? 0xffffffff : 2 ** field.bits - 1;
  const raw = ((value >>> field.shift) & mask) >>> 0;
  // The only fields with an offset are post dividers.
  const isDirect = chip?.pll.postDividers === "direct";
  const meant = raw + (isDirect ? 0 : (field.offset ?? 0));
  const word = field.values?.[raw];
  return {
    name: field.name,
    value: meant,
    text: word === undefined ? `${meant}` : `${meant} (${word})`,
  };
}

function specialMeaning(
  register: Bm13xxRegister,
  value: number,
  chip: Bm13xxChip | undefined,
): ExplainedValue {
  switch (register) {
    case registers.chipId:
      return chipIdMeaning(value);
    case registers.pll0:
    case registers.pll1: {
      const { frequencyMHz, vcoMHz } = decodePll(value, chip?.pll.postDividers);
      if (!Number.isFinite(frequencyMHz) || frequencyMHz === 0) return nothing;
      const rounded = roundedMHz(frequencyMHz);
      return {
        words: `${rounded} MHz`,
        fields: [numberField("frequencyMHz", rounded, "MHz"), numberField("vcoMHz", vcoMHz, "MHz")],
      };
    }
    case registers.hashCountingNumber:
      return value === 0
        ? { words: "hashing off", fields: [] }
        : single("sweepMs", value / 25_000, "ms", `a sweep of ${value / 25_000} ms`);
    case registers.ticketMask: {
      const difficulty = difficultyOfTicketMask(value);
      if (difficulty === undefined) return { words: "not a mask of the lowest bits", fields: [] };
      const fields = [
        numberField("difficulty", difficulty),
        numberField("zeroBits", 32 + Math.log2(difficulty), "leading zero bits"),
      ];
      return { words: `difficulty ${difficulty}`, fields };
    }
    case registers.miscControl: {
      if (chip?.baudRegister !== register.number) return nothing;
      const baudRate = Math.round(baudOfMiscControl(value));
      return single("baudRate", baudRate, "baud", `${baudRate} baud`);
    }
    case registers.uartBaud: {
      if (chip !== undefined && chip.baudRegister !== register.number) return nothing;
      const baudRate = Math.round(baudOf(value));
      const fromPll = ((value >>> 26) & 3) === 1;
      const words = `${baudRate} baud${fromPll ? " if PLL1 makes 2800 MHz" : ""}`;
      return single("baudRate", baudRate, "baud", words);
    }
    case registers.versionRolling: {
      const mask = hex(versionMaskOf(value), 8);
      const on = value >>> 31 === 1;
      return {
        words: on ? `version mask ${mask}` : "version rolling off",
        fields: [{ name: "versionMask", value: mask, text: mask }],
      };
    }
    case registers.chipNonceOffset: {
      const start = (value & 0xffff) * 512;
      return single("sweepStart", start, "", `nonces from ${hex(start, 7)}`);
    }
    case registers.coreMailbox:
      return mailboxMeaning(value);
    default:
      return nothing;
  }
}

const nothing: ExplainedValue = { words: "", fields: [] };

function single(name: string, value: number, unit: string, words: string): ExplainedValue {
  return { words, fields: [numberField(name, value, unit)] };
}

function chipIdMeaning(value: number): ExplainedValue {
  const id = value >>> 16;
  const chip = [...explainedChipsByName.values()].find(({ chipId }) => chipId === id);
  const name = chip?.name ?? `BM${hex(id, 4)}`;
  const words = chip === undefined ? `${name}, a chip whose nonces are not explained` : name;
  return { words, fields: [{ name: "chip", value: chip?.name ?? null, text: words }] };
}

function mailboxMeaning(value: number): ExplainedValue {
  const number = (value >>> 8) & 0x1f;
  const name = coreRegistersByNumber.get(number)?.name ?? `core register ${hex(number, 2)}`;
  const cores = value >>> 31 === 1 ? "all cores" : `core ${(value >>> 16) & 0x1ff}`;
  const write = ((value >>> 15) & 1) === 1;
  const what = write ? `${name} = ${hex(value & 0xff, 2)}` : `read ${name}`;
  return {
    words: `${cores}: ${what}`,
    fields: [{ name: "coreRegisterName", value: name, text: name }],
  };
}

/** Words such as 81.428571 are 25 MHz times a fraction; six digits name them. */
function roundedMHz(frequencyMHz: number): number {
  return Number(frequencyMHz.toFixed(6));
}
