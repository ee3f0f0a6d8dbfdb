/**
 * Writes the WebAssembly module that searches nonces on four lanes: one function, unrolled, folded wherever a word of
 * the message is known in advance. A generator instead of a text file, so that no toolchain is needed; a test runs it
 * and compares with what is committed.
 */
import { INITIAL_STATE, ROUND_CONSTANTS } from "../sha256-constants.ts";
import { layout } from "./layout.ts";

const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  brIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Store: 0x36,
  i32Const: 0x41,
  i32GeU: 0x4f,
  i32LtU: 0x49,
  i32Add: 0x6a,
  i32Or: 0x72,
  i32Shl: 0x74,
} as const;

/** Opcodes after the SIMD prefix 0xFD. */
const simd = {
  load: 0x00,
  load32Splat: 0x09,
  splat: 0x11,
  eq: 0x37,
  and: 0x4e,
  or: 0x50,
  xor: 0x51,
  bitmask: 0xa4,
  shl: 0xab,
  shrU: 0xad,
  add: 0xae,
} as const;

const type = { i32: 0x7f, v128: 0x7b, none: 0x40 } as const;

/** A word of the computation: known now, or in a local at run time. */
type Word = number | { readonly local: number };

const param = { quad: 0, step: 1, groups: 2, hitMask: 3 } as const;
const i32Local = { group: 4, hits: 5, lanes: 6 } as const;
const FIRST_VECTOR_LOCAL = 7;

export function assembleSearchModule(): Uint8Array {
  const constants = new ConstantPool();
  const code = new FunctionBody(constants);
  writeSearch(code);
  const body = code.finish();
  const text = (name: string) => [...leb(name.length), ...[...name].map((c) => c.charCodeAt(0))];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 4, type.i32, type.i32, type.i32, type.i32, 1, type.i32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...leb(layout.pages)]),
    ...section(7, [2, ...text("memory"), 0x02, 0, ...text("search"), 0x00, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
    ...section(11, [1, 0x00, op.i32Const, 0, op.end, ...constants.segment()]),
  ]);
}

/** `search(quad, step, groups, hitMask)`: how many groups have a lane whose last digest word is 0 under the mask. */
function writeSearch(code: FunctionBody): void {
  const nonce = code.newVector();
  const mask = code.newVector();
  const step = code.newVector();
  code.loadAt(layout.nonces);
  code.set(nonce);
  code.op(op.localGet, param.hitMask).simd(simd.splat).set(mask);
  code.op(op.localGet, param.step).simd(simd.splat).set(step);
  code.op(op.loop, type.none);

  const first = firstHash(code, nonce);
  const lastWord = secondHash(code, first);

  code.push(lastWord).push(mask).simd(simd.and).push(0).simd(simd.eq);
  code.simd(simd.bitmask).op(op.localTee, i32Local.lanes);
  code.op(op.if, type.none);
  code.op(op.localGet, i32Local.hits).op(op.i32Const, 2).op(op.i32Shl);
  code.op(op.localGet, i32Local.group).op(op.i32Const, 4).op(op.i32Shl);
  code.op(op.localGet, i32Local.lanes).op(op.i32Or);
  code.op(op.i32Store, 2, ...leb(layout.hits));
  code.op(op.localGet, i32Local.hits).op(op.i32Const, 1).op(op.i32Add);
  code.op(op.localSet, i32Local.hits);
  code.op(op.end);

  code.push(nonce).push(step).simd(simd.add).set(nonce);
  code.op(op.localGet, i32Local.group).op(op.i32Const, 1).op(op.i32Add);
  code.op(op.localTee, i32Local.group).op(op.localGet, param.groups).op(op.i32LtU);
  code.op(op.brIf, 0).op(op.end);
  code.op(op.localGet, i32Local.hits);
}

/** Second block of the header, from round 3 on: the eight words of the inner digest. */
function firstHash(code: FunctionBody, nonce: Word): Word[] {
  const state = words(8, (i) => code.loadQuad(layout.stateAfter3 + 16 * i));
  // Words 0 to 2 are the job's; they live on only inside schedule words 16 to 19, which are prepared.
  const message: Word[] = [0, 0, 0, nonce, 0x80000000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 640];
  const prepared = words(4, (i) => code.loadQuad(layout.schedule16 + 16 * i));
  const schedule = (round: number): Word => {
    if (round < 16) return message[round] as Word;
    const word =
      round < 18
        ? (prepared[round - 16] as Word)
        : round === 18
          ? code.sum([prepared[2] as Word, code.smallSigma0(nonce)])
          : round === 19
            ? code.sum([prepared[3] as Word, nonce])
            : nextScheduleWord(code, message, round);
    message[round % 16] = word;
    return word;
  };
  const last = rounds(code, state, 3, 64, schedule);
  return last.map((word, i) => code.sum([word, code.loadQuad(layout.midstate + 16 * i)]));
}

/** The outer hash; only its last word, which is final three rounds early. */
function secondHash(code: FunctionBody, digest: readonly Word[]): Word {
  const message: Word[] = [...digest, 0x80000000, 0, 0, 0, 0, 0, 0, 256];
  const schedule = (round: number): Word => {
    if (round >= 16) message[round % 16] = nextScheduleWord(code, message, round);
    return message[round % 16] as Word;
  };
  const state = rounds(code, [...INITIAL_STATE], 0, 61, schedule);
  return code.sum([state[4] as Word, INITIAL_STATE[7] as number]);
}

/** FIPS 180-4 §6.2.2 step 1 over a window of 16 words. */
function nextScheduleWord(code: FunctionBody, window: readonly Word[], round: number): Word {
  const at = (back: number) => window[(round - back) % 16] as Word;
  return code.sum([code.smallSigma1(at(2)), at(7), code.smallSigma0(at(15)), at(16)]);
}

/** FIPS 180-4 §6.2.2 step 3, the variables renamed instead of moved. */
function rounds(
  code: FunctionBody,
  initial: readonly Word[],
  from: number,
  to: number,
  schedule: (round: number) => Word,
): Word[] {
  let [a, b, c, d, e, f, g, h] = initial as [Word, Word, Word, Word, Word, Word, Word, Word];
  for (let round = from; round < to; round++) {
    const constant = ROUND_CONSTANTS[round] as number;
    const t1 = code.sum([h, schedule(round), constant, code.bigSigma1(e), code.choose(e, f, g)]);
    const t2 = [code.bigSigma0(a), code.majority(a, b, c)];
    [h, g, f, e, d, c, b, a] = [g, f, e, code.sum([d, t1]), c, b, a, code.sum([t1, ...t2])];
  }
  return [a, b, c, d, e, f, g, h];
}

/** Instructions of the one function, and which local holds what. */
class FunctionBody {
  readonly #bytes: number[] = [];
  readonly #constants: ConstantPool;
  #vectorCount = 0;

  constructor(constants: ConstantPool) {
    this.#constants = constants;
  }

  newVector(): { readonly local: number } {
    return { local: FIRST_VECTOR_LOCAL + this.#vectorCount++ };
  }

  op(...bytes: readonly number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  simd(opcode: number): this {
    return this.op(0xfd, ...leb(opcode));
  }

  push(word: Word): this {
    if (typeof word !== "number") return this.op(op.localGet, ...leb(word.local));
    this.op(op.i32Const, 0, 0xfd, ...leb(simd.load32Splat), 2);
    return this.op(...leb(this.#constants.addressOf(word)));
  }

  set(word: { readonly local: number }): this {
    return this.op(op.localSet, ...leb(word.local));
  }

  /** Four lanes from a fixed address. */
  loadAt(address: number): this {
    return this.op(op.i32Const, 0, 0xfd, simd.load, 4, ...leb(address));
  }

  loadQuad(offset: number): Word {
    this.op(op.localGet, param.quad, 0xfd, simd.load, 4, ...leb(offset));
    return this.#keep();
  }

  sum(terms: readonly Word[]): Word {
    const known = terms.reduce<number>(
      (total, term) => (typeof term === "number" ? (total + term) >>> 0 : total),
      0,
    );
    const unknown: Word[] = terms.filter((term) => typeof term !== "number");
    if (known !== 0) unknown.push(known);
    if (unknown.length === 0) return known;
    if (unknown.length === 1) return unknown[0] as Word;
    unknown.forEach((term, i) => {
      this.push(term);
      if (i > 0) this.simd(simd.add);
    });
    return this.#keep();
  }

  bigSigma0(x: Word): Word {
    return this.#sigma(x, [2, 13, 22], undefined);
  }

  bigSigma1(x: Word): Word {
    return this.#sigma(x, [6, 11, 25], undefined);
  }

  smallSigma0(x: Word): Word {
    return this.#sigma(x, [7, 18], 3);
  }

  smallSigma1(x: Word): Word {
    return this.#sigma(x, [17, 19], 10);
  }

  choose(x: Word, y: Word, z: Word): Word {
    if (typeof x === "number" && typeof y === "number" && typeof z === "number")
      return ((x & y) ^ (~x & z)) >>> 0;
    this.push(z).push(x).push(y).push(z).simd(simd.xor).simd(simd.and).simd(simd.xor);
    return this.#keep();
  }

  majority(x: Word, y: Word, z: Word): Word {
    if (typeof x === "number" && typeof y === "number" && typeof z === "number")
      return ((x & y) ^ (x & z) ^ (y & z)) >>> 0;
    this.push(x).push(y).simd(simd.and);
    this.push(x).push(y).simd(simd.or).push(z).simd(simd.and).simd(simd.or);
    return this.#keep();
  }

  #sigma(x: Word, rotations: readonly number[], shift: number | undefined): Word {
    if (typeof x === "number") {
      let known = shift === undefined ? 0 : x >>> shift;
      for (const n of rotations) known ^= (x >>> n) | (x << (32 - n));
      return known >>> 0;
    }
    rotations.forEach((n, i) => {
      this.push(x).op(op.i32Const, n).simd(simd.shrU);
      if (i > 0) this.simd(simd.xor);
      this.push(x)
        .op(op.i32Const, 32 - n)
        .simd(simd.shl)
        .simd(simd.xor);
    });
    if (shift !== undefined) this.push(x).op(op.i32Const, shift).simd(simd.shrU).simd(simd.xor);
    return this.#keep();
  }

  #keep(): Word {
    const word = this.newVector();
    this.set(word);
    return word;
  }

  finish(): number[] {
    const locals = [2, 3, type.i32, ...leb(this.#vectorCount), type.v128];
    return [...locals, ...this.#bytes, op.end];
  }
}

/** Constants of the code, each once: a splat from memory is cheaper than one from an immediate. */
class ConstantPool {
  readonly #values: number[] = [];

  addressOf(value: number): number {
    let index = this.#values.indexOf(value);
    if (index < 0) index = this.#values.push(value) - 1;
    return layout.constants + 4 * index;
  }

  segment(): number[] {
    const bytes = this.#values.flatMap((value) => [
      value & 0xff,
      (value >>> 8) & 0xff,
      (value >>> 16) & 0xff,
      value >>> 24,
    ]);
    return [...leb(bytes.length), ...bytes];
  }
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function words(count: number, make: (index: number) => Word): Word[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
