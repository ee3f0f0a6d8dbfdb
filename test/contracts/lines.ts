/** What every output, input, pulse-width output and tachometer must do; each suite runs where its fixture can be made. */

import assert from "node:assert/strict";
import { DeviceError } from "../../src/lib/errors.ts";
import type { InputLine, OutputLine, PwmOutput, Tachometer } from "../../src/ports/lines.ts";
import type { DefineTest } from "./define-test.ts";

type Level = 0 | 1;

export interface OutputLineFixture extends AsyncDisposable {
  /** Opens the line with this state; may be called again after the one before is closed. */
  open(active: boolean): Promise<OutputLine>;
  readonly isActiveLow: boolean;
  /** The electrical level that the far end sees. */
  level(): Level | Promise<Level>;
  /** The level is there when `set` returns, before its promise settles; not so over USB. */
  readonly isImmediate: boolean;
}

export function outputLineContract(
  test: DefineTest,
  openFixture: () => Promise<OutputLineFixture>,
): void {
  const onLine = withFixture(test, openFixture);

  onLine("an output is driven as asked from the moment it is open", async (line) => {
    for (const active of [true, false, true]) {
      await using _output = await line.open(active);
      assert.equal(await line.level(), levelOf(line, active));
    }
  });

  onLine("set drives the level that the polarity means, also twice the same", async (line) => {
    await using output = await line.open(false);
    for (const active of [true, true, false, false, true]) {
      await output.set(active);
      assert.equal(await line.level(), levelOf(line, active));
    }
  });

  onLine(
    "what is set is on the line when the call returns, where that is possible",
    async (line) => {
      await using output = await line.open(false);
      const setting = output.set(true);
      const level = line.level();
      await setting;
      if (line.isImmediate) assert.equal(await level, levelOf(line, true));
      assert.equal(await line.level(), levelOf(line, true));
    },
  );

  onLine("a closed output is refused as gone and moves nothing", async (line) => {
    const output = await line.open(true);
    await output[Symbol.asyncDispose]();
    await output[Symbol.asyncDispose]();
    const level = await line.level();
    await assertGone(output.set(false));
    assert.equal(await line.level(), level);
  });
}

export interface InputLineFixture extends AsyncDisposable {
  readonly input: InputLine;
  readonly isActiveLow: boolean;
  /** The far end drives the line. */
  setLevel(level: Level): void | Promise<void>;
}

export function inputLineContract(
  test: DefineTest,
  openFixture: () => Promise<InputLineFixture>,
): void {
  const onLine = withFixture(test, openFixture);

  onLine("an input follows the level, as the polarity means it", async (line) => {
    for (const active of [true, false, false, true]) {
      await line.setLevel(levelOf(line, active));
      assert.equal(await line.input.get(), active);
    }
  });

  onLine("a closed input is refused as gone", async (line) => {
    await line.input[Symbol.asyncDispose]();
    await line.input[Symbol.asyncDispose]();
    await assertGone(line.input.get());
  });
}

export interface PwmFixture extends AsyncDisposable {
  readonly pwm: PwmOutput;
  /** What the far end sees, 0 to 100; `undefined` while the output is off. */
  dutyPercent(): number | undefined | Promise<number | undefined>;
}

export function pwmContract(test: DefineTest, openFixture: () => Promise<PwmFixture>): void {
  const onPwm = withFixture(test, openFixture);

  onPwm("the far end sees the duty that was set, from nothing to full", async (line) => {
    for (const dutyPercent of [100, 0, 37.5, 1, 99, 100]) {
      await line.pwm.setDuty(dutyPercent);
      assertClose((await line.dutyPercent()) ?? Number.NaN, dutyPercent, DUTY_WITHIN_PERCENT);
    }
  });

  onPwm("of several orders at once the last one counts", async (line) => {
    await Promise.all([20, 80, 60].map((dutyPercent) => line.pwm.setDuty(dutyPercent)));
    assertClose((await line.dutyPercent()) ?? Number.NaN, 60, DUTY_WITHIN_PERCENT);
  });

  onPwm("a duty that cannot be is refused and changes nothing", async (line) => {
    await line.pwm.setDuty(40);
    for (const dutyPercent of [-1, 100.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = await rejectionOf(line.pwm.setDuty(dutyPercent));
      assert.ok(error instanceof DeviceError && error.code === "refused", `${error}`);
    }
    assertClose((await line.dutyPercent()) ?? Number.NaN, 40, DUTY_WITHIN_PERCENT);
  });

  onPwm("a closed output is refused as gone; the fan goes on as it was", async (line) => {
    await line.pwm.setDuty(70);
    await line.pwm[Symbol.asyncDispose]();
    await line.pwm[Symbol.asyncDispose]();
    await assertGone(line.pwm.setDuty(10));
    assertClose((await line.dutyPercent()) ?? Number.NaN, 70, DUTY_WITHIN_PERCENT);
  });
}

export interface TachometerFixture extends AsyncDisposable {
  /** Just opened, of a fan that has been turning with `startRpm` for long. */
  readonly tachometer: Tachometer;
  readonly startRpm: number;
  /** From now on the fan turns as fast as that, at once. */
  setRpm(rpm: number): void | Promise<void>;
  pass(durationMs: number): Promise<void>;
}

export function tachometerContract(
  test: DefineTest,
  openFixture: () => Promise<TachometerFixture>,
): void {
  const onFan = withFixture(test, openFixture);

  onFan("a speed is not known before it was watched for a second", async (fan) => {
    assert.equal(await fan.tachometer.readRpm(), undefined);
    await fan.pass(400);
    assert.equal(await fan.tachometer.readRpm(), undefined);
    await fan.pass(1_000);
    assertRpm(await fan.tachometer.readRpm(), fan.startRpm);
  });

  onFan("the speed of the last second is read, however often it is asked for", async (fan) => {
    await fan.pass(1_500);
    for (const rpm of [600, 6_000, 1_200]) {
      await fan.setRpm(rpm);
      for (let step = 0; step < 30; step++) {
        await fan.pass(100);
        await fan.tachometer.readRpm();
      }
      assertRpm(await fan.tachometer.readRpm(), rpm);
      await fan.pass(5_000);
      assertRpm(await fan.tachometer.readRpm(), rpm);
    }
  });

  onFan("a fan that stops reads zero within two seconds", async (fan) => {
    await fan.pass(1_500);
    await fan.setRpm(0);
    await fan.pass(2_000);
    assert.equal(await fan.tachometer.readRpm(), 0);
  });

  onFan("a closed tachometer is refused as gone", async (fan) => {
    await fan.tachometer[Symbol.asyncDispose]();
    await fan.tachometer[Symbol.asyncDispose]();
    await assertGone(fan.tachometer.readRpm());
  });
}

const DUTY_WITHIN_PERCENT = 0.5;
/** One pulse more or less in a second, at two pulses per turn, and what the fan's own speed varies. */
const RPM_WITHIN = 35;
const RPM_WITHIN_SHARE = 0.05;

function withFixture<F extends AsyncDisposable>(test: DefineTest, open: () => Promise<F>) {
  return (name: string, run: (fixture: F) => Promise<void>) =>
    test(name, async () => {
      await using fixture = await open();
      await run(fixture);
    });
}

function levelOf(line: { readonly isActiveLow: boolean }, active: boolean): Level {
  return active !== line.isActiveLow ? 1 : 0;
}

function assertClose(actual: number, wanted: number, within: number): void {
  assert.ok(Math.abs(actual - wanted) <= within, `${actual}, not about ${wanted}`);
}

function assertRpm(actual: number | undefined, wanted: number): void {
  assertClose(actual ?? Number.NaN, wanted, Math.max(RPM_WITHIN, wanted * RPM_WITHIN_SHARE));
}

async function assertGone(promise: Promise<unknown>): Promise<void> {
  const error = await rejectionOf(promise);
  assert.ok(error instanceof DeviceError && error.code === "gone", `${error}`);
}

function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
