/** Takes an uploaded update as far as this process may: checked and kept, for somebody with more rights to lay it beside. */
import type { UpdateError } from "../update/update-error.ts";

export type Received =
  | { readonly is: "received"; readonly version: string }
  | { readonly is: "refused"; readonly error: UpdateError };

export type UpdateReceiver = (
  upload: AsyncIterable<Uint8Array>,
  allowDowngrade: boolean,
) => Promise<Received>;
