import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/lib/bytes.ts";
import { WireError } from "../../src/lib/errors.ts";
import { commonMessages } from "../../src/sv2/common-messages.ts";
import { extensionMessages } from "../../src/sv2/extension-messages.ts";
import { jobDeclarationMessages } from "../../src/sv2/job-declaration-messages.ts";
import { type MessageSpec, message } from "../../src/sv2/message.ts";
import {
  miningMessages,
  NewMiningJob,
  OpenStandardMiningChannel,
  SetNewPrevHash,
} from "../../src/sv2/mining-messages.ts";
import { templateDistributionMessages } from "../../src/sv2/template-distribution-messages.ts";
import { u32 } from "../../src/sv2/wire.ts";
import { valuesOfMessage } from "./arbitraries.ts";

const allMessages: readonly MessageSpec[] = [
  ...commonMessages,
  ...miningMessages,
  ...templateDistributionMessages,
  ...jobDeclarationMessages,
  ...extensionMessages,
];

/** Type, channel bit, sender and name as the table of SV2 §8 has them; written down a second time on purpose. */
const catalogue: readonly string[] = [
  "0.00 0 client SetupConnection",
  "0.01 0 server SetupConnection.Success",
  "0.02 0 server SetupConnection.Error",
  "0.03 1 server ChannelEndpointChanged",
  "0.04 0 server Reconnect",
  "0.10 0 client OpenStandardMiningChannel",
  "0.11 0 server OpenStandardMiningChannel.Success",
  "0.12 0 server OpenMiningChannel.Error",
  "0.13 0 client OpenExtendedMiningChannel",
  "0.14 0 server OpenExtendedMiningChannel.Success",
  "0.15 1 server NewMiningJob",
  "0.16 1 client UpdateChannel",
  "0.17 1 server UpdateChannel.Error",
  "0.18 1 both CloseChannel",
  "0.19 1 server SetExtranoncePrefix",
  "0.1a 1 client SubmitSharesStandard",
  "0.1b 1 client SubmitSharesExtended",
  "0.1c 1 server SubmitShares.Success",
  "0.1d 1 server SubmitShares.Error",
  "0.1f 1 server NewExtendedMiningJob",
  "0.20 1 server SetNewPrevHash",
  "0.21 1 server SetTarget",
  "0.22 1 client SetCustomMiningJob",
  "0.23 1 server SetCustomMiningJob.Success",
  "0.24 1 server SetCustomMiningJob.Error",
  "0.25 0 server SetGroupChannel",
  "0.50 0 client AllocateMiningJobToken",
  "0.51 0 server AllocateMiningJobToken.Success",
  "0.55 0 server ProvideMissingTransactions",
  "0.56 0 client ProvideMissingTransactions.Success",
  "0.57 0 client DeclareMiningJob",
  "0.58 0 server DeclareMiningJob.Success",
  "0.59 0 server DeclareMiningJob.Error",
  "0.60 0 client PushSolution",
  "0.70 0 client CoinbaseOutputConstraints",
  "0.71 0 server NewTemplate",
  "0.72 0 server SetNewPrevHash",
  "0.73 0 client RequestTransactionData",
  "0.74 0 server RequestTransactionData.Success",
  "0.75 0 server RequestTransactionData.Error",
  "0.76 0 client SubmitSolution",
  "1.00 0 client RequestExtensions",
  "1.01 0 server RequestExtensions.Success",
  "1.02 0 server RequestExtensions.Error",
];

describe("message tables", () => {
  test("8: types, channel bits, senders and names are those of SV2 §8", () => {
    const described = allMessages.map(
      (spec) =>
        `${spec.extension}.${spec.type.toString(16).padStart(2, "0")} ${spec.channel ? 1 : 0} ${spec.from} ${spec.name}`,
    );
    expect(described.sort()).toEqual([...catalogue].sort());
  });

  test("a channel message begins with its channel id", () => {
    for (const spec of allMessages)
      if (spec.channel) expect(Object.keys(spec.fields)[0]).toBe("channelId");
  });

  test("every message reads back what it wrote", () => {
    for (const spec of allMessages) {
      fc.assert(
        fc.property(valuesOfMessage(spec), (values) => {
          const payload = spec.encode(values);
          const decoded = spec.decode(payload);
          expect(decoded).toEqual({ name: spec.name, ...values });
          expect(spec.encode(decoded)).toEqual(payload);
        }),
        { numRuns: 40 },
      );
    }
  });

  test("15: bytes after the last field are ignored, they may be TLVs (SV2 §3.4.3)", () => {
    for (const spec of allMessages) {
      fc.assert(
        fc.property(
          valuesOfMessage(spec),
          fc.uint8Array({ minLength: 7, maxLength: 7 }),
          (values, tail) => {
            const payload = Uint8Array.from([...spec.encode(values), ...tail]);
            expect(spec.decode(payload)).toEqual({ name: spec.name, ...values });
          },
        ),
        { numRuns: 10 },
      );
    }
  });

  test("16: a message cut anywhere is truncated", () => {
    for (const spec of allMessages) {
      fc.assert(
        fc.property(valuesOfMessage(spec), fc.nat(), (values, cut) => {
          const payload = spec.encode(values);
          for (const length of [payload.length - 1, cut % payload.length])
            expect(codeOf(() => spec.decode(payload.subarray(0, length)))).toBe("truncated");
        }),
        { numRuns: 20 },
      );
    }
  });

  test("110: any bytes decode to a value or a WireError", () => {
    for (const spec of allMessages) {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }),
            fc
              .tuple(valuesOfMessage(spec), fc.nat(), fc.integer({ min: 1, max: 255 }))
              .map(([values, at, flip]) => {
                const payload = spec.encode(values);
                payload[at % payload.length] = (payload[at % payload.length] ?? 0) ^ flip;
                return payload;
              }),
          ),
          (payload) => {
            expect([undefined, "truncated", "oversize", "bad-value"]).toContain(
              codeOf(() => spec.decode(payload)),
            );
          },
        ),
        { numRuns: 60 },
      );
    }
  });

  test("a count of 65 535 elements in a short payload costs no memory", () => {
    const declare = jobDeclarationMessages.find((spec) => spec.name === "DeclareMiningJob");
    const payload = new Uint8Array(64).fill(0xff);
    payload.fill(0, 4, 13);
    expect(codeOf(() => declare?.decode(payload))).toBe("truncated");
  });

  test("a wrong value is refused with the message's and the field's name", () => {
    expect(() =>
      OpenStandardMiningChannel.encode({
        requestId: 1,
        userIdentity: "x".repeat(256),
        nominalHashRate: 1e14,
        maxTarget: new Uint8Array(32),
      }),
    ).toThrow("OpenStandardMiningChannel.userIdentity: STR0_255 holds at most 255 bytes, not 256");
  });

  test("a malformed message says what, where, and which section it breaks", () => {
    try {
      SetNewPrevHash.decode(new Uint8Array(20));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
      expect(error).toMatchObject({
        code: "truncated",
        message: "SetNewPrevHash.prevHash: need 32 bytes at 8, have 12",
        section: "SV2 §5.3.17",
      });
    }
  });

  test("a decoded hash does not change with the buffer it came from", () => {
    const payload = Buffer.alloc(45, 0x5a);
    payload[8] = 0;
    const job = NewMiningJob.decode(payload);
    payload.fill(0);
    expect(toHex(job.merkleRoot)).toBe("5a".repeat(32));
  });

  test("names and types follow from the table", () => {
    const Example = message(
      "Example",
      { type: 0xee, channel: false, from: "client", section: "§0" },
      { count: u32 },
    );
    const decoded = Example.decode(Example.encode({ count: 7 }));
    const name: "Example" = decoded.name;
    const count: number = decoded.count;
    expect([name, count]).toEqual(["Example", 7]);
    // @ts-expect-error: a missing field does not compile
    expect(() => Example.encode({})).toThrow(RangeError);
    // @ts-expect-error: nor does a field of another type
    expect(() => Example.encode({ count: "7" })).toThrow(RangeError);
  });
});

function codeOf(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error instanceof WireError ? error.code : `not a WireError: ${error}`;
  }
}
