/** What every `I2cBus` must do. Only addresses that the fixture names are spoken to, and only its register is written. */

import assert from "node:assert/strict";
import { DeviceError } from "../../src/lib/errors.ts";
import type { I2cBus } from "../../src/ports/i2c-bus.ts";
import type { DefineTest } from "./define-test.ts";

export interface I2cBusFixture extends AsyncDisposable {
  readonly bus: I2cBus;
  /**
   * A register that keeps what is written to it, of a part that takes the first byte of a write as its pointer; the limit
   * registers of any LM75 are such (pointer 2, [0x4b, 0x00] and [0x50, 0x00]).
   */
  readonly register: {
    readonly address: number;
    readonly pointer: number;
    /** Two contents of one length that it can hold. */
    readonly contents: readonly [Uint8Array, Uint8Array];
  };
  /** Nobody answers there. */
  readonly absentAddress: number;
  /** Absent: "nack". Some controllers only see that nothing happened. */
  readonly absentCode?: "timeout";
  /** Lets a little of the bus's time pass: a turn of the loop, or a step of a virtual clock. */
  pass(): Promise<void>;
}

export function i2cBusContract(test: DefineTest, openFixture: () => Promise<I2cBusFixture>): void {
  const onBus = (name: string, run: (fixture: I2cBusFixture) => Promise<void>) =>
    test(name, async () => {
      await using fixture = await openFixture();
      await run(fixture);
    });

  onBus(
    "what is written to a register is read back, with the pointer in one transfer",
    async (i2c) => {
      const { address, pointer, contents } = i2c.register;
      for (const content of contents) {
        await settle(i2c, i2c.bus.transfer(address, withPointer(pointer, content), 0));
        const read = i2c.bus.transfer(address, Uint8Array.of(pointer), content.length);
        assert.deepEqual(await settle(i2c, read), content);
      }
    },
  );

  onBus("a read without a write continues at the pointer that was written before", async (i2c) => {
    const { address, pointer, contents } = i2c.register;
    const [content] = contents;
    await settle(i2c, i2c.bus.transfer(address, withPointer(pointer, content), 0));
    await settle(i2c, i2c.bus.transfer(address, Uint8Array.of(pointer), 0));
    const read = i2c.bus.transfer(address, new Uint8Array(0), content.length);
    assert.deepEqual(await settle(i2c, read), content);
  });

  onBus("a transfer that reads nothing answers with nothing", async (i2c) => {
    const { address, pointer } = i2c.register;
    const answer = await settle(i2c, i2c.bus.transfer(address, Uint8Array.of(pointer), 0));
    assert.deepEqual(answer, new Uint8Array(0));
  });

  onBus("an answer is the caller's: later transfers do not change it", async (i2c) => {
    const { address, pointer, contents } = i2c.register;
    const read = () => i2c.bus.transfer(address, Uint8Array.of(pointer), contents[0].length);
    await settle(i2c, i2c.bus.transfer(address, withPointer(pointer, contents[0]), 0));
    const first = await settle(i2c, read());
    await settle(i2c, i2c.bus.transfer(address, withPointer(pointer, contents[1]), 0));
    assert.deepEqual(await settle(i2c, read()), contents[1]);
    assert.deepEqual(first, contents[0]);
  });

  onBus("where nobody answers the transfer fails by address, and the bus goes on", async (i2c) => {
    const { address, pointer, contents } = i2c.register;
    const attempts = [
      () => i2c.bus.transfer(i2c.absentAddress, Uint8Array.of(0), 0),
      () => i2c.bus.transfer(i2c.absentAddress, new Uint8Array(0), 1),
      () => i2c.bus.transfer(i2c.absentAddress, Uint8Array.of(0), 2),
    ];
    for (const attempt of attempts) {
      const error = await settle(i2c, rejectionOf(attempt()));
      assert.ok(error instanceof DeviceError, `${error}`);
      assert.equal(error.code, i2c.absentCode ?? "nack");
      assert.match(
        error.message,
        new RegExp(`0x${i2c.absentAddress.toString(16).padStart(2, "0")}`),
      );
    }
    await settle(i2c, i2c.bus.transfer(address, withPointer(pointer, contents[0]), 0));
    const read = i2c.bus.transfer(address, Uint8Array.of(pointer), contents[0].length);
    assert.deepEqual(await settle(i2c, read), contents[0]);
  });

  onBus("after closing, twice or once, every transfer is refused as gone", async (i2c) => {
    const { address, pointer } = i2c.register;
    await settle(i2c, i2c.bus[Symbol.asyncDispose]());
    await settle(i2c, i2c.bus[Symbol.asyncDispose]());
    const error = await settle(
      i2c,
      rejectionOf(i2c.bus.transfer(address, Uint8Array.of(pointer), 1)),
    );
    assert.ok(error instanceof DeviceError && error.code === "gone", `${error}`);
  });
}

const GIVE_UP_AFTER_MS = 10_000;

function withPointer(pointer: number, content: Uint8Array): Uint8Array {
  return Uint8Array.of(pointer, ...content);
}

/** The promise's outcome, while the bus's time passes. */
async function settle<T>(fixture: I2cBusFixture, promise: PromiseLike<T>): Promise<T> {
  let isSettled = false;
  const noteSettled = () => {
    isSettled = true;
  };
  promise.then(noteSettled, noteSettled);
  const startMs = performance.now();
  while (!isSettled) {
    if (performance.now() - startMs > GIVE_UP_AFTER_MS) assert.fail("waited in vain");
    await fixture.pass();
  }
  return promise;
}

function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
