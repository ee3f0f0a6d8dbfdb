/** The live stream: what a page sees of the machine, also after it was away. */
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { LivePlaces } from "../../../firmware/operator/http/live-places.ts";
import { HTTP_LIMITS } from "../../../firmware/operator/http/start-http.ts";
import { type LiveChange, withChanges } from "../../../src/api/live-deltas.ts";
import type { Status } from "../../../src/api/status.ts";
import { recordedMachine } from "../../support/operated-device.ts";
import { type EventStream, openStream } from "./event-stream.ts";
import { codeOf, served, until } from "./served.ts";

function hotter(byC: number) {
  const machine = recordedMachine();
  return {
    ...machine,
    boards: machine.boards.map((board) => ({
      ...board,
      sensors: board.sensors.map((sensor) => ({
        ...sensor,
        temperatureC: (sensor.temperatureC ?? 0) + byC,
      })),
    })),
  };
}

const changesOf = (data: unknown) => (data as { changes: LiveChange[] }).changes;

describe("a page", () => {
  test("gets the whole status, then what changed, and has the status that the machine has", async () => {
    await using machine = await served();
    using stream = await openStream(machine.port);
    expect(stream.headers["content-type"]).toMatch(/^text\/event-stream/);
    await stream.until(1);
    expect(stream.events[0]?.kind).toBe("status");
    machine.operated.tellMachine(hotter(1));
    await stream.until(2);
    machine.operated.tellMachine(hotter(2));
    await stream.until(3);
    const [first, ...deltas] = stream.events;
    expect(deltas.map(({ kind }) => kind)).toEqual(["delta", "delta"]);
    const followed = deltas.reduce(
      (status, { data }) => withChanges(status, changesOf(data)),
      first?.data as Status,
    );
    expect(followed).toEqual(JSON.parse(JSON.stringify(machine.operated.device.status())));
  });

  test("hears of events", async () => {
    await using machine = await served();
    using stream = await openStream(machine.port);
    await stream.until(1);
    machine.operated.device.audit({ name: "mqtt", scope: "control" }, "action-pause", "pause");
    await stream.until(2);
    expect(stream.events[1]).toMatchObject({ kind: "event", data: { reason: "mqtt: pause" } });
  });

  test("that was away gets what it missed, and nothing twice", async () => {
    await using machine = await served();
    const first = await openStream(machine.port);
    machine.operated.tellMachine(hotter(1));
    await first.until(2);
    const lastId = first.events[1]?.id ?? "";
    first[Symbol.dispose]();
    machine.operated.tellMachine(hotter(2));
    machine.operated.tellMachine(hotter(3));
    machine.operated.device.audit({ name: "mqtt", scope: "control" }, "action-pause", "pause");
    using other = await openStream(machine.port);
    await other.until(1);
    machine.operated.tellMachine(hotter(4));
    await other.until(2);
    using again = await openStream(machine.port, { "last-event-id": lastId });
    await again.until(4);
    expect(again.events.filter(({ kind }) => kind === "status")).toEqual([]);
    expect(again.events.some(({ kind }) => kind === "event")).toBe(true);
    const followed = again.events
      .filter(({ kind }) => kind === "delta")
      .reduce(
        (status, { data }) => withChanges(status, changesOf(data)),
        withChanges(first.events[0]?.data as Status, changesOf(first.events[1]?.data)),
      );
    expect(followed).toEqual(JSON.parse(JSON.stringify(machine.operated.device.status())));
  });

  test.each(["nonsense", "0123456789ab-1", "-1", `${"9".repeat(400)}`])(
    "that shows an id of nobody (%s) gets the whole status",
    async (id) => {
      await using machine = await served();
      using stream = await openStream(machine.port, { "last-event-id": id });
      await stream.until(1);
      expect(stream.events[0]?.kind).toBe("status");
    },
  );
});

test("a reader that does not read is dropped, and the others go on", async () => {
  await using machine = await served();
  const socket = connect({ host: "127.0.0.1", port: machine.port });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  socket.write("GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  socket.pause();
  using reader = await openStream(machine.port);
  await reader.until(1);
  const long = "x".repeat(100_000);
  // More than the kernel's own buffers on both ends take.
  for (let i = 0; i < 150 && machine.server.connectionCount > 1; i++) {
    machine.operated.device.audit({ name: "mqtt", scope: "control" }, "noise", `${i} ${long}`);
    await reader.until(i + 2);
  }
  socket.resume();
  await gone;
  expect(machine.server.connectionCount).toBe(1);
});

test("no more than its part listen of one address; the next one is told when to come back", async () => {
  await using machine = await served({ limits: { live: { ofAll: 8, ofOne: 2, ofLoopback: 4 } } });
  const streams = await Promise.all(Array.from({ length: 4 }, () => openStream(machine.port)));
  const refused = await machine.call("GET /api/v1/live");
  expect([refused.status, codeOf(refused), refused.headers["retry-after"]]).toEqual([
    503,
    "too-many",
    "10",
  ]);
  streams[0]?.[Symbol.dispose]();
  await until(() => machine.server.connectionCount === 3);
  using another = await openStream(machine.port);
  expect(another.status).toBe(200);
  for (const stream of streams) stream[Symbol.dispose]();
});

test("one address that takes every place loses its oldest to another, and none to itself", async () => {
  await using machine = await served({ limits: { live: { ofAll: 4, ofOne: 4, ofLoopback: 4 } } });
  const many: EventStream[] = [];
  for (let i = 0; i < 4; i++) many.push(await openStream(machine.port, {}, "127.0.0.2"));
  expect((await openStream(machine.port, {}, "127.0.0.2")).status).toBe(503);
  using owner = await openStream(machine.port);
  await owner.until(1);
  await many[0]?.ended;
  // Two of two addresses each: nobody has more than the other would have.
  using second = await openStream(machine.port);
  await second.until(1);
  await many[1]?.ended;
  expect((await openStream(machine.port)).status).toBe(503);
  for (const stream of many) stream[Symbol.dispose]();
});

test("closing the server ends the streams", async () => {
  const machine = await served();
  using stream = await openStream(machine.port);
  await stream.until(1);
  await machine[Symbol.asyncDispose]();
  await stream.ended;
});

test("eight listen of one address elsewhere, and an IPv6 subscriber is one", () => {
  const places = new LivePlaces(HTTP_LIMITS.live);
  const add = (address: string) => {
    const full = places.makeRoom(address);
    if (full === undefined) places.add(address, { [Symbol.dispose]: () => {} });
    return full;
  };
  for (let i = 0; i < 8; i++) expect(add(`2001:db8:1:2::${i}`)).toBeUndefined();
  expect(add("2001:db8:1:2::9")).toBe("There are 8 listeners of this address already");
  expect(add("10.0.0.5")).toBeUndefined();
});
