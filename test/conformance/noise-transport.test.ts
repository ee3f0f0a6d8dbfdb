/** Cases 36 to 40 and 43 to 45: frames under encryption, keys as text, and what must never leave the device. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { inspect } from "node:util";
import { sha256 } from "@noble/hashes/sha2.js";
import { createBase58check } from "@scure/base";
import { describe, expect, test } from "vitest";
import { concatBytes, equalBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import { parseAuthorityKey } from "../../src/noise/authority-key.ts";
import { SecureFrames } from "../../src/noise/secure-frames.ts";
import type { Frame } from "../../src/sv2/codec.ts";
import { SetupConnectionSuccess } from "../../src/sv2/common-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { parsePoolUrl } from "../../src/upstream/pool-url.ts";
import { AUTHORITY, fixedEntropy } from "../support/scripted-server.ts";
import vectors from "../vectors/sv2-noise.json" with { type: "json" };
import { connected, Device, HOST, stopped } from "./device.ts";
import { block, futureJob, prevHash, rawFrame } from "./frames.ts";

const TAG = { authTagLength: 16 } as const;

function nonce(counter: number): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(4, counter, true);
  return bytes;
}

function opened(key: Uint8Array, counter: number, sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce(counter), TAG);
  decipher.setAuthTag(sealed.subarray(-16));
  const plain = decipher.update(sealed.subarray(0, -16));
  decipher.final();
  return plain;
}

function sealed(key: Uint8Array, counter: number, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce(counter), TAG);
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

describe("transport", () => {
  test("case 36 (§4.6): what the device sends opens in parts, with nonces 0, 1, 2, …, by other means", async () => {
    const device = await connected();
    const { wire, keys } = device.pool;
    if (keys === undefined) return expect.unreachable();
    let at = 0;
    const headers: string[] = [];
    for (let counter = 0; at < wire.length; counter += 2) {
      const header = opened(keys.receive, counter, wire.subarray(at, at + 22));
      headers.push(toHex(header.subarray(0, 3)));
      const length = (header[3] ?? 0) | ((header[4] ?? 0) << 8) | ((header[5] ?? 0) << 16);
      const payload = opened(keys.receive, counter + 1, wire.subarray(at + 22, at + 38 + length));
      expect(payload).toHaveLength(length);
      at += 38 + length;
    }
    expect(headers).toEqual(["000000", "000010"]);
  });

  test("case 36 (§4.6): what is sealed in parts by other means is understood", async () => {
    const device = await connected({ onMessage: () => true });
    const { keys } = device.pool;
    if (keys === undefined) return expect.unreachable();
    const success = fromHex("000001060000020000000000");
    const bytes = concatBytes(
      sealed(keys.send, 0, success.subarray(0, 6)),
      sealed(keys.send, 1, success.subarray(6)),
    );
    device.pool.sendBytes(bytes);
    await device.run(0);
    expect(device.pool.names).toContain("OpenStandardMiningChannel");
  });

  test("case 37 (§4.6): every frame of the transcript, chunk boundaries included, seals to its bytes and opens", () => {
    const client = {
      send: fromHex(vectors.intermediates.c1_i2r),
      receive: fromHex(vectors.intermediates.c2_r2i),
    };
    const server = { send: client.receive, receive: client.send };
    const lengths = new Set<number>();
    for (const direction of ["i2r", "r2i"]) {
      const [from, to] = direction === "i2r" ? [client, server] : [server, client];
      const [sender, receiver] = [
        new SecureFrames(from, nobleAead),
        new SecureFrames(to, nobleAead),
      ];
      for (const one of vectors.transport.filter(({ dir }) => dir === direction)) {
        const frame = frameOfVector(one);
        lengths.add(frame.payload.length);
        const bytes = sender.encode(frame);
        expect([bytes.length, toHex(sha256(bytes))]).toEqual([one.cipher_len, one.cipher_sha256]);
        const received: Frame[] = [];
        receiver.receive(bytes, (each) =>
          received.push({ ...each, payload: each.payload.slice() }),
        );
        const [back] = received as [Frame];
        expect([received.length, { ...back, payload: null }]).toEqual([
          1,
          { ...frame, payload: null },
        ]);
        expect(equalBytes(back.payload, frame.payload)).toBe(true);
      }
    }
    for (const length of [65_518, 65_519, 65_520, 131_038, 131_039])
      expect(lengths).toContain(length);
  });

  test.each([
    ["the header", 24, 3],
    ["the header's tag", 24, 21],
    ["the payload", 24, 22],
    ["the payload's tag", 24, 22 + 24 + 15],
    ["the second block", 65_530, 22 + 65_535 + 2],
    ["the second block's tag", 65_530, 22 + 65_535 + 11 + 15],
  ])("case 38 (§4.6): a changed bit in %s ends the connection", async (_, length, at) => {
    const device = await connected();
    const bytes = device.pool.seal(rawFrame(0x4abc, 1, { payload: new Uint8Array(length) }));
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    device.pool.sendBytes(bytes);
    await device.run(0);
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toMatch(/decrypt/);
  });

  test("case 39 (§4.4.1): a repeated frame is not acted upon twice, it ends the connection", async () => {
    const device = await connected();
    await device.tell(...block(1));
    const bytes = device.pool.seal(futureJob(2));
    device.pool.sendBytes(concatBytes(bytes, bytes));
    await device.run(0);
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toMatch(/decrypt/);
    expect(device.hashing).toEqual([false]);
  });

  test("case 39 (§4.4.1): frames in the wrong order are not acted upon, they end the connection", async () => {
    const device = await connected();
    const first = device.pool.seal(futureJob(1));
    const second = device.pool.seal(prevHash(1));
    device.pool.sendBytes(concatBytes(second, first));
    await device.run(0);
    expect(device.pool.ended).toBe(true);
    expect(device.chain.jobs).toHaveLength(0);
  });

  test("case 40 (§4.5.2): a server that confuses the keys is left at its first frame", async () => {
    const device = await connected({ swapKeys: true });
    await device.tell(encodeMessage(SetupConnectionSuccess, { usedVersion: 2, flags: 0 }));
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toMatch(/decrypt/);
  });
});

describe("keys as text", () => {
  test.each([
    ["9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh", "76637000979c1c11"],
    ["9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72", "24ee3c3804a1aaa4"],
    ["9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan", "4df78c3f49302eef"],
  ])("case 43 (§4.7): %s is taken", (text, begin) => {
    const { authorityKey } = parsePoolUrl(`stratum2+tcp://pool.example.com:34254/${text}`);
    expect(toHex(authorityKey ?? new Uint8Array()).slice(0, 16)).toBe(begin);
  });

  const offCurve = createBase58check(sha256).encode(
    fromHex("010076637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7454"),
  );
  const refused: readonly (readonly [string, string])[] = [
    ["9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnam", "checksum does not fit"],
    ["2myPhc5vkPzuC5FXNK5tee79WmP7uoLh55SxezoF8iqwF3E3rnPY", "key version 12"],
    ["2wmHTKZkLg2QzXyEXGMBXzKP7JXDUt8yy9SA5hoQwERc92qR6c", "33 bytes instead of 34"],
    ["u95GEReVMjK6k5YqiSFNqqTnKU4ypU2Wm8awa6tmbmDmk1bWt", "obsolete Ed25519 key"],
    ["2di19GHYQnAZJmEpoUeP7C3Eg9TCcksHr23rZCC83dvUiZgiDL", "obsolete Ed25519 key"],
    [offCurve, "not a point of the curve"],
  ];

  test.each(refused)("case 43 (§4.7): %s is refused: %s", (text, reason) => {
    expect(() => parseAuthorityKey(text, "pool")).toThrow(ConfigError);
    for (const [, other] of refused) {
      const says = expect(() => parseAuthorityKey(text, "pool"));
      if (other === reason) says.toThrow(other);
      else says.not.toThrow(other);
    }
  });
});

describe("what must not leave the device", () => {
  test("case 44 (§4): without a key, a pool URL is refused, and plaintext has a scheme of its own", () => {
    for (const url of [
      "stratum2+tcp://pool.example.com:34254",
      "pool.example.com:34254",
      "tcp://pool.example.com:34254",
    ])
      expect(() => parsePoolUrl(url)).toThrow(ConfigError);
    const secure = parsePoolUrl(`stratum2+tcp://pool.example.com:34254/${AUTHORITY.text}`);
    expect(secure.secure).toBe(true);
    expect(parsePoolUrl("stratum2+tcp+insecure://192.168.1.5:34254").secure).toBe(false);
  });

  test("case 44 (§4): a failed handshake is never followed by plaintext, however often it fails", async () => {
    // A proxy in plaintext that would be happy with any SetupConnection.
    const device = await connected({ plaintext: true });
    await device.run(1_800_000);
    expect(device.pools.length).toBeGreaterThan(5);
    for (const pool of device.pools)
      expect([pool.bytesReceived % 64, pool.frames.length]).toEqual([0, 0]);
  });

  test("case 44 (§4): who asks for plaintext gets it", async () => {
    const device = await connected({ plaintext: true }, { plaintext: true, host: "proxy.lan" });
    expect(device.pool.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
    expect(device.told.encrypted).toBe(false);
  });

  test("case 45 (policy): neither log nor snapshot nor a dump of the miner shows a secret, in life and in failure", async () => {
    const drawn: Uint8Array[] = [];
    const source = fixedEntropy(3);
    const entropy = {
      fraction: source.fraction,
      randomBytes: (length: number) => {
        const bytes = source.randomBytes(length);
        drawn.push(bytes.slice());
        return bytes;
      },
    };
    const device = new Device({ entropy });
    const listener = device.listen();
    await device.start();
    await device.tell(...block(1));
    await device.find(7);
    const { keys } = device.pool;
    if (keys === undefined) return expect.unreachable();
    const options = { showHidden: true, depth: 12, maxArrayLength: null, maxStringLength: null };
    const shown = [inspect(device.miner, options), JSON.stringify(device.miner.snapshot())];
    device.pool.sendBytes(new Uint8Array(64));
    await device.run(1_000);
    listener[Symbol.dispose]();
    device.listen({ act2: (act2) => act2.map((byte) => byte ^ 1) }, HOST);
    await device.run(120_000);
    shown.push(inspect(device.miner, options), device.log.text, inspect(device.log.lines, options));
    await stopped(device);
    expect(drawn.length).toBeGreaterThanOrEqual(2);
    const all = shown.join("\n");
    for (const secret of [...drawn, keys.send, keys.receive])
      for (const form of formsOf(secret)) expect(all).not.toContain(form);
  });
});

/** The ways in which bytes get into texts; a few of them in a row are enough to give them away. */
function formsOf(secret: Uint8Array): string[] {
  const some = secret.subarray(0, 8);
  return [
    toHex(some),
    toHex(some.slice().reverse()),
    Buffer.from(secret.subarray(0, 9)).toString("base64"),
    some.join(","),
    some.join(", "),
  ];
}

type TransportVector = (typeof vectors.transport)[number];

/** Long payloads are given by their rule: byte i is i mod 251. */
function frameOfVector(one: TransportVector): Frame {
  const header = fromHex(one.plain?.slice(0, 12) ?? one.plain_header ?? "");
  const payload =
    one.plain === undefined
      ? Uint8Array.from({ length: one.plain_len - 6 }, (_, i) => i % 251)
      : fromHex(one.plain.slice(12));
  return {
    extensionType: (header[0] ?? 0) | (((header[1] ?? 0) & 0x7f) << 8),
    channelMessage: ((header[1] ?? 0) & 0x80) !== 0,
    messageType: header[2] ?? 0,
    payload,
  };
}
