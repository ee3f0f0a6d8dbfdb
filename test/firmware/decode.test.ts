import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc16 } from "../../drivers/bm13xx/crc.ts";
import { explain, formatExplanation } from "../../firmware/cli/decode.ts";
import type { ExplainedPart, JsonValue } from "../../firmware/cli/explanation.ts";
import { concatBytes, fromHex, toHex } from "../../src/lib/bytes.ts";
import { ConfigError } from "../../src/lib/errors.ts";
import chipVectors from "../vectors/bm13xx.json" with { type: "json" };
import sv2Vectors from "../vectors/sv2-messages.json" with { type: "json" };

const number = (hex: string | undefined) => Number.parseInt(hex ?? "", 16);

function onlyPart(hex: string, options?: Parameters<typeof explain>[1]): ExplainedPart {
  const { parts } = explain(hex, options);
  expect(parts).toHaveLength(1);
  return parts[0] as ExplainedPart;
}

function valuesOf(part: ExplainedPart): Record<string, JsonValue> {
  expect(new Set(part.fields.map(({ name }) => name)).size).toBe(part.fields.length);
  return Object.fromEntries(part.fields.map(({ name, value }) => [name, value]));
}

describe("a command", () => {
  const operations: Record<string, string> = {
    read: "read",
    write: "write",
    set_address: "set-address",
    inactive: "chain-inactive",
    chain_inactive: "chain-inactive",
  };

  test.each(chipVectors.command_frames)("$frame is explained as the vector says", (vector) => {
    const part = onlyPart(vector.frame);
    expect(part).toMatchObject({ offset: 0, hex: vector.frame, kind: "command" });
    expect(part.crc?.ok).toBe(true);
    const { addr, reg, value } = vector as { addr?: number; reg?: number; value?: string };
    expect(valuesOf(part)).toMatchObject({
      operation: operations[vector.op],
      toAllChips: vector.op === "set_address" ? false : vector.all,
      ...(addr === undefined ? {} : { address: addr }),
      ...(reg === undefined || vector.op === "set_address" ? {} : { register: reg }),
      ...(value === undefined ? {} : { value }),
    });
  });

  test.each(chipVectors.excluded_bad_frames)(
    "with a wrong checksum says what it should be: %s",
    (line) => {
      const part = onlyPart(line.split(" ").at(-1) ?? "");
      expect(part.kind).toBe("command");
      expect(part.crc?.ok).toBe(false);
      expect(part.crc?.expected).not.toBe(part.crc?.found);
      const repaired = part.hex.slice(0, -2) + part.crc?.expected;
      expect(onlyPart(repaired).crc?.ok).toBe(true);
    },
  );

  test.each([
    ["55aa5109000840a8023003", { registerName: "PLL0", frequencyMHz: 525, vcoMHz: 2100, post1: 4 }],
    ["55aa510900281130020003", { registerName: "UART_BAUD", baudRate: 1_041_667, divider: 2 }],
    ["55aa510900281560070013", { baudRate: 6_250_000 }],
    ["55aa51090014000000ff08", { registerName: "TICKET_MASK", difficulty: 256, zeroBits: 40 }],
    ["55aa510900a49000ffff1c", { registerName: "VERSION_ROLLING", versionMask: "1fffe000" }],
    ["55aa5109003c800082aa0d", { coreRegisterName: "CORE_ENABLE", value: "800082aa" }],
    ["55aa4109020c800003f103", { registerName: "CHIP_NONCE_OFFSET", offset: 0x3f1 }],
    ["55aa4109002c004f000300", { registerName: "UART_RELAY", gap: 0x4f }],
    ["55aa510900100000138108", { registerName: "HASH_COUNTING_NUMBER", ticks: 0x1381 }],
  ])("%s says what its value means", (frame, values) => {
    expect(valuesOf(onlyPart(frame))).toMatchObject(values);
  });

  test.each(chipVectors.pll)("that sets the clock word $reg08 says $actual_mhz MHz", (vector) => {
    const part = onlyPart(`55aa51090008${vector.reg08}00`);
    const { frequencyMHz, feedback, reference, post1, post2 } = valuesOf(part);
    expect(frequencyMHz).toBeCloseTo(vector.actual_mhz, 5);
    expect([feedback, reference, post1, post2]).toEqual([
      vector.fbdiv,
      vector.refdiv,
      vector.post1,
      vector.post2,
    ]);
  });

  test.each([
    ["55aa5109000840a0022500", { frequencyMHz: 200, post1: 2, post2: 5 }],
    ["55aa510900180000603100", { baudRate: 3_125_000 }],
    ["55aa5109001800007a3115", { baudRate: 115_741 }],
  ])("%s says to a BM1397 what its value means there", (frame, values) => {
    const [part] = explain(frame, { chip: "BM1397" }).parts;
    expect(valuesOf(part as ExplainedPart)).toMatchObject(values);
  });

  test("every frame of the full-header bring-ups is a good command", () => {
    for (const name of ["bm1362_s19jpro_126", "bm1370_s21pro_65", "bm1370_dual_esp"] as const) {
      const frames = chipVectors.init_sequences[name].steps.flatMap((step) =>
        "frame" in step && step.frame !== undefined ? [step.frame] : [],
      );
      const { parts } = explain(frames.join(""));
      expect(parts.map(({ hex }) => hex)).toEqual(frames);
      expect(parts.every(({ kind, crc }) => kind === "command" && crc?.ok)).toBe(true);
    }
  });
});

describe("an answer", () => {
  const explained = [
    "BM1362",
    "BM1366",
    "BM1368",
    "BM1370",
    "BM1372",
    "BM1373",
    "BM1397",
    "BM1398",
  ];
  const answers = chipVectors.response_frames.filter(
    ({ chip, frame }) => explained.includes(chip) && frame.startsWith("aa55"),
  );

  test.each(answers)("of $chip, $frame, is explained as the vector says", (vector) => {
    const part = onlyPart(vector.frame, { chip: vector.chip });
    expect(part.crc?.ok).toBe(true);
    if (vector.kind === "register") {
      expect(part.kind).toBe("register-answer");
      expect(valuesOf(part)).toMatchObject({
        value: vector.value,
        chipAddress: vector.chip_addr,
        register: vector.reg,
      });
      return;
    }
    expect(part.kind).toBe("nonce");
    expect(valuesOf(part)).toMatchObject({
      nonce: vector.nonce_le,
      core: vector.core,
      smallCore: vector.subcore ?? vector.small_core,
      jobId: vector.job_id,
      idByte: vector.id_byte,
      excess: vector.b4,
      ...(vector.midstate === undefined
        ? { versionField: vector.version_field, versionBits: vector.version_bits }
        : { midstate: vector.midstate }),
      ...(vector.chip_addr === undefined
        ? { counter: vector.counter25 }
        : { chipAddress: vector.chip_addr }),
    });
  });

  test("that names its chip tells how to read the nonces beside it", () => {
    const explanation = explain("aa55137000000000000010 aa554c0352750cd205a29c");
    expect(explanation.chip).toBe("BM1370");
    expect(valuesOf(explanation.parts[1] as ExplainedPart)).toMatchObject({ jobId: 0x68 });
  });

  test("of an unknown chip keeps what differs open, and says so", () => {
    const part = onlyPart("aa554c0352750cd205a29c");
    const values = valuesOf(part);
    expect(values).toMatchObject({ core: 38, versionBits: "00b44000", jobId: null });
    expect(part.summary).toContain("d0 (BM1362, BM1366) or 68 (BM1368, BM1370, BM1372, BM1373)");
  });

  test("of 9 bytes could be of a chip with midstates too", () => {
    const part = onlyPart("aa5597c328b601639c");
    expect(valuesOf(part)).toMatchObject({ core: null, nonce: "b628c397" });
    expect(part.fields.find(({ name }) => name === "core")?.text).toContain("151 (BM1397, BM1398)");
  });

  test("of a chip of another generation is named, not guessed", () => {
    const part = onlyPart("aa5513910000000005");
    expect(part.summary).toContain("BM1391, a chip whose nonces are not explained");
  });

  test("every constructed answer of the exhaustive list is a good nonce", () => {
    for (const { nonces, version_field } of chipVectors.exhaustive_nonces.versions) {
      for (const vector of nonces) {
        expect(valuesOf(onlyPart(vector.bm1370_response, { chip: "bm1370" }))).toMatchObject({
          nonce: vector.nonce_le,
          core: vector.bm1370.core,
          counter: number(vector.bm1370.counter25),
          jobId: 0x68,
          versionField: version_field,
        });
      }
    }
  });
});

describe("a job", () => {
  test.each(chipVectors.jobs.filter((job) => job.format === "full"))(
    "$name is explained",
    (vector) => {
      const part = onlyPart(vector.job_frame);
      expect(part).toMatchObject({ kind: "job", crc: { kind: "CRC16", ok: true } });
      const header = fromHex(vector.header ?? "");
      const display = (from: number) => toHex(header.slice(from, from + 32).reverse());
      expect(valuesOf(part)).toMatchObject({
        jobId: number(vector.job_id_byte),
        version: vector.version_base,
        prevHash: display(4),
        merkleRoot: display(36),
        ntime: new DataView(header.buffer).getUint32(68, true),
        nbits: toHex(header.slice(72, 76).reverse()),
      });
    },
  );

  const midstateJobs = chipVectors.jobs.filter(
    (job) => job.format.startsWith("midstate") && job.job_frame.startsWith("55aa"),
  );

  test.each(midstateJobs)("$name is explained with its midstates", (vector) => {
    const part = onlyPart(vector.job_frame);
    expect(part.summary).toContain("for BM1391, BM1397 or BM1398");
    expect(part).toMatchObject({ kind: "job", crc: { kind: "CRC16", ok: true } });
    const values = valuesOf(part);
    expect(values).toMatchObject({
      jobId: number(vector.job_id_byte),
      merkleTail: vector.tail16?.slice(0, 8),
      [`midstate${vector.midstate_index}`]: vector.midstate_state_words_be,
    });
  });

  test("with two midstates is not taken for one of the same length with a header", () => {
    const frame = fromHex(chipVectors.exhaustive_nonces.job_frame_4midstate_bm1397);
    const two = frame.slice(0, 88);
    two[3] = 0x56;
    two[5] = 2;
    const crc = crc16(two, 2, 86);
    two.set([crc >> 8, crc & 0xff], 86);
    expect(valuesOf(onlyPart(toHex(two)))).toMatchObject({ jobId: 8, midstates: 2 });
  });
});

describe("a recorded stream", () => {
  test.each(chipVectors.decoder_streams.cases)("$name has the vector's frames", (vector) => {
    const { parts } = explain(vector.stream, { chip: "BM1370" });
    const good = parts.filter(({ crc }) => crc?.ok);
    expect(good.map(({ hex }) => hex)).toEqual(vector.frames);
  });

  test("says what was skipped and what was cut short", () => {
    const { parts } = explain("00ff aa551800a640 aa550735cdcf025e002e96 55aa5205");
    expect(parts.map(({ offset, kind, summary }) => [offset, kind, summary])).toEqual([
      [0, "skipped", "2 bytes that belong to no frame"],
      [2, "skipped", "6 bytes of a frame that was cut short"],
      [8, "nonce", expect.any(String)],
      [19, "skipped", "4 bytes of a frame that was cut short"],
    ]);
  });

  test("any bytes are explained, each byte in one part", () => {
    const pieces = [
      ...chipVectors.command_frames.slice(0, 20).map(({ frame }) => fromHex(frame)),
      ...chipVectors.jobs.slice(0, 3).map((job) => fromHex(job.job_frame)),
      fromHex("aa55"),
      fromHex("55aa21"),
      fromHex("aa551800a640029922f991"),
    ];
    const bytes = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ maxLength: 20 })), {
        minLength: 1,
        maxLength: 8,
      })
      .chain((parts) => {
        const whole = concatBytes(...parts);
        return fc.nat(whole.length).map((length) => whole.slice(0, length));
      });
    fc.assert(
      fc.property(bytes, fc.boolean(), (input, sv2) => {
        fc.pre(input.length > 0);
        const explanation = explain(toHex(input), { sv2 });
        expect(explanation.parts.map(({ hex }) => hex).join("")).toBe(toHex(input));
        expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
        expect(formatExplanation(explanation).endsWith("\n")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("Stratum V2 frames", () => {
  test.each(sv2Vectors.frames)("$name", (vector) => {
    const part = onlyPart(vector.frame, { sv2: true });
    expect(part.kind).toBe("sv2-frame");
    expect(part.summary).not.toContain("malformed");
    expect(part.crc).toBeNull();
    const values = valuesOf(part);
    expect(vector.name.startsWith(String(values["message"]))).toBe(true);
    expect(values).toMatchObject({
      extensionType: vector.ext_type & 0x7fff,
      messageType: vector.msg_type,
      payloadBytes: vector.payload_len,
    });
  });

  test("one after another are explained one by one", () => {
    const frames = sv2Vectors.frames.map(({ frame }) => frame);
    const { parts } = explain(frames.join(""), { sv2: true });
    expect(parts.map(({ hex }) => hex)).toEqual(frames);
  });

  test("have their values in them", () => {
    const share = sv2Vectors.frames.find(({ name }) => name === "SubmitSharesStandard");
    const part = onlyPart(share?.frame ?? "", { sv2: true });
    expect(valuesOf(part)).toMatchObject({ channelId: 2, jobId: 7, nonce: 0x9546a142 });
    expect(part.summary).toContain("SubmitSharesStandard, mining protocol, from the client");
  });

  test("of an unknown type, malformed or cut short say so", () => {
    expect(onlyPart("0000fe020000abcd", { sv2: true })).toMatchObject({ kind: "unknown" });
    expect(onlyPart("000000020000abcd", { sv2: true }).summary).toContain("malformed");
    expect(onlyPart("000000420000", { sv2: true }).summary).toContain("cut short");
    expect(onlyPart("0000", { sv2: true }).summary).toBe("2 bytes, a frame's header alone has 6");
  });
});

describe("for a person", () => {
  test("a command is laid out with its bytes, meaning, checksum and fields", () => {
    expect(formatExplanation(explain("55aa51090014000000ff08")).split("\n")).toEqual([
      "   0  55 aa 51 09 00 14 00 00 00 ff 08",
      "      write TICKET_MASK of all chips = 000000ff: difficulty 256",
      "      CRC5 08 ok",
      "        operation     write",
      "        toAllChips    yes",
      "        address       00",
      "        register      14",
      "        registerName  TICKET_MASK",
      "        value         000000ff",
      "        difficulty    256",
      "        zeroBits      40 leading zero bits",
      "",
    ]);
  });

  test("a wrong checksum stands out", () => {
    expect(formatExplanation(explain("55aa51090014000000ff09"))).toContain(
      "CRC5 09 BAD, should be 08",
    );
  });
});

describe("wrong input", () => {
  test.each([
    ["not hex", "55zz", {}, 'HEX: "z" at digit 2'],
    ["half a byte", "55a", {}, "3 digits"],
    ["nothing", "  ", {}, "no bytes"],
    ["an unknown chip", "55aa", { chip: "BM9999" }, "allowed: BM1362, BM1366, BM1368, BM1370"],
  ])("%s is named", (_, hex, options, text) => {
    expect(() => explain(hex, options)).toThrow(ConfigError);
    expect(() => explain(hex, options)).toThrow(text);
  });
});
