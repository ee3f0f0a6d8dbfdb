import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BitaxeRaw, openBitaxeRaw } from "../../../drivers/bitaxe-raw/bitaxe-raw.ts";
import { encodeRequest, findReply } from "../../../drivers/bitaxe-raw/control-frames.ts";
import { openSimUart } from "../../../simulator/sim-uart.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import { fromHex, toHex } from "../../../src/lib/bytes.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };
import { settle } from "../scripted-bus-h3.ts";
import { type Behaviour, ControlDevice, type Dialect } from "./control-device.ts";

const DIALECTS: readonly Dialect[] = ["v0, as described", "v0, as in the source", "v1"];
const protocolOf = (dialect: Dialect) => (dialect === "v1" ? "v1" : "v0");

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "fine",
    (error: unknown) => (error instanceof DeviceError ? error.code : error),
  );

/** A healthy board with one register of two bytes at 0x48; pins and registers keep what they are told. */
function healthy(): Behaviour {
  const pins = new Map<string, string>();
  return (command) => {
    const [page, code, data] = [command.slice(0, 2), command.slice(2, 4), command.slice(4)];
    if (page === "06") {
      if (data !== "") pins.set(code, data);
      return fromHex(pins.get(code) ?? "00");
    }
    if (page === "07") return fromHex(code === "50" ? "e40c" : "8813");
    if (page === "08" || code === "10") return fromHex(data);
    if (!data.startsWith("48")) return { status: 0xff, message: "I2C Error" };
    return code === "20" ? Uint8Array.of(data.length / 2 - 1) : register(data);
  };
}

/** As many bytes as the last of `data` asks for. */
function register(data: string): Uint8Array {
  const length = Number.parseInt(data.slice(-2), 16);
  return Uint8Array.from({ length }, (_, i) => [0x17, 0x10][i] ?? 0xff);
}

function rig(dialect: Dialect, behaviour: Behaviour = healthy()) {
  const clock = new VirtualClock();
  const { uart, device } = openSimUart({ clock, path: "/dev/ttyACM0" });
  return { clock, uart, device, board: new ControlDevice(device, dialect, behaviour) };
}

async function opened(dialect: Dialect, behaviour: Behaviour = healthy()) {
  const parts = rig(dialect, behaviour);
  const options = { protocol: protocolOf(dialect) } as const;
  const raw = await settle(parts.clock, openBitaxeRaw(parts.uart, parts.clock, options));
  return { ...parts, raw };
}

const read = (raw: BitaxeRaw, address = 0x48, length = 2) =>
  raw.i2c.transfer(address, Uint8Array.of(0), length);

describe("frames of the control port", () => {
  test.each(vectors.bitaxe_raw)("$meaning", (vector) => {
    const [, , id = 0, , page = 0, command = 0, ...data] = fromHex(vector.request);
    const request = { page, command, data: Uint8Array.from(data), replyLengths: [1] };
    expect(toHex(encodeRequest(id, request))).toBe(vector.request);
    const replies = [
      ["v0", vector.response_v0],
      ["v1", vector.response_v1],
    ] as const;
    for (const [protocol, reply] of replies) {
      if (reply === undefined) continue;
      const found = findReply(protocol, fromHex(reply), id, [1]);
      expect(found).toMatchObject({ found: "reply", length: reply.length / 2 });
      expect(found.found === "reply" && found.reply).toMatchObject({
        is: "data",
        data: fromHex(reply.slice(-2)),
      });
    }
  });
});

describe.each(DIALECTS)("a board that speaks %s", (dialect) => {
  test("is recognised", async () => {
    const { clock, uart } = rig(dialect);
    const raw = await settle(clock, openBitaxeRaw(uart, clock));
    expect(raw.protocol).toBe(protocolOf(dialect));
    expect(toHex(await settle(clock, read(raw)))).toBe("1710");
  });

  test("sends the vectors' bytes", async () => {
    const { clock, board, raw } = await opened(dialect);
    const reset = { label: "reset", pin: 0, activeLow: true };
    const line = await settle(clock, raw.openOutput(reset, true));
    await settle(clock, line.set(false));
    await settle(clock, raw.setI2cFrequency(100_000));
    await settle(clock, code(raw.i2c.transfer(0x4c, Uint8Array.of(0xfd), 1)));
    await settle(clock, code(raw.i2c.transfer(0x4c, Uint8Array.of(0x4c, 0x3f), 0)));
    expect(board.requests).toEqual(vectors.bitaxe_raw.map(({ request }) => request));
  });

  test("moves bytes on its I²C bus", async () => {
    const { clock, board, raw } = await opened(dialect);
    expect(raw.i2c.path).toBe("usb:/dev/ttyACM0");
    expect(toHex(await settle(clock, read(raw)))).toBe("1710");
    const bare = raw.i2c.transfer(0x48, new Uint8Array(), 1);
    expect(toHex(await settle(clock, bare))).toBe("17");
    const write = raw.i2c.transfer(0x48, Uint8Array.of(1, 2, 3), 0);
    expect(toHex(await settle(clock, write))).toBe("");
    expect(board.requests.map((request) => request.slice(8))).toEqual([
      "0540480002",
      "05304801",
      "052048010203",
    ]);
  });

  test("says nack for an address where nobody is", async () => {
    const { clock, raw } = await opened(dialect);
    expect(await settle(clock, code(read(raw, 0x49)))).toBe("nack");
    expect(await settle(clock, code(raw.i2c.transfer(0x49, Uint8Array.of(1, 2), 0)))).toBe("nack");
    expect(toHex(await settle(clock, read(raw)))).toBe("1710");
  });

  test.each([
    [0x10, "timeout"],
    [0x11, "refused"],
    [0x12, "refused"],
  ])("with status %i is a DeviceError", async (status, expected) => {
    const { clock, raw } = await opened(dialect, () => ({ status }));
    expect(await settle(clock, code(read(raw, 0x48, 3)))).toBe(expected);
    const pin = raw.openOutput({ label: "reset", pin: 0 }, true);
    expect(await settle(clock, code(pin))).toBe("refused");
  });

  test("switches pins in the sense of their line", async () => {
    const { clock, board, raw } = await opened(dialect);
    const pin = { label: "power", pin: 1 };
    const line = await settle(clock, raw.openOutput(pin, false));
    await settle(clock, line.set(true));
    const input = await settle(clock, raw.openInput(pin));
    expect(await settle(clock, input.get())).toBe(true);
    const inverted = await settle(clock, raw.openInput({ ...pin, activeLow: true }));
    expect(await settle(clock, inverted.get())).toBe(false);
    expect(board.requests.map((request) => request.slice(8, 14))).toEqual([
      "060100",
      "060101",
      "0601",
      "0601",
    ]);
  });

  test("whose pin does not follow says so", async () => {
    const { clock, raw } = await opened(dialect, () => Uint8Array.of(0));
    const line = raw.openOutput({ label: "power", pin: 1 }, true);
    expect(await settle(clock, code(line))).toBe("crc");
  });

  test("reads its converter, and lights its lamp, white too", async () => {
    const { clock, board, raw } = await opened(dialect);
    expect(await settle(clock, raw.readAdc("vdd"))).toBe(3300);
    expect(await settle(clock, raw.readAdc("vin"))).toBe(5000);
    await settle(clock, raw.setLed(255, 255, 66));
    expect(board.requests.at(-1)?.slice(8)).toBe("0810ffff42");
  });

  test.each(["ff10", "ff11", "ff12", "ffff41", "ffff4142", "ffff", "ff"])(
    "gives data that begins like an error as data: %s",
    async (hex) => {
      const data = fromHex(hex);
      const { clock, raw } = await opened(dialect, (command) => {
        const length = Number.parseInt(command.slice(-2), 16);
        return Uint8Array.from({ length }, (_, i) => data[i] ?? 0xff);
      });
      expect(toHex(await settle(clock, read(raw, 0x48, data.length)))).toBe(hex);
    },
  );

  test.each([1, 2, 3, 4, 18, 255])("gives errors as errors, reading %i bytes", async (length) => {
    const refusals = [{ status: 0x10 }, { status: 0xff, message: "I2C Read Error" }];
    for (const refusal of refusals) {
      const { clock, raw } = await opened(dialect, () => refusal);
      expect(["nack", "timeout"]).toContain(await settle(clock, code(read(raw, 0x48, length))));
    }
  });

  test("loses a reply, and only that one", async () => {
    const ok = healthy();
    const { clock, raw } = await opened(dialect, (command, count) =>
      count === 1 ? "silent" : ok(command, count),
    );
    const first = code(read(raw));
    const second = read(raw);
    expect(await settle(clock, first, 250)).toBe("timeout");
    expect(toHex(await settle(clock, second, 250))).toBe("1710");
  });

  test("answers too late, and nobody takes it for the next answer", async () => {
    const ok = healthy();
    const { clock, board, raw } = await opened(dialect, (command, count) =>
      count === 1 ? "silent" : ok(command, count),
    );
    const first = code(read(raw));
    const second = raw.i2c.transfer(0x48, Uint8Array.of(0), 1);
    // Data 99 99 for the first request, while the second one waits for the line to fall silent.
    clock.after(230, () => board.write(fromHex(dialect === "v1" ? "060000009999" : "0200009999")));
    expect(await settle(clock, first)).toBe("timeout");
    expect(toHex(await settle(clock, second))).toBe("17");
  });

  test("leaves half an answer behind, which does not spoil the next one", async () => {
    const { clock, board, raw } = await opened(dialect, (_, count) => {
      const reply =
        dialect === "v1" ? [6, 0, count - 1, 0, 0x17, 0x10] : [2, 0, count - 1, 0x17, 0x10];
      if (count > 1) clock.after(15, () => board.write(Uint8Array.from(reply)));
      return "silent";
    });
    const first = code(read(raw));
    const second = read(raw);
    clock.after(225, () => board.write(fromHex("0600")));
    expect(await settle(clock, first)).toBe("timeout");
    expect(toHex(await settle(clock, second))).toBe("1710");
  });

  test("leaves half an answer to its last owner behind", async () => {
    const { clock, uart, board } = rig(dialect, () => {
      clock.after(15, () => board.write(fromHex(dialect === "v1" ? "0500000001" : "01000001")));
      return "silent";
    });
    clock.after(5, () => board.write(fromHex("0600")));
    const options = { protocol: protocolOf(dialect) } as const;
    const raw = await settle(clock, openBitaxeRaw(uart, clock, options));
    await settle(clock, raw.openOutput({ label: "reset", pin: 0 }, true));
  });

  test("with a reply longer than any is an error at once", async () => {
    const { clock, board, raw } = await opened(dialect, () => {
      board.write(fromHex("ff7f000017"));
      return "silent";
    });
    expect(await settle(clock, code(read(raw)), 50)).toBe("crc");
  });

  test("that wrote fewer bytes than it was given is a nack", async () => {
    const { clock, raw } = await opened(dialect, () => Uint8Array.of(1));
    expect(await settle(clock, code(raw.i2c.transfer(0x48, Uint8Array.of(1, 2), 0)))).toBe("nack");
  });

  test("that confirms another bus frequency is refused", async () => {
    const { clock, raw } = await opened(dialect, () => fromHex("801a0600"));
    expect(await settle(clock, code(raw.setI2cFrequency(100_000)))).toBe("refused");
    await settle(clock, raw.setI2cFrequency(400_000));
  });

  test("puts a stale reply before the right one", async () => {
    const { clock, board, raw } = await opened(dialect);
    board.noise = fromHex(dialect === "v1" ? "060077009999" : "0200779999");
    expect(toHex(await settle(clock, read(raw), 50))).toBe("1710");
  });

  test("sends one byte at a time", async () => {
    const clock = new VirtualClock();
    const { uart, device } = openSimUart({ clock });
    device.onData((request) => {
      const id = request[2] as number;
      const reply = dialect === "v1" ? [6, 0, id, 0, 0x17, 0x10] : [2, 0, id, 0x17, 0x10];
      reply.forEach((byte, i) => {
        clock.after(i + 1, () => device.write(Uint8Array.of(byte)));
      });
    });
    const options = { protocol: protocolOf(dialect) } as const;
    const raw = await settle(clock, openBitaxeRaw(uart, clock, options));
    expect(toHex(await settle(clock, read(raw)))).toBe("1710");
  });

  test("has one request under way at a time", async () => {
    const { clock, board, raw } = await opened(dialect, () => "silent");
    const reads = [read(raw), read(raw)].map(code);
    await clock.advance(150);
    expect(board.requests.length).toBe(1);
    expect(await settle(clock, Promise.all(reads))).toEqual(["timeout", "timeout"]);
  });

  test("is unplugged: what waits and what comes fails at once as gone", async () => {
    const { clock, device, raw } = await opened(dialect, () => "silent");
    const reads = [read(raw), read(raw)].map(code);
    await clock.advance(50);
    device.vanish();
    expect(await settle(clock, Promise.all(reads), 20)).toEqual(["gone", "gone"]);
    expect(await settle(clock, code(read(raw)), 20)).toBe("gone");
  });

  test("is closed: no listener, no timer stays", async () => {
    const { clock, raw } = await opened(dialect, () => "silent");
    const waiting = code(read(raw));
    await clock.advance(50);
    await raw[Symbol.asyncDispose]();
    expect(await settle(clock, waiting)).toBe("gone");
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("an I²C transfer that the board could not carry out is refused", () => {
  test.each([
    ["reserved address", 0x00, [0], 1],
    ["no address", 0x80, [0], 1],
    ["nothing to do", 0x48, [], 0],
    ["more than a byte can count", 0x48, [0], 256],
    ["half a byte", 0x48, [0], 0.5],
    ["too long a write", 0x48, Array(256).fill(0), 0],
  ])("%s", async (_, address, write, length) => {
    const { clock, board, raw } = await opened("v1");
    const refused = raw.i2c.transfer(address, Uint8Array.from(write), length);
    expect(await settle(clock, code(refused))).toBe("refused");
    expect(board.requests).toEqual([]);
  });
});

describe("a port", () => {
  test("behind which nobody answers is a timeout, and is closed", async () => {
    const clock = new VirtualClock();
    const { uart } = openSimUart({ clock });
    expect(await settle(clock, code(openBitaxeRaw(uart, clock)))).toBe("timeout");
    await expect(uart.drain()).rejects.toMatchObject({ code: "gone" });
    expect(clock.pendingTimers).toBe(0);
  });

  test("whose replies count themselves but carry no status is another firmware's", async () => {
    const clock = new VirtualClock();
    const { uart, device } = openSimUart({ clock });
    device.onData((request) => device.write(Uint8Array.of(4, 0, request[2] as number, 1)));
    expect(await settle(clock, code(openBitaxeRaw(uart, clock)))).toBe("wrong-id");
  });

  test("with replies to its last owner on the way is recognised all the same", async () => {
    const { clock, uart, board } = rig("v1");
    clock.after(5, () => board.write(fromHex("060001001710060002001710")));
    expect((await settle(clock, openBitaxeRaw(uart, clock))).protocol).toBe("v1");
  });

  test("never uses the id with which the board answers what it cannot parse", async () => {
    const { clock, board, raw } = await opened("v1");
    for (let i = 0; i < 260; i++) await settle(clock, read(raw));
    const ids = board.requests.map((request) => request.slice(4, 6));
    expect(ids).not.toContain("ff");
    expect(ids[255]).toBe("00");
  });

  test("takes an answer to what the board could not parse as the answer", async () => {
    const clock = new VirtualClock();
    const { uart, device } = openSimUart({ clock });
    device.onData(() => device.write(fromHex("0400ff11")));
    for (const protocol of ["v0", "v1"] as const) {
      const raw = await settle(clock, openBitaxeRaw(uart, clock, { protocol }));
      expect(await settle(clock, code(raw.readAdc("vin")))).toBe("refused");
    }
  });

  test("that babbles without end still gets every answer or error, in time", async () => {
    const clock = new VirtualClock();
    const { uart, device } = openSimUart({ clock });
    using _babble = clock.every(3, () => device.write(Uint8Array.of(0x07)));
    const raw = await settle(clock, openBitaxeRaw(uart, clock, { protocol: "v0" }));
    for (let i = 0; i < 3; i++) {
      const outcome = await settle(clock, code(read(raw)), 400);
      expect(["crc", "timeout"]).toContain(outcome);
    }
  });
});

test("any bytes as replies give a value or a DeviceError, in time, and the next good reply is read", async () => {
  const byte = fc.oneof(fc.constantFrom(0, 1, 2, 4, 6, 0x10, 0x11, 0xff), fc.nat(255));
  const chunk = fc.array(byte, { minLength: 1, maxLength: 12 });
  const delayed = fc.record({ chunk, afterMs: fc.constantFrom(0, 1, 150, 199, 201, 230) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...DIALECTS),
      fc.array(delayed, { maxLength: 6 }),
      async (dialect, script) => {
        let isHealthy = false;
        const ok = healthy();
        const { clock, board, raw } = await opened(dialect, (command, count) => {
          if (isHealthy) return ok(command, count);
          const next = script[(count - 1) % Math.max(1, script.length)];
          if (next !== undefined)
            clock.after(next.afterMs, () => board.write(Uint8Array.from(next.chunk)));
          return "silent";
        });
        const acts = [
          () => read(raw),
          () => raw.i2c.transfer(0x48, Uint8Array.of(1, 2), 0),
          () => raw.readAdc("vin"),
          () => raw.setI2cFrequency(100_000),
          () => raw.openOutput({ label: "reset", pin: 0 }, true),
        ];
        for (const act of acts)
          expect(await settle(clock, code(act()), 1_000)).toBeTypeOf("string");
        isHealthy = true;
        await clock.advance(300);
        await settle(clock, code(read(raw)));
        expect(toHex(await settle(clock, read(raw)))).toBe("1710");
        await raw[Symbol.asyncDispose]();
        expect(clock.pendingTimers).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
