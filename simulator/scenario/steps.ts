/** Every kind of step by its name. */
import Type from "typebox";
import { shareSteps } from "./steps-shares.ts";
import { talkingSteps } from "./steps-talking.ts";
import { transportSteps } from "./steps-transport.ts";
import { workSteps } from "./steps-work.ts";
import { countOf, duration, timeOf, type Verb } from "./verb.ts";

const wait: Verb = {
  argument: duration,
  form: "TIME",
  does: "lets time pass; what the device sends meanwhile is kept for later steps",
  async run(step, stage) {
    await stage.until(timeOf(step, undefined, 0), () => undefined);
  },
};

const repeat: Verb = {
  argument: Type.Integer({ minimum: 1, maximum: 100_000 }),
  options: { steps: Type.Array(Type.Unknown(), { minItems: 1 }) },
  steps: "option",
  form: "N; steps: [step, …]",
  does: "plays the steps N times; $i counts from 1",
  async run(step, stage) {
    const times = countOf(step, undefined, 1);
    for (let i = 1; i <= times; i++) {
      stage.set("i", i);
      await stage.runSteps(step.steps);
    }
  },
};

export const verbs: Readonly<Record<string, Verb>> = {
  ...workSteps,
  ...shareSteps,
  ...talkingSteps,
  ...transportSteps,
  wait,
  repeat,
};
