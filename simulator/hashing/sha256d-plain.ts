/**
 * Double SHA-256 of block headers in plain TypeScript, from the midstate: the reference for the SIMD search, and what
 * runs where that one does not. FIPS 180-4; words are 32-bit integers as JavaScript keeps them fastest, signed.
 */
import type { NonceSearch } from "./nonce-search.ts";
import { INITIAL_STATE, ROUND_CONSTANTS } from "./sha256-constants.ts";

const QUAD_CAPACITY = 240;
const LANES = 4;
/** Words 8 to 15 of the outer message: the digest is 256 bits long. */
const outerPadding = Int32Array.of(0x80000000, 0, 0, 0, 0, 0, 0, 256);

const roundConstants = Int32Array.from(ROUND_CONSTANTS);
const initialState = Int32Array.from(INITIAL_STATE);
/** Scratch: the sixteen words of a message lie at its start. */
const schedule = new Int32Array(64);

/** SHA-256 state after the first 64 bytes of a header, given as big-endian words (of which the first 16 are read). */
export function midstateOf(headerWords: ArrayLike<number>): Int32Array {
  for (let i = 0; i < 16; i++) schedule[i] = headerWords[i] as number;
  const state = initialState.slice();
  runRounds(state, 0, 64);
  for (let i = 0; i < 8; i++) state[i] = (state[i] as number) + (initialState[i] as number);
  return state;
}

/** State of the second block after its first three rounds, which the nonce does not touch. */
export function stateAfter3(midstate: Int32Array, tail: ArrayLike<number>): Int32Array {
  for (let i = 0; i < 3; i++) schedule[i] = tail[i] as number;
  const state = midstate.slice();
  runRounds(state, 0, 3);
  return state;
}

/** The whole digest as eight big-endian words; `tail` is the header's words 16 to 18, `nonce` its word 19. */
export function digestOf(midstate: Int32Array, tail: ArrayLike<number>, nonce: number): Int32Array {
  loadSecondBlock(tail);
  schedule[3] = nonce;
  const state = midstate.slice();
  runRounds(state, 0, 64);
  for (let i = 0; i < 8; i++) {
    schedule[i] = (state[i] as number) + (midstate[i] as number);
    schedule[8 + i] = outerPadding[i] as number;
    state[i] = initialState[i] as number;
  }
  runRounds(state, 0, 64);
  for (let i = 0; i < 8; i++) state[i] = (state[i] as number) + (initialState[i] as number);
  return state;
}

export function createPlainSearch(): NonceSearch {
  const midstates = new Int32Array(QUAD_CAPACITY * LANES * 8);
  const starts = new Int32Array(QUAD_CAPACITY * LANES * 8);
  const tails = new Int32Array(QUAD_CAPACITY * 3);
  const hits = new Uint32Array(4096);
  const state = new Int32Array(8);
  return {
    name: "plain",
    quadCapacity: QUAD_CAPACITY,
    hits,
    prepare(quad, laneMidstates, tail) {
      for (let lane = 0; lane < LANES; lane++) {
        const midstate = laneMidstates[lane] as Int32Array;
        midstates.set(midstate, 8 * (LANES * quad + lane));
        starts.set(stateAfter3(midstate, tail), 8 * (LANES * quad + lane));
      }
      for (let i = 0; i < 3; i++) tails[3 * quad + i] = tail[i] as number;
    },
    search(quad, nonces, step, groups, hitMask) {
      const tail = tails.subarray(3 * quad, 3 * quad + 3);
      let count = 0;
      for (let group = 0; group < groups; group++) {
        for (let lane = 0; lane < LANES; lane++) {
          const at = 8 * (LANES * quad + lane);
          loadSecondBlock(tail);
          schedule[3] = (nonces[lane] as number) + Math.imul(step, group);
          for (let i = 0; i < 8; i++) state[i] = starts[at + i] as number;
          runRounds(state, 3, 64);
          for (let i = 0; i < 8; i++) {
            schedule[i] = (state[i] as number) + (midstates[at + i] as number);
            schedule[8 + i] = outerPadding[i] as number;
            state[i] = initialState[i] as number;
          }
          // The last word of the digest is final three rounds early; almost every hash is out by then.
          runRounds(state, 0, 61);
          const last = ((state[4] as number) + (initialState[7] as number)) | 0;
          if ((last & hitMask) === 0) hits[count++] = (group << 2) | lane;
        }
      }
      return count;
    },
  };
}

function loadSecondBlock(tail: ArrayLike<number>): void {
  schedule[0] = tail[0] as number;
  schedule[1] = tail[1] as number;
  schedule[2] = tail[2] as number;
  schedule[4] = 0x80000000 | 0;
  for (let i = 5; i < 15; i++) schedule[i] = 0;
  schedule[15] = 640;
}

/** Rounds `from` to `to` on `state`, in place, without the final addition (FIPS 180-4 §6.2.2, steps 1 and 3). */
function runRounds(state: Int32Array, from: number, to: number): void {
  const w = schedule;
  for (let i = 16; i < to; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = ((w[i - 16] as number) + sigma0 + (w[i - 7] as number) + sigma1) | 0;
  }
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  let e = state[4] as number;
  let f = state[5] as number;
  let g = state[6] as number;
  let h = state[7] as number;
  for (let i = from; i < to; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const t1 = (h + sum1 + choice + (roundConstants[i] as number) + (w[i] as number)) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (sum0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
  state[4] = e;
  state[5] = f;
  state[6] = g;
  state[7] = h;
}
