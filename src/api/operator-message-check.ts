/** Whether something is a word of the operator process: to the supervisor it may have been anybody's. */
import Type from "typebox";
import { Check } from "typebox/value";
import type { OperatorMessage } from "./operator-link.ts";

const closed = { additionalProperties: false } as const;
const MAX_LISTENING = 32;

const actor = Type.Object(
  { name: Type.String({ maxLength: 200 }), scope: Type.Enum(["read", "control", "admin"]) },
  closed,
);
const plain = (...names: readonly string[]) =>
  names.map((name) => Type.Object({ do: Type.Literal(name) }, closed));
const action = Type.Union([
  ...plain("pause", "resume", "restart-miner", "restart", "reboot", "factory-reset"),
  Type.Object({ do: Type.Literal("restart-chain"), chain: Type.Number() }, closed),
  Type.Object({ do: Type.Literal("identify"), seconds: Type.Number() }, closed),
  Type.Object({ do: Type.Literal("switch-pool"), pool: Type.Number() }, closed),
  Type.Object(
    {
      do: Type.Literal("clear-trip"),
      chain: Type.Union([Type.Number(), Type.Null()]),
      reason: Type.Optional(Type.String({ maxLength: 2_000 })),
    },
    closed,
  ),
]);
const changes = Type.Array(
  Type.Object(
    { path: Type.String({ maxLength: 1_000 }), value: Type.Optional(Type.Unknown()) },
    closed,
  ),
  { maxItems: 1_000 },
);
const updateStep = Type.Union([
  Type.Object({ do: Type.Literal("stage"), allowDowngrade: Type.Boolean() }, closed),
  ...plain("start", "return", "discard", "told"),
]);
const request = Type.Union([
  Type.Object({ ask: Type.Literal("act"), action, actor }, closed),
  Type.Object({ ask: Type.Literal("config-preview"), changes }, closed),
  Type.Object({ ask: Type.Literal("config-apply"), changes, actor }, closed),
  Type.Object({ ask: Type.Literal("config-replace"), config: Type.Unknown(), actor }, closed),
  Type.Object({ ask: Type.Literal("config-confirm"), actor }, closed),
  Type.Object({ ask: Type.Literal("config-revert"), actor }, closed),
  Type.Object({ ask: Type.Literal("update"), step: updateStep, actor }, closed),
]);
const message = Type.Union([
  Type.Object(
    {
      tell: Type.Literal("beat"),
      listening: Type.Array(Type.String({ maxLength: 300 }), { maxItems: MAX_LISTENING }),
    },
    closed,
  ),
  Type.Object({ tell: Type.Literal("ask"), id: Type.Integer(), request }, closed),
  Type.Object({ tell: Type.Literal("stopped") }, closed),
]);

/** `undefined` for anything else. */
export function checkOperatorMessage(told: unknown): OperatorMessage | undefined {
  return Check(message, told) ? (told as OperatorMessage) : undefined;
}
