/** The search on four lanes of WebAssembly SIMD: the same answers as the plain one, some three times as fast. */
import { inflateRawSync } from "node:zlib";
import { maxGroups, type NonceSearch, selfTest } from "./nonce-search.ts";
import { createPlainSearch, stateAfter3 } from "./sha256d-plain.ts";
import { layout, quadCapacity } from "./wasm/layout.ts";
import { searchModuleDeflated } from "./wasm/search-module.ts";

/** Node has it, but the compiler only knows it from the browser's library. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  readonly CompileError: new () => Error;
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

/** The fastest search that works here. `prefer` is for comparisons. */
export function createSearch(prefer: "simd" | "plain" = "simd"): NonceSearch {
  const simd = prefer === "simd" ? tryCreateSimdSearch() : undefined;
  return simd ?? createPlainSearch();
}

/** `undefined` where the engine knows no SIMD, or where it does not agree with the plain search. */
export function tryCreateSimdSearch(): NonceSearch | undefined {
  try {
    compiled ??= new WebAssembly.Module(searchModule());
    const search = simdSearch(new WebAssembly.Instance(compiled).exports as SearchExports);
    tested ??= selfTest(search);
    return tested ? search : undefined;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** The module that wasm/assemble.ts writes, as committed. */
export function searchModule(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(inflateRawSync(Buffer.from(searchModuleDeflated, "base64")));
}

/** Compiled and compared once per thread; every search has its own memory. */
let compiled: object | undefined;
let tested: boolean | undefined;

interface SearchExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  search(quad: number, step: number, groups: number, hitMask: number): number;
}

function simdSearch({ memory, search }: SearchExports): NonceSearch {
  const words = new Int32Array(memory.buffer);
  const hits = new Uint32Array(4 * maxGroups);
  return {
    name: "simd",
    quadCapacity,
    hits,
    prepare(quad, midstates, tail) {
      const at = (layout.quads + quad * layout.quadBytes) / 4;
      const put = (offset: number, word: number, lane: number, value: number) => {
        words[at + offset / 4 + 4 * word + lane] = value;
      };
      const schedule = preparedSchedule(tail);
      midstates.forEach((midstate, lane) => {
        const start = stateAfter3(midstate, tail);
        for (let i = 0; i < 8; i++) put(layout.midstate, i, lane, midstate[i] as number);
        for (let i = 0; i < 8; i++) put(layout.stateAfter3, i, lane, start[i] as number);
        for (let i = 0; i < 4; i++) put(layout.schedule16, i, lane, schedule[i] as number);
      });
    },
    search(quad, nonces, step, groups, hitMask) {
      for (let lane = 0; lane < 4; lane++) words[layout.nonces / 4 + lane] = nonces[lane] as number;
      const found = search(layout.quads + quad * layout.quadBytes, step, groups, hitMask);
      let count = 0;
      for (let i = 0; i < found; i++) {
        const hit = words[layout.hits / 4 + i] as number;
        for (let lane = 0; lane < 4; lane++)
          if ((hit >>> lane) & 1) hits[count++] = ((hit >>> 4) << 2) | lane;
      }
      return count;
    },
  };
}

/** Schedule words 16 and 17, and what is known of 18 and 19 without the nonce. */
function preparedSchedule(tail: ArrayLike<number>): readonly number[] {
  const [w0, w1, w2] = [tail[0] as number, tail[1] as number, tail[2] as number];
  const w16 = (w0 + smallSigma0(w1)) | 0;
  const w17 = (w1 + smallSigma0(w2) + smallSigma1(640)) | 0;
  return [w16, w17, (w2 + smallSigma1(w16)) | 0, (smallSigma0(0x80000000) + smallSigma1(w17)) | 0];
}

function smallSigma0(x: number): number {
  return ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
}

function smallSigma1(x: number): number {
  return ((x >>> 17) | (x << 15)) ^ ((x >>> 19) | (x << 13)) ^ (x >>> 10);
}
