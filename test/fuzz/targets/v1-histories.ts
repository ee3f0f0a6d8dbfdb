/** Histories of a link to a Stratum V1 server: whatever comes in whatever order, no money is lost and nothing falls over. */
import { silentLog } from "../../../src/lib/log.ts";
import { V1Session } from "../../../src/sv1/session.ts";
import { BIP320_MASK } from "../../../src/work/work.ts";
import { fixedEntropy } from "../../support/scripted-server.ts";
import { HOST, PORT, playHistory } from "../history/play.ts";
import { commonStep, type Step, step } from "../history/step.ts";
import { V1Referee } from "../history/v1-referee.ts";
import { V1Server } from "../history/v1-server.ts";
import type { Random } from "../random.ts";
import type { FuzzTarget } from "../target.ts";
import { serverLine } from "./v1-words.ts";

interface V1History {
  readonly wanted: number;
  readonly steps: readonly Step[];
}

export const v1Histories: FuzzTarget<V1History> = {
  name: "v1",
  about: "histories of a Stratum V1 link",
  shortRuns: 60,
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
      server: new V1Server(),
      referee: (recorder) => new V1Referee(() => recorder.submitting),
      link: ({ clock, recorder, dial }) =>
        new V1Session(
          { clock, entropy: fixedEntropy(3), dial },
          {
            endpoint: { host: HOST, port: PORT },
            user: "acct.worker",
            password: "x",
            userAgent: "asicd/0",
            versionMask: BIP320_MASK,
            subscribeExtranonce: true,
            redirects: { allowed: [] },
          },
          recorder,
          silentLog,
        ),
    }),
};

function serverStep(random: Random): Step {
  return random.weighted<() => Step>([
    [12, () => step("job", { a: random.below(4), b: random.below(32) })],
    [2, () => step("difficulty", { a: random.below(5) })],
    [2, () => step("extranonce", { a: random.pick([4, 4, 2, 1, 0, 8]), b: random.below(4) })],
    [2, () => step("mask", { a: random.below(3) })],
    [4, () => step("answer", { a: random.below(5), b: random.pick([0, 1, 2]) })],
    [2, () => mode(random)],
    [1, () => step("reconnect", { a: random.below(5), b: random.pick([0, 0, 1, 1e9]) })],
    [4, () => step("line", { text: serverLine(random) })],
    [1, () => step("raw", { bytes: random.bytes(random.length(40)) })],
  ])();
}

function mode(random: Random): Step {
  return step("mode", {
    a: random.chance(0.3) ? 0 : random.below(25),
    b: random.chance(0.6) ? 0 : random.below(5),
  });
}
