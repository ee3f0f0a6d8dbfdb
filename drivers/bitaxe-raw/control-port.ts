/** A control link whose protocol is known. */
import { DeviceError } from "../../src/lib/errors.ts";
import type { ControlProtocol, ControlReply, ControlRequest } from "./control-frames.ts";
import type { ControlLink } from "./control-link.ts";

export class ControlPort {
  readonly path: string;
  readonly protocol: ControlProtocol;
  readonly #link: ControlLink;

  constructor(link: ControlLink, protocol: ControlProtocol) {
    this.path = link.path;
    this.protocol = protocol;
    this.#link = link;
  }

  request(operation: string, request: ControlRequest): Promise<ControlReply> {
    return this.#link.request(this.protocol, operation, request);
  }

  /** Data of the reply; rejects with "refused" also where the device complains. */
  async demand(operation: string, request: ControlRequest): Promise<Uint8Array> {
    const reply = await this.request(operation, request);
    if (reply.is === "data") return reply.data;
    const status = `status 0x${reply.status.toString(16)}`;
    throw new DeviceError(this.path, operation, "refused", {
      detail: reply.message === "" ? status : `${status}: ${reply.message}`,
    });
  }
}
