/** Status and its parts. */
import Type from "typebox";
import type { Answer, Api } from "../route.ts";
import { json, type Route, refuse, route } from "../route.ts";
import {
  boardSchema,
  chipSchema,
  fansSchema,
  poolSchema,
  powerSchema,
  sharesSchema,
  statusSchema,
} from "../status.ts";
import { historyAnswerSchema } from "./history-routes.ts";

const closed = { additionalProperties: false } as const;
const topic = "Status";
const access = "public-read";

const boardParam = Type.Integer({ minimum: 0, maximum: 255, description: "Number of the board" });
const boardParams = Type.Object({ board: boardParam }, closed);
const chipParams = Type.Object(
  {
    board: boardParam,
    chip: Type.Integer({ minimum: 0, maximum: 4_095, description: "Position in the chain" }),
  },
  closed,
);

export const machineRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/status",
    topic,
    access,
    summary: "Everything that the machine is and does at this moment",
    answers: { 200: { description: "The tree", schema: statusSchema } },
    example: {},
    // The one object that stays the same until something new is known: it is written out once.
    handle: ({ device }) => json(device.status()),
  }),
  route({
    method: "GET",
    path: "/boards",
    topic,
    access,
    summary: "All boards",
    answers: {
      200: {
        description: "By their numbers",
        schema: Type.Object({ boards: Type.Array(boardSchema) }, closed),
      },
    },
    example: {},
    handle: ({ device }) => json({ boards: device.status().boards }),
  }),
  route({
    method: "GET",
    path: "/boards/{board}",
    topic,
    access,
    summary: "One board",
    params: boardParams,
    answers: { 200: { description: "The board", schema: boardSchema } },
    refusals: [404],
    example: { params: { board: 1 } },
    handle: (api, { params }) => {
      const board = api.device.status().boards[params.board];
      return board === undefined ? noBoard(api, params.board) : json(board);
    },
  }),
  route({
    method: "GET",
    path: "/boards/{board}/chips",
    topic,
    access,
    summary: "The chips of a board",
    params: boardParams,
    answers: {
      200: {
        description: "In the order of the chain; empty while the board is off",
        schema: Type.Object({ chips: Type.Array(chipSchema) }, closed),
      },
    },
    refusals: [404],
    example: { params: { board: 0 } },
    handle: (api, { params }) => {
      if (api.device.status().boards[params.board] === undefined) return noBoard(api, params.board);
      return json({ chips: api.device.chips(params.board) ?? [] });
    },
  }),
  route({
    method: "GET",
    path: "/boards/{board}/chips/{chip}/history",
    topic,
    access,
    summary: "What one chip did in the last 24 hours, and daily before",
    params: chipParams,
    answers: { 200: { description: "Its series", schema: historyAnswerSchema } },
    refusals: [404],
    example: { params: { board: 0, chip: 5 } },
    handle: async (api, { params: { board, chip } }) => {
      const status = api.device.status().boards[board];
      if (status === undefined) return noBoard(api, board);
      if (chip >= status.chipsExpected)
        return refuse(
          404,
          "not-found",
          `Board ${board} has no chip ${chip}; chips are 0 to ${status.chipsExpected - 1}`,
        );
      return json(await api.device.history.chip(board, chip));
    },
  }),
  route({
    method: "GET",
    path: "/pools",
    topic,
    access,
    summary: "All pools, in the operator's order",
    answers: {
      200: {
        description: "The pools",
        schema: Type.Object({ pools: Type.Array(poolSchema) }, closed),
      },
    },
    example: {},
    handle: ({ device }) => json({ pools: device.status().pools }),
  }),
  route({
    method: "GET",
    path: "/shares",
    topic,
    access,
    summary: "Shares of this run and of all runs",
    answers: { 200: { description: "The counts", schema: sharesSchema } },
    example: {},
    handle: ({ device }) => json(device.status().shares),
  }),
  route({
    method: "GET",
    path: "/fans",
    topic,
    access,
    summary: "Fans: what is asked of them, and what they do",
    answers: { 200: { description: "The fans", schema: fansSchema } },
    example: {},
    handle: ({ device }) => json(device.status().fans),
  }),
  route({
    method: "GET",
    path: "/power",
    topic,
    access,
    summary: "Power and efficiency, as far as anything measures or declares them",
    answers: { 200: { description: "The power", schema: powerSchema } },
    example: {},
    handle: ({ device }) => json(device.status().power),
  }),
];

function noBoard({ device }: Api, board: number): Answer {
  const { length } = device.status().boards;
  const those = length === 0 ? "there are none" : `boards are 0 to ${length - 1}`;
  return refuse(404, "not-found", `There is no board ${board}; ${those}`);
}
