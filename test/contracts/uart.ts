/**
 * What every `Uart` must do, whoever made it. Needs no test runner of its own: the caller hands in `test`, so the same
 * suite can run on a machine that has nothing but Node.
 */

import assert from "node:assert/strict";
import { concatBytes, equalBytes } from "../../src/lib/bytes.ts";
import { DeviceError } from "../../src/lib/errors.ts";
import type { Uart } from "../../src/ports/uart.ts";
import { type DefineTest, joined, patternBytes } from "./define-test.ts";

/** The far end of the line under test. */
export interface UartFarEnd {
  write(bytes: Uint8Array): void;
  onData(listener: (chunk: Uint8Array) => void): Disposable;
  hostBaudRate(): number;
  /** Unplugs the device. */
  vanish(): void | Promise<void>;
}

export interface UartFixture extends AsyncDisposable {
  readonly uart: Uart;
  readonly device: UartFarEnd;
  /** Lets a little of the line's time pass: a turn of the loop, or a step of a virtual clock. */
  pass(): Promise<void>;
  /** What the line keeps for a host that does not read; absent: any amount. A wire without flow control loses the rest. */
  readonly unreadLimitBytes?: number;
  /** How far the clock's divider is from what was asked for at most; absent: exact. */
  readonly rateWithinBaud?: number;
}

/** Opens a fresh line at the baud rate. */
export type OpenUartFixture = (baudRate: number) => Promise<UartFixture>;

export function uartContract(test: DefineTest, openFixture: OpenUartFixture): void {
  const onLine = (name: string, run: (line: UartFixture) => Promise<void>) =>
    test(name, async () => {
      await using line = await openFixture(115_200);
      await run(line);
    });

  onLine("all 256 byte values reach the device unchanged", async (line) => {
    const received = collect((listener) => line.device.onData(listener));
    line.uart.send(EVERY_BYTE);
    await until(line, "256 bytes at the device", () => received.length >= 256);
    assert.deepEqual(received.bytes(), EVERY_BYTE);
  });

  onLine("all 256 byte values reach the host unchanged", async (line) => {
    const received = collect((listener) => line.uart.onReceive(listener));
    line.device.write(EVERY_BYTE);
    await until(line, "256 bytes at the host", () => received.length >= 256);
    assert.deepEqual(received.bytes(), EVERY_BYTE);
  });

  onLine("the bytes that commonly go wrong on ttys pass many times in a row", async (line) => {
    const delicate = new Uint8Array(700).map((_, i) => DELICATE[i % DELICATE.length] ?? 0);
    const atDevice = collect((listener) => line.device.onData(listener));
    const atHost = collect((listener) => line.uart.onReceive(listener));
    line.uart.send(delicate);
    line.device.write(delicate);
    await until(line, "both", () => atDevice.length >= 700 && atHost.length >= 700);
    assert.deepEqual(atDevice.bytes(), delicate);
    assert.deepEqual(atHost.bytes(), delicate);
  });

  // As much as may wait: a device that lets more wait counts as gone.
  onLine("60 kB in frames keep their order although the device reads late", async (line) => {
    const sent = patternBytes(60_000);
    for (let at = 0; at < sent.length; at += 88) line.uart.send(sent.subarray(at, at + 88));
    for (let turn = 0; turn < 20; turn++) await line.pass();
    const received = collect((listener) => line.device.onData(listener));
    await until(line, "60 kB at the device", () => received.length >= sent.length);
    assert.ok(equalBytes(received.bytes(), sent), "the same bytes in the same order");
  });

  onLine("1 MB, or what fits, keeps its order although the host reads late", async (line) => {
    const sent = patternBytes(Math.min(1 << 20, line.unreadLimitBytes ?? Number.POSITIVE_INFINITY));
    for (let at = 0; at < sent.length; at += 1_100)
      line.device.write(sent.subarray(at, at + 1_100));
    for (let turn = 0; turn < 20; turn++) await line.pass();
    const received = collect((listener) => line.uart.onReceive(listener));
    await until(line, "all of it at the host", () => received.length >= sent.length);
    assert.ok(equalBytes(received.bytes(), sent), "the same bytes in the same order");
  });

  onLine("the device may reuse its buffer as soon as write returns", async (line) => {
    const received = collect((listener) => line.uart.onReceive(listener));
    const buffer = new Uint8Array(20_000).fill(1);
    line.device.write(buffer);
    buffer.fill(2);
    await until(line, "20 000 bytes", () => received.length >= 20_000);
    assert.ok(received.bytes().every((byte) => byte === 1));
  });

  onLine("the baud rate changes while open, exactly, and bytes still pass", async (line) => {
    const atDevice = collect((listener) => line.device.onData(listener));
    assert.equal(line.uart.baudRate, 115_200);
    assert.equal(line.device.hostBaudRate(), 115_200);
    for (const baudRate of [1_041_667, 3_125_000, 1_000_000, 9_600]) {
      await settle(line, line.uart.setBaudRate(baudRate));
      assert.equal(line.uart.baudRate, baudRate);
      const offBaud = Math.abs(line.device.hostBaudRate() - baudRate);
      assert.ok(offBaud <= (line.rateWithinBaud ?? 0), `${offBaud} off ${baudRate}`);
      const before = atDevice.length;
      line.uart.send(EVERY_BYTE);
      await until(line, "256 more bytes", () => atDevice.length >= before + 256);
    }
    assert.deepEqual(atDevice.bytes().subarray(-256), EVERY_BYTE);
  });

  onLine("a frame sent just before a change of baud rate is not lost", async (line) => {
    const atDevice = collect((listener) => line.device.onData(listener));
    for (const baudRate of [3_125_000, 1_000_000, 115_200]) {
      line.uart.send(EVERY_BYTE);
      await settle(line, line.uart.setBaudRate(baudRate));
    }
    await until(line, "3 frames", () => atDevice.length >= 3 * 256);
    assert.deepEqual(atDevice.bytes(), concatBytes(EVERY_BYTE, EVERY_BYTE, EVERY_BYTE));
  });

  onLine("a baud rate that cannot be is refused by name and changes nothing", async (line) => {
    for (const baudRate of [0, -1, 1.5, Number.NaN]) {
      const error = await settle(line, rejectionOf(line.uart.setBaudRate(baudRate)));
      assert.ok(error instanceof DeviceError && error.code === "refused");
      assert.match(error.message, new RegExp(`${baudRate} baud`));
    }
    assert.equal(line.uart.baudRate, 115_200);
    assert.equal(line.device.hostBaudRate(), 115_200);
  });

  onLine("drain resolves once, at once when nothing was sent", async (line) => {
    line.device.onData(() => {});
    await settle(line, line.uart.drain());
    line.uart.send(EVERY_BYTE);
    await settle(line, Promise.all([line.uart.drain(), line.uart.drain()]));
  });

  onLine("every listener hears every byte until it is disposed of", async (line) => {
    const first = collect((listener) => line.uart.onReceive(listener));
    const second = collect((listener) => line.uart.onReceive(listener));
    line.device.write(Uint8Array.of(1));
    await until(line, "first byte", () => first.length === 1 && second.length === 1);
    first.subscription[Symbol.dispose]();
    first.subscription[Symbol.dispose]();
    line.device.write(Uint8Array.of(2));
    await until(line, "second byte", () => second.length === 2);
    assert.deepEqual(first.bytes(), Uint8Array.of(1));
    assert.deepEqual(second.bytes(), Uint8Array.of(1, 2));
  });

  onLine("a listener is never called from inside the host's own call", async (line) => {
    let isInside = false;
    let calledInside = false;
    let answered = 0;
    line.device.onData((chunk) => line.device.write(chunk));
    line.uart.onReceive((chunk) => {
      calledInside ||= isInside;
      answered += chunk.length;
    });
    isInside = true;
    line.uart.send(EVERY_BYTE);
    isInside = false;
    await until(line, "the echo", () => answered === 256);
    assert.equal(calledInside, false);
  });

  onLine("a device that vanishes is reported exactly once, to everybody, as gone", async (line) => {
    const reasons: DeviceError[] = [];
    line.uart.onGone((reason) => reasons.push(reason));
    line.uart.onGone((reason) => reasons.push(reason));
    line.uart.onReceive(() => {});
    await line.pass();
    await line.device.vanish();
    await until(line, "the reports", () => reasons.length >= 2);
    await line.device.vanish();
    for (let turn = 0; turn < 10; turn++) await line.pass();
    assert.deepEqual(
      reasons.map((reason) => reason.code),
      ["gone", "gone"],
    );
    assert.ok(reasons.every((reason) => reason.device === line.uart.path));
  });

  onLine(
    "after the device is gone send is harmless, and waiting for it is refused as gone",
    async (line) => {
      let isGone = false;
      line.uart.onGone(() => {
        isGone = true;
        line.uart.send(EVERY_BYTE);
      });
      await line.pass();
      await line.device.vanish();
      await until(line, "gone", () => isGone);
      line.uart.send(EVERY_BYTE);
      for (const attempt of [line.uart.drain(), line.uart.setBaudRate(9_600)].map(rejectionOf)) {
        const error = await settle(line, attempt);
        assert.ok(error instanceof DeviceError && error.code === "gone");
      }
    },
  );

  onLine("a device that vanishes while much is unsent ends every wait", async (line) => {
    line.uart.onGone(() => {});
    for (let i = 0; i < 234; i++) line.uart.send(EVERY_BYTE);
    const draining = rejectionOf(line.uart.drain());
    await line.pass();
    await line.device.vanish();
    await settle(line, draining);
    await settle(line, line.uart[Symbol.asyncDispose]());
  });

  onLine("closing twice is closing once, is not a loss, and ends everything", async (line) => {
    let isGone = false;
    line.uart.onGone(() => {
      isGone = true;
    });
    const received = collect((listener) => line.uart.onReceive(listener));
    await line.pass();
    await settle(
      line,
      Promise.all([line.uart[Symbol.asyncDispose](), line.uart[Symbol.asyncDispose]()]),
    );
    await settle(line, line.uart[Symbol.asyncDispose]());
    line.uart.send(EVERY_BYTE);
    line.device.write(EVERY_BYTE);
    for (const attempt of [line.uart.drain(), line.uart.setBaudRate(9_600)].map(rejectionOf)) {
      const error = await settle(line, attempt);
      assert.ok(error instanceof DeviceError && error.code === "gone");
    }
    await line.device.vanish();
    for (let turn = 0; turn < 10; turn++) await line.pass();
    assert.equal(isGone, false);
    assert.equal(received.length, 0);
  });

  onLine("closing while much is unsent does not hang", async (line) => {
    for (let i = 0; i < 234; i++) line.uart.send(EVERY_BYTE);
    const draining = rejectionOf(line.uart.drain());
    await settle(line, line.uart[Symbol.asyncDispose]());
    const error = await settle(line, draining);
    // A line without a speed has nothing unsent.
    assert.ok(error === undefined || (error instanceof DeviceError && error.code === "gone"));
  });
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, value) => value);
/** NUL, LF, CR, XON, XOFF, DEL, the parity mark, and the usual control characters (^C ^D ^Z ^\ ESC). */
const DELICATE = [0x00, 0x0a, 0x0d, 0x11, 0x13, 0x7f, 0xff, 0x03, 0x04, 0x1a, 0x1c, 0x1b];
const GIVE_UP_AFTER_MS = 10_000;

function collect(listen: (listener: (chunk: Uint8Array) => void) => Disposable) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const subscription = listen((chunk) => {
    chunks.push(chunk.slice());
    length += chunk.length;
  });
  return {
    subscription,
    get length() {
      return length;
    },
    bytes: () => joined(chunks, length),
  };
}

async function until(line: UartFixture, what: string, isSo: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startMs > GIVE_UP_AFTER_MS) assert.fail(`waited in vain for ${what}`);
    await line.pass();
  }
}

/** The promise's outcome, while the line's time passes. */
async function settle<T>(line: UartFixture, promise: PromiseLike<T>): Promise<T> {
  let isSettled = false;
  const noteSettled = () => {
    isSettled = true;
  };
  promise.then(noteSettled, noteSettled);
  await until(line, "a promise to settle", () => isSettled);
  return promise;
}

function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
