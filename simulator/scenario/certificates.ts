/** Certificates that a scenario may show, by name or in detail. */
import Type from "typebox";
import type { CertificateScript } from "../pool/frame-link.ts";
import { plain, type SourceNode } from "./source.ts";

/** A key that devices were not told. */
const FOREIGN_SECRET = new Uint8Array(32).fill(9);
const DAY_S = 86_400;

const named = {
  good: {},
  expired: { validFromS: -2 * DAY_S, notValidAfterS: -DAY_S },
  future: { validFromS: DAY_S, notValidAfterS: 2 * DAY_S },
  "wrong key": { signingSecret: FOREIGN_SECRET },
  "unknown version": { version: 1 },
  "for another key": { forAnotherKey: true },
  "odd y": { oddY: true },
} as const satisfies Readonly<Record<string, CertificateScript>>;

const seconds = Type.Integer({ minimum: -100_000_000, maximum: 100_000_000, unit: "s from now" });

export const certificateNames = Object.keys(named);
export const certificateSchema = Type.Union([
  Type.Enum(certificateNames),
  Type.Object(
    {
      validFromS: Type.Optional(seconds),
      notValidAfterS: Type.Optional(seconds),
      version: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff })),
      forAnotherKey: Type.Optional(Type.Boolean()),
      oddY: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
]);

/** Of what the schema above has let pass. */
export function certificateOf(node: SourceNode | undefined): CertificateScript | undefined {
  if (node === undefined) return undefined;
  const value = plain(node);
  return typeof value === "string"
    ? named[value as keyof typeof named]
    : (value as CertificateScript);
}
