/** The messages of the mining protocol by name, and the types of their fields, for whoever writes them in a file. */
import { printable } from "../../src/lib/bytes.ts";
import { nearest } from "../../src/lib/nearest.ts";
import type { MessageSpec } from "../../src/sv2/message.ts";
import { protocolMessages } from "../../src/sv2/protocols.ts";
import { ValueProblem } from "./scope.ts";

export type Sv2Spec = MessageSpec;

const specs = new Map<string, Sv2Spec>(
  protocolMessages.mining.map((spec) => [spec.name, spec as unknown as Sv2Spec]),
);

/** Fields of a message that we do not know. */
export const unknownFields = ["extension", "type", "payload"];

export function sv2Names(): readonly string[] {
  return [...specs.keys()];
}

/** Throws ValueProblem with the nearest name. */
export function sv2Spec(name: string): Sv2Spec {
  const spec = specs.get(name);
  if (spec !== undefined) return spec;
  const meant = nearest(name, specs.keys());
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  throw new ValueProblem(
    `no message is called ${printable(name, 60)}${hint}`,
    [...specs.keys()].join(", "),
  );
}

/** What came behind a message's last field, where a scenario looks at it: TLVs of extensions. */
export const TAIL = "tail";

/** Such as "U256". Throws ValueProblem for a field that the message does not have. */
export function fieldType(spec: Sv2Spec, field: string): string {
  const column = spec.fields[field];
  if (column !== undefined) return column.dataType;
  if (field === TAIL) return "B0_64K";
  const known = [...Object.keys(spec.fields), TAIL];
  const meant = nearest(field, known);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  throw new ValueProblem(`${spec.name} has no field ${field}${hint}`, known.join(", "));
}
