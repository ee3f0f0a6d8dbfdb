/** Another version of asicd: received, laid beside, started on trial, and back again. */
import Type from "typebox";
import { updateStateSchema } from "../../update/update-view.ts";
import { json, type Route, refuse, route } from "../route.ts";
import { outcomeAnswer, outcomeAnswers } from "./action-routes.ts";

const topic = "Updates";
const nothing = Type.Object({}, { additionalProperties: false });

export const updateRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/update",
    topic,
    access: "read",
    summary: "Which version runs, which went back and why, and what goes on",
    answers: { 200: { description: "State", schema: updateStateSchema } },
    example: {},
    handle: ({ device }) => json(device.updates.state()),
  }),
  route({
    method: "POST",
    path: "/update",
    topic,
    access: "admin",
    takesFile: true,
    summary: "Check an update and lay it beside the version that runs; nothing is started",
    description:
      "The body is the update file. Signature, target and version are checked before all of it has been sent; a file that is not taken changes nothing.",
    query: Type.Object(
      {
        allowDowngrade: Type.Boolean({
          default: false,
          description: "Also take the same or an older version",
        }),
      },
      { additionalProperties: false },
    ),
    answers: outcomeAnswers.answers,
    refusals: [409, 413, 415, 422],
    example: { query: { allowDowngrade: "true" } },
    async handle({ device, receiveUpdate }, { upload, query, actor }) {
      const { possible, text } = device.updates.state();
      if (!possible) return refuse(409, "no-slots", text);
      if (upload === undefined) return refuse(422, "not-an-update", "There is no file");
      const received = await receiveUpdate(upload, query.allowDowngrade);
      if (received.is === "refused") {
        const { code, message, problems } = received.error;
        device.audit(actor, "update-refused", message);
        const status = code === "busy" ? 409 : code === "too-large" ? 413 : 422;
        return { ...refuse(status, code, message), problems };
      }
      const { allowDowngrade } = query;
      return outcomeAnswer(await device.updates.take({ do: "stage", allowDowngrade }, actor));
    },
  }),
  ...(
    [
      ["start", "Start the version that lies beside; it stays only if it proves itself"],
      ["return", "Go back to the version before, with its settings"],
    ] as const
  ).map(([name, summary]) =>
    route({
      method: "POST",
      path: `/update/${name}`,
      topic,
      access: "admin",
      summary,
      body: nothing,
      ...outcomeAnswers,
      example: { body: {} },
      handle: async ({ device }, { actor }) =>
        outcomeAnswer(await device.updates.take({ do: name }, actor)),
    }),
  ),
  route({
    method: "DELETE",
    path: "/update",
    topic,
    access: "admin",
    summary: "Remove the version that lies beside and was not started",
    ...outcomeAnswers,
    example: {},
    handle: async ({ device }, { actor }) =>
      outcomeAnswer(await device.updates.take({ do: "discard" }, actor)),
  }),
];
