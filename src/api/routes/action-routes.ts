/** What an operator can have done: one operation for each action. */
import Type, { type Static, type TSchema } from "typebox";
import { type Action, type ActionName, actionScopes, type Outcome } from "../device.ts";
import { type Answer, type Api, json, type Route, refuse, route } from "../route.ts";

const closed = { additionalProperties: false } as const;

export const outcomeSchema = Type.Object(
  {
    is: Type.Enum(["done", "accepted"], {
      description: "accepted: under way; status and events tell how it goes",
    }),
    text: Type.String({ description: "For people" }),
  },
  closed,
);

export const outcomeAnswers = {
  answers: {
    200: { description: "Done", schema: outcomeSchema },
    202: { description: "Under way", schema: outcomeSchema },
  },
  refusals: [409],
} as const;

export function outcomeAnswer(outcome: Outcome): Answer {
  switch (outcome.is) {
    case "done":
      return json(outcome);
    case "accepted":
      return json(outcome, 202);
    case "refused":
      return refuse(409, outcome.code, outcome.text);
  }
}

const nothing = Type.Object({}, closed);
const chain = Type.Integer({ minimum: 0, maximum: 255, description: "Number of the board" });

interface ActionRow {
  readonly summary: string;
  readonly body: TSchema;
  readonly example: object;
}

const rows: Readonly<Record<ActionName, ActionRow>> = {
  pause: {
    summary: "No hashing until it is resumed, also after a restart; guard and fans go on",
    body: nothing,
    example: {},
  },
  resume: { summary: "Hash again", body: nothing, example: {} },
  "restart-chain": {
    summary: "Power one board off and on again",
    body: Type.Object({ chain }, closed),
    example: { chain: 1 },
  },
  "restart-miner": {
    summary: "Restart the miner process; boards lose power meanwhile",
    body: nothing,
    example: {},
  },
  restart: { summary: "Restart all of asicd, in order", body: nothing, example: {} },
  reboot: { summary: "Restart the operating system", body: nothing, example: {} },
  identify: {
    summary: "Let the lamp blink so that somebody finds the machine",
    body: Type.Object(
      {
        seconds: Type.Integer({
          minimum: 0,
          // Longer than anybody looks for a machine.
          maximum: 600,
          default: 60,
          unit: "s",
          description: "0: no more",
        }),
      },
      closed,
    ),
    example: { seconds: 60 },
  },
  "switch-pool": {
    summary: "Make a pool the first of its group",
    body: Type.Object(
      { pool: Type.Integer({ minimum: 0, maximum: 255, description: "Its index in /pools" }) },
      closed,
    ),
    example: { pool: 1 },
  },
  "clear-trip": {
    summary: "Give a board power again that is off after repeated trips: somebody has looked",
    body: Type.Object(
      {
        chain: Type.Union([chain, Type.Null()], { description: "null: all of them" }),
        reason: Type.String({
          maxLength: 500,
          description: "Of the board, as it was read in its status; another one meanwhile refuses",
        }),
      },
      closed,
    ),
    example: { chain: 1, reason: "chip at 101 °C" },
  },
  "factory-reset": {
    summary: "Forget settings, pools, passwords, tokens and history",
    body: nothing,
    example: {},
  },
};

export const actionRoutes: readonly Route[] = Object.entries(rows).map(
  ([name, { summary, body, example }]) =>
    route({
      method: "POST",
      path: `/actions/${name}`,
      topic: "Actions",
      access: actionScopes[name as ActionName],
      summary,
      body,
      ...outcomeAnswers,
      refusals: [404, 409],
      example: { body: example },
      handle: (api, { body: given, actor }) =>
        act(api, { do: name, ...(given as object) } as Action, actor),
    }),
);

async function act(
  api: Api,
  action: Action,
  actor: Parameters<Api["device"]["act"]>[1],
): Promise<Answer> {
  const { boards, pools } = api.device.status();
  if ("chain" in action && action.chain !== null && boards[action.chain] === undefined)
    return refuse(404, "not-found", `There is no board ${action.chain}`);
  if ("pool" in action && pools[action.pool] === undefined)
    return refuse(404, "not-found", `There is no pool ${action.pool}`);
  const outcome = await api.device.act(action, actor);
  // The keys to the machine are settings too, and only this process has them.
  if (action.do === "factory-reset" && outcome.is !== "refused") await api.keyring.wipe();
  return outcomeAnswer(outcome);
}

export type OutcomeBody = Static<typeof outcomeSchema>;
