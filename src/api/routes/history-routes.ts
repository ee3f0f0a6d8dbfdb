/** What happened, and how things went: events, series, and the live stream. */
import Type from "typebox";
import { nearest } from "../../lib/nearest.ts";
import { json, type Route, refuse, route } from "../route.ts";
import { eventSchema } from "../status.ts";

const closed = { additionalProperties: false } as const;
const topic = "Events and history";
const access = "public-read";

const HOUR_S = 3_600;
const MAX_SERIES = 32;
/** Wall clocks are wrong by years, not by thousands. */
const LATEST_UNIX_SECONDS = 2 ** 33;

export const historyAnswerSchema = Type.Object(
  {
    stepS: Type.Number({ unit: "s", description: "Between two points" }),
    unixSeconds: Type.Array(Type.Number({ unit: "s" }), { description: "Start of each step" }),
    series: Type.Record(Type.String(), Type.Array(Type.Union([Type.Number(), Type.Null()])), {
      description: "Means by name, one for each step; null: unknown",
    }),
  },
  closed,
);

const time = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: LATEST_UNIX_SECONDS, unit: "s", description }));

export const historyRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/live",
    topic: "Live",
    access,
    summary: "The status and every change of it, as server-sent events",
    description: `Events: "status" (the whole tree: first, and when it is not known what was missed), "delta"
({"changes": [[pointer, value], …]}, JSON pointers into the tree; a pair without value: the key is gone) and "event" (as
in /events). Each has an id: a browser that lost the connection sends the last one in Last-Event-ID and gets what it missed.
Who reads too slowly is disconnected, and comes back the same way.`,
    answers: {
      200: { description: "The stream; it does not end", contentType: "text/event-stream" },
    },
    refusals: [503],
    example: {},
    handle: () => ({ is: "live" }),
  }),
  route({
    method: "GET",
    path: "/events",
    topic,
    access,
    summary: "What happened, oldest first",
    query: Type.Object(
      {
        afterId: Type.Integer({
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: 0,
          description: "Only later ones",
        }),
        limit: Type.Integer({
          minimum: 1,
          maximum: 1_000,
          default: 1_000,
          description: "Of more, the newest",
        }),
      },
      closed,
    ),
    answers: {
      200: {
        description: "The events",
        schema: Type.Object({ events: Type.Array(eventSchema) }, closed),
      },
    },
    example: { query: { limit: 2 } },
    handle: ({ device }, { query }) => json({ events: device.events(query) }),
  }),
  route({
    method: "GET",
    path: "/history/series",
    topic,
    access,
    summary: "Names of all series that are recorded",
    answers: {
      200: {
        description: "The series",
        schema: Type.Object(
          {
            series: Type.Array(Type.Object({ name: Type.String(), unit: Type.String() }, closed)),
          },
          closed,
        ),
      },
    },
    example: {},
    handle: ({ device }) => json({ series: device.history.series }),
  }),
  route({
    method: "GET",
    path: "/history",
    topic,
    access,
    summary: "Recorded series between two times",
    query: Type.Object(
      {
        series: Type.String({
          minLength: 1,
          maxLength: 2_000,
          // As our own names are, so that the line of the request stays short.
          pattern: "^[A-Za-z0-9_., -]+$",
          description: `Names with commas between them, at most ${MAX_SERIES}`,
        }),
        from: time("Unix time; absent: an hour before the end"),
        to: time("Unix time; absent: now"),
        maxPoints: Type.Integer({
          minimum: 1,
          maximum: 2_000,
          default: 500,
          description: "At most so many of each series",
        }),
      },
      closed,
    ),
    answers: { 200: { description: "The series", schema: historyAnswerSchema } },
    refusals: [404],
    example: { query: { series: "hashrate", maxPoints: 3 } },
    async handle({ device, clock }, { query }) {
      const names = [...new Set(query.series.split(",").map((name) => name.trim()))];
      const known = device.history.series.map(({ name }) => name);
      const unknown = names.find((name) => !known.includes(name));
      if (names.length > MAX_SERIES)
        return refuse(400, "invalid-request", `series: at most ${MAX_SERIES} at once`);
      if (unknown !== undefined) {
        const meant = nearest(unknown, known);
        const hint = meant === undefined ? "GET /history/series names them" : `is it ${meant}?`;
        return refuse(404, "not-found", `There is no series of that name; ${hint}`);
      }
      const to = query.to ?? clock.unixSeconds();
      const from = query.from ?? Math.max(0, to - HOUR_S);
      if (from > to) return refuse(400, "invalid-request", "from: is later than to");
      return json(
        await device.history.query({
          series: names,
          fromUnixSeconds: from,
          toUnixSeconds: to,
          maxPoints: query.maxPoints,
        }),
      );
    },
  }),
];
