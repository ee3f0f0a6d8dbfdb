import { describe, expect, test } from "vitest";
import { concatBytes } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import type { Handshaker } from "../../src/noise/handshaker.ts";
import { ACT2_BYTES, type NoiseKeys, NxInitiator } from "../../src/noise/nx-handshake.ts";
import { ClientHandshake } from "../../src/upstream/client-handshake.ts";
import { fixedEntropy } from "../support/scripted-server.ts";

const KEYS: NoiseKeys = { send: new Uint8Array(32), receive: new Uint8Array(32).fill(1) };
const ACT2 = new Uint8Array(ACT2_BYTES).fill(2);

/** A handshaker whose answers come when the test says so. */
function slowHandshaker() {
  const steps: (() => void)[] = [];
  const later = <T>(value: T) => new Promise<T>((resolve) => steps.push(() => resolve(value)));
  const handshaker: Handshaker = {
    begin: () => later({ act1: new Uint8Array(64), finish: () => later(KEYS) }),
  };
  const step = async () => {
    steps.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { handshaker, step };
}

function record() {
  const written: number[] = [];
  const done: [NoiseKeys, number[]][] = [];
  const failures: unknown[] = [];
  const handshake = new ClientHandshake({
    write: (bytes) => void written.push(bytes.length),
    check: () => ({ authorityKey: undefined, unixSeconds: 0 }),
    onKeys: (keys, rest) => void done.push([keys, [...rest]]),
    onFailed: (error) => void failures.push(error),
  });
  return { handshake, written, done, failures };
}

describe("the client's handshake", () => {
  test("keys that are computed elsewhere come later, and nothing that arrives meanwhile is lost", async () => {
    const { handshaker, step } = slowHandshaker();
    const { handshake, written, done } = record();
    handshake.start(handshaker);
    expect(written).toEqual([]);
    await step();
    expect(written).toEqual([64]);
    handshake.receive(ACT2.subarray(0, 100));
    handshake.receive(concatBytes(ACT2.subarray(100), Uint8Array.of(7)));
    handshake.receive(Uint8Array.of(8, 9));
    expect(done).toEqual([]);
    await step();
    expect(done).toEqual([[KEYS, [7, 8, 9]]]);
  });

  test("a server that talks on and on before its keys are known is not listened to", async () => {
    const { handshake } = record();
    handshake.start(slowHandshaker().handshaker);
    expect(() => {
      for (let i = 0; i < 100; i++) handshake.receive(new Uint8Array(1_024));
    }).toThrow(WireError);
  });

  test("what a server did wrong is told, whether at once or later", async () => {
    const local = record();
    local.handshake.start({
      begin: () => new NxInitiator({ entropy: fixedEntropy(), aead: nobleAead }),
    });
    local.handshake.receive(ACT2);
    expect(local.failures).toEqual([expect.any(WireError)]);
    expect(local.done).toEqual([]);

    const remote = record();
    const lost = new Error("the thread ended");
    remote.handshake.start({ begin: () => Promise.reject(lost) });
    await Promise.resolve();
    await Promise.resolve();
    expect(remote.failures).toEqual([lost]);
  });
});
