import { afterAll, describe, expect, test } from "vitest";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import { ThreadedHandshaker } from "../../../firmware/platform/threaded-handshaker.ts";
import { findProgram } from "../../../firmware/programs.ts";
import { WireError } from "../../../src/lib/errors.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { nobleAead } from "../../../src/noise/aead.ts";
import { issueCertificate } from "../../../src/noise/certificate.ts";
import { generateKeyPair } from "../../../src/noise/ellswift.ts";
import { localHandshaker } from "../../../src/noise/handshaker.ts";
import { NxResponder } from "../../../src/noise/nx-handshake.ts";
import { AUTHORITY } from "../../support/scripted-server.ts";

const NOW = 1_750_000_000;
const handshaker = new ThreadedHandshaker(() => findProgram("handshake-thread"));
afterAll(() => handshaker.close());

function respond(act1: Uint8Array, notValidAfter = NOW + 60) {
  const staticKey = generateKeyPair(systemEntropy);
  const certificate = issueCertificate({
    authoritySecret: AUTHORITY.secret,
    staticKey,
    validFrom: NOW - 60,
    notValidAfter,
  });
  const ports = { entropy: systemEntropy, aead: nobleAead };
  return new NxResponder({ ...ports, staticKey, certificate }).respond(act1);
}

const check = { authorityKey: AUTHORITY.publicKey, unixSeconds: NOW };

describe("handshakes on a thread of their own", () => {
  test("come to the keys that the server has, several at once", async () => {
    const all = await Promise.all([1, 2, 3].map(() => handshaker.begin()));
    expect(new Set(all.map(({ act1 }) => `${act1}`)).size).toBe(3);
    for (const handshake of all.reverse()) {
      const { act2, keys } = respond(handshake.act1);
      const own = await handshake.finish(act2, check);
      expect(own.send).toEqual(keys.receive);
      expect(own.receive).toEqual(keys.send);
    }
  });

  test("leave this thread free", async () => {
    let leastMs = Number.POSITIVE_INFINITY;
    // Whoever shares the processor may take it at any time, but not each time.
    for (let i = 0; i < 5; i++) {
      const handshake = await handshaker.begin();
      const { act2 } = respond(handshake.act1);
      const startedMs = performance.now();
      const keys = handshake.finish(act2, check);
      leastMs = Math.min(leastMs, performance.now() - startedMs);
      await keys;
    }
    // The curves take more than ten milliseconds; handing them over does not.
    expect(leastMs).toBeLessThan(10);
  });

  test("fail with the error that the server earned", async () => {
    const expired = await handshaker.begin();
    await expect(expired.finish(respond(expired.act1, NOW - 30).act2, check)).rejects.toMatchObject(
      { name: "WireError", code: "certificate-time" },
    );
    const garbled = await handshaker.begin();
    const { act2 } = respond(garbled.act1);
    act2[100] = (act2[100] ?? 0) ^ 1;
    await expect(garbled.finish(act2, check)).rejects.toThrow(WireError);
  });

  test("are made on this thread, and that is said once, when no other can be had", async () => {
    const told: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void told.push(message) };
    const local = localHandshaker({ entropy: systemEntropy, aead: nobleAead });
    // A file that is not there ends a thread that was started, a path that is none keeps it from starting.
    for (const program of ["/nowhere/handshake-thread.js", "no-path.js"]) {
      told.length = 0;
      const lame = new ThreadedHandshaker(() => program, local, log);
      for (let i = 0; i < 2; i++) {
        const handshake = await lame.begin();
        const { act2, keys } = respond(handshake.act1);
        expect((await handshake.finish(act2, check)).send).toEqual(keys.receive);
      }
      expect(told).toEqual(["no thread for handshakes: they hold up mining for a moment"]);
      await expect(new ThreadedHandshaker(() => program).begin()).rejects.toThrow();
      lame.close();
    }
  });

  test("a thread that is ended is started again", async () => {
    handshaker.close();
    const handshake = await handshaker.begin();
    const { act2 } = respond(handshake.act1);
    await expect(handshake.finish(act2, check)).resolves.toBeDefined();
  });
});
