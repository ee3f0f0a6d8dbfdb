/** The support bundle: what is in it is told before anybody downloads it. */
import Type, { type Static } from "typebox";

export const supportFileSchema = Type.Object(
  {
    name: Type.String(),
    bytes: Type.Integer({ minimum: 0, unit: "B" }),
    about: Type.String({ description: "What it holds" }),
  },
  { additionalProperties: false },
);

export type SupportFile = Static<typeof supportFileSchema>;

export interface SupportBundle {
  contents(): Promise<readonly SupportFile[]>;
  /** As it is at this moment, a tar archive. */
  tar(): Promise<Uint8Array>;
}
