/** What a test of a pool answers: how far it came, step by step. */
import Type, { type Static } from "typebox";

export const poolTestSteps = [
  "resolve",
  "connect",
  "handshake",
  "set-up",
  "channel",
  "job",
] as const;

export type PoolTestStep = (typeof poolTestSteps)[number];

export const poolTestSchema = Type.Object(
  {
    ok: Type.Boolean({ description: "It gave a job" }),
    steps: Type.Array(
      Type.Object(
        {
          step: Type.Enum([...poolTestSteps]),
          ok: Type.Boolean(),
          text: Type.String({ description: "For people" }),
          ms: Type.Number({ unit: "ms", description: "What the step took" }),
        },
        { additionalProperties: false },
      ),
      { description: "In order; the last one is the one that failed, or the job" },
    ),
  },
  { additionalProperties: false },
);

export type PoolTestResult = Static<typeof poolTestSchema>;

export interface TestedPool {
  readonly url: string;
  readonly user: string;
  readonly password?: string;
}

/** Rejects with ConfigError for what is no pool URL. "busy": another test is under way. */
export type PoolTester = (pool: TestedPool) => Promise<PoolTestResult | "busy">;
