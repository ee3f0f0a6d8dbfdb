/** Histories of a link to an SV2 server: whatever comes in whatever order, no money is lost and nothing falls over. */
import { nodeAead } from "../../../firmware/node-aead.ts";
import { concatBytes } from "../../../src/lib/bytes.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { type Handshaker, localHandshaker } from "../../../src/noise/handshaker.ts";
import type { Fields, MessageSpec } from "../../../src/sv2/message.ts";
import { protocolMessages } from "../../../src/sv2/protocols.ts";
import { UpstreamSession } from "../../../src/upstream/session.ts";
import { BIP320_MASK } from "../../../src/work/work.ts";
import { AUTHORITY, fixedEntropy } from "../../support/scripted-server.ts";
import { HOST, PORT, playHistory } from "../history/play.ts";
import { commonStep, type Step, step } from "../history/step.ts";
import { Sv2Referee } from "../history/sv2-referee.ts";
import { channelModes, Sv2Server, setupModes } from "../history/sv2-server.ts";
import { mutatedBytes } from "../mutate.ts";
import type { Random } from "../random.ts";
import type { FuzzTarget } from "../target.ts";
import { littleEndian, wireValue } from "./wire-values.ts";

interface Sv2History {
  readonly wanted: number;
  readonly steps: readonly Step[];
}

const fromServer = (protocolMessages.mining as readonly MessageSpec[]).filter(
  ({ from }) => from !== "client",
);

export const standardHistories = histories("sv2-standard", "standard", false, 60);
export const extendedHistories = histories("sv2-extended", "extended", false, 60);
export const autoHistories = histories("sv2-auto", "auto", false, 50);
export const secureHistories = histories("sv2-encrypted", "auto", true, 6);

function histories(
  name: string,
  channel: "standard" | "extended" | "auto",
  isSecure: boolean,
  shortRuns: number,
): FuzzTarget<Sv2History> {
  return {
    name,
    about: `histories of an SV2 link, ${isSecure ? "encrypted" : `channel: ${channel}`}`,
    shortRuns,
    make(random) {
      const steps = Array.from({ length: random.between(1, 30) }, () =>
        random.chance(0.45) ? commonStep(random) : serverStep(random),
      );
      return {
        wanted: random.between(1, 3),
        steps: random.chance(0.3) ? [mode(random), ...steps] : steps,
      };
    },
    run: ({ wanted, steps }) =>
      playHistory({
        wanted,
        steps,
        server: new Sv2Server(isSecure),
        referee: isSecure ? undefined : (recorder) => new Sv2Referee(() => recorder.submitting),
        link: ({ clock, recorder, dial }) =>
          new UpstreamSession(
            {
              clock,
              entropy: fixedEntropy(3),
              aead: nodeAead,
              dial,
              ...(wanted === 1 ? {} : { handshaker: laterHandshaker }),
            },
            {
              endpoint: {
                host: HOST,
                port: PORT,
                authorityKey: AUTHORITY.publicKey,
                secure: isSecure,
              },
              identity: { vendor: "asicd", hardwareVersion: "fuzz", firmware: "0", deviceId: "" },
              userIdentity: "acct.worker",
              versionMask: BIP320_MASK,
              tolerateFlagEcho: false,
              maxTarget: new Uint8Array(32).fill(0xff),
              channel,
              extensions: channel === "extended" ? [2] : [],
              workerName: "worker",
            },
            recorder,
            silentLog,
          ),
      }),
  };
}

const local = localHandshaker({ entropy: fixedEntropy(4), aead: nodeAead });
/** As a thread does it: everything is answered later. */
const laterHandshaker: Handshaker = {
  async begin() {
    const handshake = await local.begin();
    return {
      act1: handshake.act1,
      finish: async (act2, check) => handshake.finish(act2, check),
    };
  },
};

function serverStep(random: Random): Step {
  return random.weighted<() => Step>([
    [9, () => step("block", { a: random.below(4), b: random.between(1, 5) })],
    [5, () => step("job", { a: random.below(4), b: random.between(1, 5) + 8 * random.below(2) })],
    [4, () => step("tip", { a: random.below(4), b: random.between(1, 5) })],
    [8, () => said(random)],
    [4, () => step("answer", { a: random.below(5), b: random.pick([0, 1, 2]) })],
    [3, () => mode(random)],
    [1, () => step("reconnect", { a: random.below(5), b: random.below(2) })],
    [1, () => ({ ...said(random), do: "half", b: random.below(40) })],
    [1, () => step("rest")],
    [1, () => step("raw", { bytes: random.bytes(random.length(40)) })],
  ])();
}

function mode(random: Random): Step {
  return step("mode", {
    a: random.chance(0.6) ? 0 : random.below(setupModes.length),
    b: random.chance(0.6) ? 0 : random.below(channelModes.length),
  });
}

/** A message of the server with fields that mean something here, or nearly. */
function said(random: Random): Step {
  const spec = random.pick(fromServer);
  const fields = Object.entries(spec.fields satisfies Fields);
  const payload = concatBytes(
    ...fields.map(([key, { dataType }]) => fieldValue(random, key, dataType)),
  );
  const bytes = random.chance(0.9) ? payload : mutatedBytes(random, payload);
  return step("say", { a: spec.type, b: spec.extension, bytes });
}

function fieldValue(random: Random, key: string, dataType: string): Uint8Array {
  const u32 = (...values: number[]) => littleEndian(random.pick(values), 4);
  if (random.chance(0.03)) return wireValue(random, dataType);
  switch (key) {
    case "channelId":
    case "groupChannelId":
      return u32(0, 1, 1, 2, 2, 2, 3, 4, 77);
    case "jobId":
      return u32(1, 2, 3, 4, 0xffffffff);
    case "requestId":
      return dataType === "U16" ? littleEndian(1, 2) : u32(1, 2, 3, 4, 5, 6);
    case "sequenceNumber":
    case "lastSequenceNumber":
      return u32(0, 1, 2, 3, 5, 4_096, 0xffffffff);
    case "newSubmitsAcceptedCount":
      return u32(0, 1, 2, 5, 5_000, 0xffffffff);
    case "minNtime": {
      const ntime = u32(0, 1_000, 1_001, 0xffffffff);
      if (dataType === "U32") return ntime;
      return random.chance(0.4) ? Uint8Array.of(0) : concatBytes(Uint8Array.of(1), ntime);
    }
    case "prevHash":
      return new Uint8Array(32).fill(random.pick([0xa0, 0xa1, 0xa2]));
    case "target":
    case "maximumTarget":
      return new Uint8Array(32).fill(random.pick([0xff, 0xff, 0, 1, random.below(256)]));
    case "version":
      return u32(0x2000_0000, 0x3fff_e000, 0xffffffff);
    case "extranonceSize":
      return littleEndian(random.pick([0, 1, 2, 4, 8, 31, 32, 33, 255, 0xffff]), 2);
    case "usedVersion":
      return littleEndian(random.pick([2, 2, 2, 1, 3]), 2);
    default:
      return wireValue(random, dataType);
  }
}
