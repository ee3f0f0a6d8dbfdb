/** Messages as tables: a name, a header and a record of fields, from which types and codec follow. */
import { WireError } from "../lib/errors.ts";
import { ByteReader, ByteWriter } from "./byte-io.ts";
import type { Field } from "./wire.ts";

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of a message's fields. */
export type ValuesOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/** A received message: its values and its name, which tells the members of a union apart. */
export type Decoded<M> =
  M extends MessageSpec<infer Name, infer F> ? { readonly name: Name } & ValuesOf<F> : never;

export interface MessageHeader {
  readonly type: number;
  /** Bit 15 of the wire's extension_type: the payload begins with a channel id (SV2 §3.2, §8). */
  readonly channel: boolean;
  /** Who sends it. */
  readonly from: "client" | "server" | "both";
  /** Where the specification describes it. */
  readonly section: string;
  /** Extension id; 0, the core protocols, when absent. */
  readonly extension?: number;
}

export interface MessageSpec<Name extends string = string, F extends Fields = Fields>
  extends Required<MessageHeader> {
  /** As the specification writes it; unique within a protocol. */
  readonly name: Name;
  readonly fields: F;
  /** The payload. Throws RangeError naming the field whose value does not fit. */
  encode(values: ValuesOf<F>): Uint8Array;
  /**
   * Everything in the result is a copy. Bytes after the last field are TLVs of extensions that we may not know, and
   * are ignored (SV2 §3.4.3). Throws WireError naming the field that is cut short or malformed.
   */
  decode(payload: Uint8Array): { readonly name: Name } & ValuesOf<F>;
}

/** Declares a message. */
export function message<const Name extends string, const F extends Fields>(
  name: Name,
  header: MessageHeader,
  fields: F,
): MessageSpec<Name, F> {
  const columns = Object.entries(fields);
  return {
    name,
    extension: 0,
    ...header,
    fields,
    encode(values) {
      const out = new ByteWriter();
      let key = "";
      try {
        for (const column of columns) {
          key = column[0];
          column[1].write(out, values[key]);
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new RangeError(`${name}.${key}: ${error.message}`, { cause: error });
      }
      return out.finish();
    },
    decode(payload) {
      const from = new ByteReader(payload);
      const values: Record<string, unknown> = { name };
      let key = "";
      try {
        for (const column of columns) {
          key = column[0];
          values[key] = column[1].read(from);
        }
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        throw new WireError(error.code, `${name}.${key}: ${error.message}`, {
          section: `SV2 ${header.section}`,
          cause: error,
        });
      }
      return values as { readonly name: Name } & ValuesOf<F>;
    },
  };
}
