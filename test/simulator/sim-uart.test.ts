import { expect, test } from "vitest";
import { openSimUart } from "../../simulator/sim-uart.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";

test("without transmission time the device hears before send returns", () => {
  const { uart, device } = openSimUart({ clock: new VirtualClock() });
  const received: number[] = [];
  device.onData((chunk) => received.push(...chunk));
  uart.send(Uint8Array.of(1, 2, 3));
  expect(received).toEqual([1, 2, 3]);
});

test("with transmission time a frame takes ten bit times per byte, one after the other", async () => {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock, baudRate: 10_000, isPaced: true });
  const atMs: number[] = [];
  device.onData(() => atMs.push(clock.nowMs()));
  uart.send(new Uint8Array(8));
  uart.send(new Uint8Array(4));
  let drainedAtMs = 0;
  const drained = uart.drain().then(() => {
    drainedAtMs = clock.nowMs();
  });
  await clock.advance(100);
  await drained;
  expect(atMs).toEqual([8, 12]);
  expect(drainedAtMs).toBe(12);
});

test("a new baud rate waits for what is under way at the old one", async () => {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock, baudRate: 10_000, isPaced: true });
  const ratesAtArrival: number[] = [];
  device.onData(() => ratesAtArrival.push(device.hostBaudRate()));
  uart.send(new Uint8Array(8));
  const changed = uart.setBaudRate(20_000).then(() => uart.send(new Uint8Array(8)));
  await clock.advance(8);
  await changed;
  expect(device.hostBaudRate()).toBe(20_000);
  await clock.advance(4);
  expect(ratesAtArrival).toEqual([10_000, 20_000]);
});

test("the host hears from the clock, never from inside the device's call", async () => {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock });
  const received: number[] = [];
  uart.onReceive((chunk) => received.push(...chunk));
  device.write(Uint8Array.of(1));
  device.write(Uint8Array.of(2));
  expect(received).toEqual([]);
  await clock.advance(0);
  expect(received).toEqual([1, 2]);
});

test("a listener that keeps a borrowed chunk finds it overwritten", async () => {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock });
  const kept: Uint8Array[] = [];
  uart.onReceive((chunk) => kept.push(chunk));
  device.write(Uint8Array.of(1));
  await clock.advance(0);
  expect(kept).toEqual([Uint8Array.of(0xee)]);
});

test("no timer is left after closing", async () => {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock, isPaced: true });
  uart.send(new Uint8Array(1_000));
  device.write(new Uint8Array(1_000));
  const drained = uart.drain().catch(() => {});
  await uart[Symbol.asyncDispose]();
  await drained;
  await clock.advance(1_000);
  expect(clock.pendingTimers).toBe(0);
});
