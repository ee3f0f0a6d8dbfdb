import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadAdjtimex, openNtpState, syncOfTimex } from "../../../drivers/linux/ntp-state.ts";

/** A struct timex with everything set but the fields that count, so that a wrong offset shows. */
function timex(wordBytes: 4 | 8, status: number): Uint8Array {
  const bytes = new Uint8Array(512).fill(status === 0 ? 0xff : 0);
  const statusAt = { 4: 4 + 4 * 4, 8: 4 + 4 + 4 * 8 }[wordBytes];
  new Int32Array(bytes.buffer, statusAt, 1)[0] = status;
  return bytes;
}

const TIME_OK = 0;
const TIME_ERROR = 5;
const STA_PLL = 0x0001;
const STA_UNSYNC = 0x0040;
const STA_NANO = 0x2000;

describe.each([4, 8] as const)("struct timex with words of %d bytes", (word) => {
  test.each([
    ["good", TIME_OK, 0, "synchronised"],
    ["disciplined in nanoseconds", TIME_OK, STA_PLL | STA_NANO, "synchronised"],
    ["never set", TIME_ERROR, STA_UNSYNC, "unsynchronised"],
    ["marked as wrong only in its status", TIME_OK, STA_PLL | STA_UNSYNC, "unsynchronised"],
    ["failed for another reason", TIME_ERROR, STA_PLL, "unsynchronised"],
    ["one that may not be asked", -1, 0, "unknown"],
  ] as const)("a clock that is %s", (_, result, status, expected) => {
    expect(syncOfTimex(result, timex(word, status), word)).toBe(expected);
  });
});

describe("where the kernel cannot be asked", () => {
  let root: string;
  const forbidden = () => -1;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "asicd-ntp-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test.each([undefined, forbidden])(
    "and there is no systemd-timesyncd, nothing is known",
    async (adjtimex) => {
      expect((await openNtpState({ root, adjtimex })).read()).toBe("unknown");
    },
  );

  test("systemd-timesyncd's file counts from the moment in which it appears", async () => {
    const folder = join(root, "run/systemd/timesync");
    mkdirSync(folder, { recursive: true });
    const state = await openNtpState({ root, adjtimex: forbidden });
    expect(state).toMatchObject({ source: folder });
    expect(state.read()).toBe("unsynchronised");
    writeFileSync(join(folder, "synchronized"), "");
    expect(state.read()).toBe("synchronised");
  });
});

test("the kernel is asked each time, with a call that changes nothing", async () => {
  let status = STA_UNSYNC;
  const adjtimex = (asked: Uint8Array) => {
    expect(asked.every((byte) => byte === 0)).toBe(true);
    asked.set(timex(8, status));
    return status === STA_UNSYNC ? TIME_ERROR : TIME_OK;
  };
  const state = await openNtpState({ adjtimex, wordBytes: 8 });
  expect(state.read()).toBe("unsynchronised");
  status = STA_PLL;
  expect(state.read()).toBe("synchronised");
});

const ofThisMachine = await askThisMachine();

/** Undefined where koffi has no binary, or a container forbids the call. */
async function askThisMachine() {
  const adjtimex = await loadAdjtimex();
  const timex = new Uint8Array(512);
  const result = adjtimex?.(timex) ?? -1;
  return result < 0 ? undefined : { result, timex };
}

test.runIf(ofThisMachine !== undefined)(
  "this machine's kernel gives an answer that makes sense",
  async () => {
    const { result = -1, timex = new Uint8Array(512) } = ofThisMachine ?? {};
    expect(result).toBeLessThanOrEqual(TIME_ERROR);
    // The struct's own `time`, which comes after `status`: it is now when the layout is understood.
    const offset = ["x64", "arm64"].includes(process.arch) ? 72 : undefined;
    if (offset !== undefined) {
      const now = Number(new BigInt64Array(timex.buffer, offset, 1)[0]);
      expect(Math.abs(now - Date.now() / 1_000)).toBeLessThan(60);
    }
    const state = await openNtpState();
    expect(state.source).toBe("adjtimex");
    expect(state.read()).toBe(result === TIME_ERROR ? "unsynchronised" : "synchronised");
  },
);
