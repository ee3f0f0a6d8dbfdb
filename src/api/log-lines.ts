/** Lines of asicd's log as the API gives them. */
import Type, { type Static } from "typebox";

export const logLineSchema = Type.Object(
  {
    unixSeconds: Type.Union([Type.Number({ unit: "s" }), Type.Null()]),
    level: Type.String({ description: "trace, debug, info, warn or error" }),
    text: Type.String({ description: "What happened" }),
    fields: Type.Record(Type.String(), Type.Unknown(), { description: "With which values" }),
  },
  { additionalProperties: false },
);

export type LogLine = Static<typeof logLineSchema>;

export interface LogReader {
  /** The newest of them, oldest first, without anybody's secrets. */
  lines(limit: number): readonly LogLine[];
}
