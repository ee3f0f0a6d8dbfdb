/** The world around the emulated computer, with the real driver where the guest would be. */
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { sabreLite, sabreLiteSingle } from "../../../boards/sabrelite.ts";
import { bringUpChain } from "../../../drivers/bm13xx/chain.ts";
import { SystemClock } from "../../../firmware/platform/system-clock.ts";
import { systemEntropy } from "../../../firmware/platform/system-entropy.ts";
import type { LineChange } from "../../../simulator/control-board/gpio-watch.ts";
import { BoardWorld } from "../../../simulator/control-board/world.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { Uart } from "../../../src/ports/uart.ts";

/** GPIO5 with chain 0 out of reset and powered. */
const POWERED = 0b1_0001;
const clock = new SystemClock();

/** The computer's pins, as registers and sensors. */
function pinsAt(word: number) {
  const pins = {
    word,
    temperaturesC: new Map<number, number>(),
    readGpio: async (bank: number) => (bank === 5 ? pins.word : 0),
    setTemperatureC: async (sensor: number, temperatureC: number) => {
      pins.temperaturesC.set(sensor, temperatureC);
    },
  };
  return pins;
}

async function openWorld(spec = sabreLiteSingle) {
  const seen: LineChange[] = [];
  const world = await BoardWorld.open({
    spec,
    clock,
    entropy: systemEntropy,
    workers: 1,
    onLine: (change) => seen.push(change),
  });
  return { world, seen };
}

/** A UART whose wire is the connection, as QEMU's is. */
async function uartOver(port: number): Promise<Uart> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  let baudRate = 115_200;
  return {
    path: `port ${port}`,
    get baudRate() {
      return baudRate;
    },
    async setBaudRate(next) {
      baudRate = next;
    },
    send: (bytes) => void socket.write(bytes.slice()),
    drain: async () => {},
    onReceive(listener) {
      socket.on("data", listener);
      return { [Symbol.dispose]: () => void socket.off("data", listener) };
    },
    onGone: () => ({ [Symbol.dispose]() {} }),
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const endMs = clock.nowMs() + 5_000; !isSo(); await clock.sleep(10))
    if (clock.nowMs() > endMs) throw new Error("it never came");
}

const scale = sabreLite.emulated?.hashScale ?? 0;
const chain = { ...(sabreLite.chains[0] as (typeof sabreLite.chains)[number]).chain };
/** Slow, so that the clock's ramp is over soon. */
const driverOptions = { ...chain, hashScale: scale, frequencyMHz: 100 };

describe("the world of the emulated computer", () => {
  test("has a whole chain behind each UART when its lines give it power", async () => {
    const { world } = await openWorld();
    await using _world = world;
    const pins = pinsAt(POWERED);
    await using _attached = await world.attach(pins);
    await until(() => world.plant.state().chains[0]?.hasPower === true);
    const uart = await uartOver(world.uartPorts[0]);
    await using found = await bringUpChain(
      uart,
      clock,
      driverOptions,
      AbortSignal.timeout(50_000),
      silentLog,
    );
    expect(found.chipsFound).toBe(126);
  }, 60_000);

  test("a chain whose line gives it no power is silent", async () => {
    const { world } = await openWorld();
    await using _world = world;
    await using _attached = await world.attach(pinsAt(0));
    const uart = await uartOver(world.uartPorts[0]);
    const found = bringUpChain(uart, clock, driverOptions, AbortSignal.timeout(30_000), silentLog);
    await expect(found).rejects.toMatchObject({ code: "timeout" });
  }, 60_000);

  test("tells of every line that moves, and of nothing else", async () => {
    const { world, seen } = await openWorld(sabreLite);
    await using _world = world;
    const pins = pinsAt(POWERED);
    await using _attached = await world.attach(pins);
    await until(() => seen.length === 6);
    expect(world.plant.state().chains.map(({ hasPower }) => hasPower)).toEqual([
      true,
      false,
      false,
    ]);
    pins.word = 0b0_0001;
    await until(() => seen.length > 6);
    expect(seen.at(-1)).toMatchObject({ chain: 0, what: "power", active: false });
    expect(world.plant.state().chains[0]?.hasPower).toBe(false);
    expect(seen).toHaveLength(7);
  });

  test("tells the sensors how warm their boards are", async () => {
    const { world } = await openWorld(sabreLite);
    await using _world = world;
    const pins = pinsAt(0);
    await using attached = await world.attach(pins);
    await until(() => pins.temperaturesC.size === 3);
    expect([...pins.temperaturesC.values()]).toEqual([25, 25, 25]);
    expect(attached.heat.shownC(2)).toBe(25);
  });

  test("a computer that answers no more is told", async () => {
    const { world } = await openWorld();
    await using _world = world;
    const pins = pinsAt(0);
    await using attached = await world.attach(pins);
    pins.readGpio = async () => {
      throw new Error("QEMU ended");
    };
    await expect(attached.lost).rejects.toThrow("QEMU ended");
  });

  test("has something to connect to on all three UARTs, whatever hangs on them", async () => {
    const { world } = await openWorld();
    await using _world = world;
    expect(new Set(world.uartPorts).size).toBe(3);
    for (const port of world.uartPorts) await (await uartOver(port))[Symbol.asyncDispose]();
  });
});
