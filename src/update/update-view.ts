/** Updates as operators see them: what the API answers, and what the page shows. */
import Type, { type Static } from "typebox";
import { bootStates } from "./boot-state.ts";

const closed = { additionalProperties: false } as const;

const versionSchema = Type.Object(
  {
    name: Type.String({ description: "Name of its folder" }),
    version: Type.String({ description: "E.g. 0.2.0" }),
  },
  closed,
);

const versionsSchema = Type.Object(
  {
    current: versionSchema,
    target: Type.String({ description: "Which updates fit: x64, arm64 or armv7" }),
    state: Type.Enum(bootStates, {
      description: "trial: it has to prove itself; returned: a newer one did not",
    }),
    previous: Type.Union([versionSchema, Type.Null()], {
      description: "What --return goes back to",
    }),
    staged: Type.Union([versionSchema, Type.Null()], {
      description: "Checked, laid beside, and not started yet",
    }),
    returned: Type.Union(
      [
        Type.Object(
          {
            name: Type.String(),
            version: Type.String(),
            reason: Type.String({ description: "Why it did not stay" }),
            isNew: Type.Boolean({ description: "Not told as an event yet" }),
          },
          closed,
        ),
        Type.Null(),
      ],
      { description: "The version that went back" },
    ),
    reason: Type.String({ description: "What was last said about this, e.g. why it settled" }),
  },
  closed,
);

export type UpdateVersions = Static<typeof versionsSchema>;

const trialSchema = Type.Object(
  {
    leftS: Type.Integer({
      minimum: 0,
      description: "It goes back if it is not healthy by then, s",
    }),
    reason: Type.String({ description: "What speaks for it, or is not there yet" }),
  },
  closed,
);

export type UpdateTrial = Static<typeof trialSchema>;

export const updateStateSchema = Type.Object(
  {
    possible: Type.Boolean({ description: "This asicd can update itself" }),
    text: Type.String({ description: "Why not, or what goes on, for people" }),
    progress: Type.Enum(["none", "staging", "starting"], {
      description: "What goes on now",
    }),
    problem: Type.Union([Type.String(), Type.Null()], {
      description: "Why the last one failed",
    }),
    versions: Type.Union([versionsSchema, Type.Null()]),
    trial: Type.Union([trialSchema, Type.Null()], {
      description:
        "How the trial goes, told anew every 5 s; null: there is none, or it has just begun",
    }),
  },
  closed,
);

export type UpdateState = Static<typeof updateStateSchema>;

/** What an update would change. */
export interface UpdateSummary {
  readonly name: string;
  readonly version: string;
  readonly currentVersion: string;
  readonly target: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly configVersion: number;
  readonly notes: string;
}
