/** What contract suites share: they run under any test runner, or under none. */

/** vitest's `test` fits, and so does any function that runs the promise and reports. */
export type DefineTest = (name: string, run: () => Promise<void>) => void;

/** Bytes without a short period, so that a lost, doubled or swapped piece shows. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x2545f491;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Any number of chunks as one array. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
