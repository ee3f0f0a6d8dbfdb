import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ChipCommand,
  CommandFramer,
  encodeNonceAnswer,
  encodeRegisterAnswer,
} from "../../../simulator/chain/wire.ts";
import { concatBytes, fromHex, toHex } from "../../../src/lib/bytes.ts";
import vectors from "../../vectors/bm13xx.json" with { type: "json" };

function framed(stream: Uint8Array): {
  commands: ChipCommand[];
  dropped: number;
  checksumErrors: number;
} {
  const commands: ChipCommand[] = [];
  const framer = new CommandFramer((command) => commands.push(command));
  for (const byte of stream) framer.push(byte);
  return { commands, dropped: framer.bytesDropped, checksumErrors: framer.checksumErrors };
}

describe("commands", () => {
  test.each(vectors.command_frames)("$frame is understood", ({ frame, op, all, addr, ...rest }) => {
    const { commands, dropped } = framed(fromHex(frame));
    expect(dropped).toBe(0);
    const names: Readonly<Record<string, string>> = {
      chain_inactive: "chain-inactive",
      set_address: "set-address",
    };
    expect(commands).toHaveLength(1);
    const command = commands[0] as ChipCommand;
    expect(command.op).toBe(names[op] ?? op);
    if (command.op === "set-address") expect(command.address).toBe(addr);
    if (command.op === "read" || command.op === "write") {
      expect(command.all).toBe(all);
      expect(command.address).toBe(addr);
      expect(command.register).toBe(rest.reg);
    }
    if (command.op === "write") expect(command.value).toBe(Number.parseInt(String(rest.value), 16));
  });

  test.each(vectors.excluded_bad_frames)("%s has a wrong checksum", (line) => {
    const frame = fromHex(line.slice(line.lastIndexOf(" ")));
    const { commands, dropped, checksumErrors } = framed(frame);
    expect(commands).toEqual([]);
    expect(checksumErrors).toBe(1);
    expect(dropped).toBeGreaterThan(0);
  });

  test.each(vectors.jobs.filter(({ format }) => format === "full"))(
    "the job $name is the header that was mined",
    ({ job_frame, header, version_base, job_id_byte }) => {
      const { commands, dropped } = framed(fromHex(job_frame));
      expect(dropped).toBe(0);
      const job = commands[0];
      if (job?.op !== "job") throw new Error(`not a job: ${job?.op}`);
      const bytes = new Uint8Array(76);
      const view = new DataView(bytes.buffer);
      job.headerWords.forEach((word, i) => {
        view.setInt32(4 * i, word);
      });
      expect(view.getUint32(0, true)).toBe(Number.parseInt(version_base ?? "", 16));
      expect(toHex(bytes.subarray(4))).toBe(header?.slice(8, 152));
      expect(job.idByte).toBe(Number.parseInt(job_id_byte ?? "", 16));
    },
  );

  test("a job whose LEN byte lies is still 88 bytes long", () => {
    const frame = fromHex(vectors.jobs[0]?.job_frame ?? "");
    expect(framed(frame).commands).toHaveLength(1);
    expect(framed(frame.subarray(0, 87)).commands).toEqual([]);
  });

  test("after a cut job the frames behind it are found", () => {
    const job = fromHex(vectors.jobs[0]?.job_frame ?? "");
    const read = fromHex("55aa520500000a");
    const { commands } = framed(concatBytes(job.subarray(0, 30), read, read, job));
    expect(commands.map(({ op }) => op)).toEqual(["read", "read", "job"]);
  });

  test("are found between noise, wherever the stream is cut", () => {
    const frame = fc.constantFrom(
      ...vectors.command_frames.slice(0, 20).map((vector) => fromHex(vector.frame)),
      fromHex(vectors.jobs[0]?.job_frame ?? ""),
    );
    const noise = fc.uint8Array({ maxLength: 12 }).map((bytes) => bytes.map((b) => b & 0x4f));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, frame), { maxLength: 8 }), (parts) => {
        // 0x55 is not among 00 to 0F and 40 to 4F: noise cannot begin a frame.
        const { commands, dropped } = framed(concatBytes(...parts.flat()));
        expect(commands).toHaveLength(parts.length);
        expect(dropped).toBe(parts.reduce((sum, [before]) => sum + before.length, 0));
      }),
    );
  });

  test("any bytes are commands or dropped, never an error", () => {
    const biased = fc.array(
      fc.oneof(fc.constantFrom(0x55, 0xaa, 0x21, 0x51, 0x52, 5, 9), fc.nat(255)),
      { maxLength: 400 },
    );
    fc.assert(
      fc.property(biased, (bytes) => {
        const { dropped } = framed(Uint8Array.from(bytes));
        expect(dropped).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

const answers = vectors.response_frames.filter(({ frame }) => frame.startsWith("aa55"));

describe("answers", () => {
  test.each(answers.filter(({ kind }) => kind === "register"))(
    "register answer $frame is what the chip sends",
    ({ frame, value, chip_addr, reg, len }) => {
      const encoded = encodeRegisterAnswer(
        Number.parseInt(value ?? "", 16),
        chip_addr ?? 0,
        reg ?? 0,
        len === 11 ? "long" : "short",
      );
      expect(toHex(encoded)).toBe(frame);
    },
  );

  test.each(answers.filter(({ kind }) => kind === "nonce"))(
    "nonce answer $frame is what the chip sends",
    ({ frame, nonce_be, b4, id_byte, version_field, len }) => {
      const encoded = encodeNonceAnswer(
        Number.parseInt(nonce_be ?? "", 16),
        b4 ?? 0,
        Number.parseInt(id_byte ?? "", 16),
        Number.parseInt(version_field ?? "0", 16),
        len === 11 ? "long" : "short",
      );
      expect(toHex(encoded)).toBe(frame);
    },
  );
});
