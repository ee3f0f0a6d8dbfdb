/** One share as it was recorded on a Bitaxe Gamma, through the whole program at full difficulty. */
import { expect, test } from "vitest";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import { decodeHeader, encodeHeader, hashHeader, toDisplayHex } from "../../src/bitcoin/header.ts";
import { targetFromDifficulty } from "../../src/bitcoin/target.ts";
import { fromHex, toHex } from "../../src/lib/bytes.ts";
import { NewMiningJob, SetNewPrevHash } from "../../src/sv2/mining-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { ServerConnection } from "../support/scripted-server.ts";
import { virtualMachine } from "../support/virtual-machine.ts";
import vectors from "../vectors/bm13xx.json" with { type: "json" };

const recorded = vectors.jobs.find(({ name }) => name === "gamma-accepted-share");
if (recorded?.header === undefined) throw new Error("the recorded share is missing");
const header = decodeHeader(fromHex(recorded.header));

test("a recorded job leaves as recorded, and the recorded answer becomes the recorded share", async () => {
  const machine = virtualMachine({
    chip: bm1370,
    chips: 1,
    scale: 1,
    frequencyMHz: 75,
    isHashing: false,
  });
  const connections: ServerConnection[] = [];
  machine.network.listen("pool.test", 34_254, (stream) => {
    const connection = new ServerConnection(stream, {});
    connection.serve({ target: targetFromDifficulty(recorded.pool_difficulty ?? 0) });
    connections.push(connection);
  });
  await Promise.all([machine.miner.start(), machine.run(5_000)]);
  const [pool] = connections;
  const beforeJob = machine.sent[0]?.length ?? 0;
  pool?.sendTogether([
    encodeMessage(NewMiningJob, {
      channelId: 2,
      jobId: 77,
      minNtime: undefined,
      version: Number.parseInt(recorded.version_base ?? "", 16),
      merkleRoot: header.merkleRoot,
    }),
    encodeMessage(SetNewPrevHash, {
      channelId: 2,
      jobId: 77,
      prevHash: header.prevHash,
      minNtime: header.ntime,
      nbits: header.nbits,
    }),
  ]);
  await machine.clock.advance(5);

  // The job id is ours to choose and the checksum follows it; every other byte is as recorded.
  const frame = machine.sent[0]?.slice(beforeJob).find(({ length }) => length === 88);
  const masked = (hex: string) => `${hex.slice(0, 8)}..${hex.slice(10, 172)}`;
  expect(frame && masked(toHex(frame))).toBe(masked(recorded.job_frame));

  machine.devices[0]?.write(answerFor(frame?.[4] ?? 0, recorded.response_frame ?? ""));
  await machine.clock.advance(5);
  const share = pool?.received.find((message) => message.name === "SubmitSharesStandard");
  expect(share).toMatchObject({ channelId: 2, jobId: 77, ntime: header.ntime });
  if (share?.name !== "SubmitSharesStandard") throw new Error("no share");
  const found = encodeHeader({ ...header, version: share.version, nonce: share.nonce });
  expect(toHex(found)).toBe(recorded.header);
  expect(toDisplayHex(hashHeader(found))).toBe(recorded.hash_be);
  expect(machine.miner.snapshot().total).toMatchObject({ submitted: 1, hardwareErrors: 0 });
});

/** The recorded answer under the job id that this run gave to the job; its CRC5 is found by trying. */
function answerFor(jobId: number, recordedHex: string): Uint8Array {
  const answer = fromHex(recordedHex);
  answer[7] = ((jobId << 1) & 0xf0) | ((answer[7] ?? 0) & 0x0f);
  for (let crc = 0; crc < 32; crc++) {
    answer[10] = 0x80 | crc;
    if (crc5(answer.subarray(2)) === 0) return answer;
  }
  throw new Error("no checksum fits");
}

function crc5(bytes: Uint8Array): number {
  let crc = 0x1f;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const carry = (crc >> 4) ^ ((byte >> bit) & 1);
      crc = ((crc << 1) & 0x1f) ^ (carry === 1 ? 5 : 0);
    }
  }
  return crc;
}
