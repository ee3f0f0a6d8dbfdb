/** What every `ByteStream`, and the `dial` that opens it, must do. */

import assert from "node:assert/strict";
import { equalBytes } from "../../src/lib/bytes.ts";
import type { ByteStream } from "../../src/ports/byte-stream.ts";
import { type DefineTest, joined, patternBytes } from "./define-test.ts";

export interface ByteStreamFixture extends AsyncDisposable {
  /** A new connection: the end that dialled, and the end that accepted. */
  connect(): Promise<{ near: ByteStream; far: ByteStream }>;
  /** Where `connect` dials. */
  readonly address: { readonly host: string; readonly port: number };
  dial(host: string, port: number, signal: AbortSignal): Promise<ByteStream>;
  /** A port at which nobody listens. */
  readonly deafPort: number;
  /** How much is more than the network itself holds between two ends. */
  readonly bulkBytes: number;
  /** What may at least wait for a reader who comes late. */
  readonly lateBytes: number;
  /** Lets a little time pass. */
  pass(): Promise<void>;
}

export function byteStreamContract(
  test: DefineTest,
  openFixture: () => Promise<ByteStreamFixture>,
): void {
  const onNetwork = (name: string, run: (network: ByteStreamFixture) => Promise<void>) =>
    test(name, async () => {
      await using network = await openFixture();
      await run(network);
    });

  onNetwork("bytes arrive in order, both ways", async (network) => {
    const { near, far } = await network.connect();
    const atFar = collect(far);
    const atNear = collect(near);
    for (const part of [1, 2, 3]) near.write(Uint8Array.of(part, part));
    far.write(Uint8Array.of(9));
    await until(network, () => atFar.length >= 6 && atNear.length >= 1);
    assert.deepEqual(atFar.bytes(), Uint8Array.of(1, 1, 2, 2, 3, 3));
    assert.deepEqual(atNear.bytes(), Uint8Array.of(9));
    assert.equal(near.remote, `${network.address.host}:${network.address.port}`);
  });

  onNetwork("much arrives in order although the reader comes late", async (network) => {
    const { near, far } = await network.connect();
    const sent = patternBytes(network.lateBytes);
    for (let at = 0; at < sent.length; at += 5_000) near.write(sent.subarray(at, at + 5_000));
    for (let turn = 0; turn < 20; turn++) await network.pass();
    const received = collect(far);
    await until(network, () => received.length >= sent.length);
    assert.ok(equalBytes(received.bytes(), sent));
  });

  onNetwork(
    "close sends what is queued; then both ends hear of an orderly end, once",
    async (network) => {
      const { near, far } = await network.connect();
      const nearEnds = countEnds(near);
      const farEnds = countEnds(far);
      const received = collect(far);
      const sent = patternBytes(network.bulkBytes);
      near.write(sent);
      near.close();
      near.close();
      near.write(Uint8Array.of(1));
      await until(network, () => nearEnds.length >= 1 && farEnds.length >= 1);
      for (let turn = 0; turn < 10; turn++) await network.pass();
      assert.deepEqual(nearEnds, [undefined]);
      assert.deepEqual(farEnds, [undefined]);
      assert.ok(equalBytes(received.bytes(), sent));
    },
  );

  onNetwork(
    "close delivers the last bytes although the far end was still talking",
    async (network) => {
      const { near, far } = await network.connect();
      const received = collect(far);
      const farEnds = countEnds(far);
      for (let turn = 0; turn < 5; turn++) {
        far.write(patternBytes(5_000));
        await network.pass();
      }
      near.write(Uint8Array.of(1, 2, 3));
      near.close();
      far.write(patternBytes(5_000));
      await until(network, () => farEnds.length >= 1);
      assert.deepEqual(received.bytes(), Uint8Array.of(1, 2, 3));
    },
  );

  onNetwork("destroy ends both ends, once", async (network) => {
    const { near, far } = await network.connect();
    const nearEnds = countEnds(near);
    const farEnds = countEnds(far);
    far.onData(() => {});
    near.destroy();
    near.destroy();
    near.close();
    await until(network, () => nearEnds.length >= 1 && farEnds.length >= 1);
    for (let turn = 0; turn < 10; turn++) await network.pass();
    assert.deepEqual(nearEnds, [undefined]);
    assert.equal(farEnds.length, 1);
  });

  onNetwork("our own end is never heard of from inside the call that makes it", async (network) => {
    for (const end of ["close", "destroy"] as const) {
      const { near } = await network.connect();
      const ends = countEnds(near);
      near[end]();
      assert.equal(ends.length, 0);
      await until(network, () => ends.length >= 1);
    }
  });

  onNetwork("who asks about the end after it came is told too, once", async (network) => {
    const { near } = await network.connect();
    const ends = countEnds(near);
    near.destroy();
    await until(network, () => ends.length >= 1);
    const late = countEnds(near);
    near.onEnd(() => assert.fail("disposed of before it could be told"))[Symbol.dispose]();
    assert.equal(late.length, 0);
    for (let turn = 0; turn < 10; turn++) await network.pass();
    assert.deepEqual(late, [undefined]);
  });

  onNetwork("after close no more bytes are delivered", async (network) => {
    const { near, far } = await network.connect();
    const received = collect(near);
    const ends = countEnds(near);
    near.close();
    far.write(Uint8Array.of(1));
    await until(network, () => ends.length >= 1);
    assert.equal(received.length, 0);
  });

  onNetwork("writing after the far end has gone does nothing", async (network) => {
    const { near, far } = await network.connect();
    const ends = countEnds(near);
    near.onData(() => {});
    far.onData(() => {});
    far.destroy();
    near.write(Uint8Array.of(1));
    await until(network, () => ends.length >= 1);
    near.write(Uint8Array.of(1));
    near.close();
    near.destroy();
    for (let turn = 0; turn < 10; turn++) await network.pass();
    assert.equal(ends.length, 1);
  });

  onNetwork("bytes come before the end that follows them", async (network) => {
    const { near, far } = await network.connect();
    far.write(Uint8Array.of(7));
    far.close();
    for (let turn = 0; turn < 10; turn++) await network.pass();
    const events: string[] = [];
    near.onEnd(() => events.push("end"));
    near.onData((chunk) => events.push(`byte ${chunk[0]}`));
    await until(network, () => events.length >= 2);
    assert.deepEqual(events, ["byte 7", "end"]);
  });

  onNetwork("dialling where nobody listens rejects with the system's code", async (network) => {
    const { signal } = new AbortController();
    const error = await outcomeOf(
      network,
      network.dial(network.address.host, network.deafPort, signal),
    );
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
  });

  onNetwork(
    "dialling rejects with the signal's reason, aborted before or during it",
    async (network) => {
      const { host, port } = network.address;
      const reason = new Error("we stop");
      assert.equal(
        await outcomeOf(network, network.dial(host, port, AbortSignal.abort(reason))),
        reason,
      );
      const controller = new AbortController();
      const dialling = network.dial(host, port, controller.signal);
      controller.abort(reason);
      assert.equal(await outcomeOf(network, dialling), reason);
    },
  );

  onNetwork("the signal of the dial says nothing about the connection", async (network) => {
    const controller = new AbortController();
    const { host, port } = network.address;
    const stream = await outcomeOf(network, network.dial(host, port, controller.signal));
    const ends = countEnds(stream as ByteStream);
    controller.abort();
    for (let turn = 0; turn < 10; turn++) await network.pass();
    assert.equal(ends.length, 0);
    (stream as ByteStream).destroy();
  });
}

const GIVE_UP_AFTER_MS = 10_000;

async function until(network: ByteStreamFixture, isSo: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startMs > GIVE_UP_AFTER_MS) assert.fail("waited in vain");
    await network.pass();
  }
}

/** The value or the error, while time passes. */
async function outcomeOf(network: ByteStreamFixture, promise: Promise<unknown>): Promise<unknown> {
  let outcome: { readonly value: unknown } | undefined;
  const settled = (value: unknown) => {
    outcome = { value };
  };
  promise.then(settled, settled);
  await until(network, () => outcome !== undefined);
  return outcome?.value;
}

function collect(stream: ByteStream) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  stream.onData((chunk) => {
    chunks.push(chunk.slice());
    length += chunk.length;
  });
  return {
    get length() {
      return length;
    },
    bytes: () => joined(chunks, length),
  };
}

function countEnds(stream: ByteStream): (Error | undefined)[] {
  const ends: (Error | undefined)[] = [];
  stream.onEnd((reason) => ends.push(reason));
  return ends;
}
