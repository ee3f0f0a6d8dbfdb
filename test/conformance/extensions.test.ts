/** Case 109: the negotiation of extensions (extension 0x0001). */
import { describe, expect, test } from "vitest";
import {
  RequestExtensionsError,
  RequestExtensionsSuccess,
} from "../../src/sv2/extension-messages.ts";
import { encodeMessage } from "../../src/sv2/protocols.ts";
import { connected } from "./device.ts";
import { block } from "./frames.ts";
import type { PoolEnd, PoolScript, Received } from "./pool-end.ts";

const isRequest = (message: Received) => message.name === "RequestExtensions";

/** An honest pool that treats requests for extensions in its own way. */
const answering = (
  answer: (requestId: number, wanted: readonly number[], pool: PoolEnd) => void,
): PoolScript => ({
  onMessage: (message, pool) => {
    if (message.name !== "RequestExtensions") return false;
    answer(message.requestId, message.requestedExtensions, pool);
    return true;
  },
});

describe("extensions", () => {
  test("case 109 (ext1 §1.1, §4): nobody is asked for any unless the operator wants it", async () => {
    const device = await connected();
    await device.tell(...block(1));
    expect(device.pool.frames.every(({ extensionType }) => extensionType === 0)).toBe(true);
    expect(device.told.phase).toBe("mining");
  });

  test("case 109 (ext1 §1.1, §4): the request follows the set-up at once, and nothing else until it is answered", async () => {
    const device = await connected(
      answering(() => {}),
      { extensions: [2] },
    );
    const [, request] = device.pool.frames;
    expect(request).toMatchObject({ extensionType: 1, messageType: 0, channelMessage: false });
    await device.run(200);
    expect(device.pool.names).toEqual(["SetupConnection", "RequestExtensions"]);
    const [asked] = device.pool.all("RequestExtensions");
    expect(asked?.requestedExtensions).toEqual([2]);
    const requestId = asked?.requestId ?? 0;
    // The answer to somebody else's request is none.
    await device.tell(
      encodeMessage(RequestExtensionsSuccess, {
        requestId: requestId ^ 0xff,
        supportedExtensions: [2],
      }),
    );
    expect(device.pool.names).not.toContain("OpenStandardMiningChannel");
    await device.tell(
      encodeMessage(RequestExtensionsSuccess, { requestId, supportedExtensions: [2] }),
    );
    expect(device.pool.names.at(-1)).toBe("OpenStandardMiningChannel");
  });

  test("case 109 (ext1 §1.1, §4): none of them supported: the device goes on without", async () => {
    const device = await connected(
      answering((requestId, wanted, pool) =>
        pool.send(
          encodeMessage(RequestExtensionsError, {
            requestId,
            unsupportedExtensions: [...wanted],
            requiredExtensions: [],
          }),
        ),
      ),
      { extensions: [2] },
    );
    expect(device.pool.names.at(-1)).toBe("OpenStandardMiningChannel");
    expect(device.pools).toHaveLength(1);
  });

  test("case 109 (ext1 §1.1, §4): silence: asked twice more patiently on new connections, then never again", async () => {
    const device = await connected(
      answering(() => {}),
      { extensions: [2] },
    );
    await device.run(30_000);
    const asked = device.pools.map(({ received }) => received.filter(isRequest).length);
    expect(asked.slice(0, 2)).toEqual([1, 1]);
    expect(asked.at(-1)).toBe(0);
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(device.pool.names).toEqual(["SetupConnection", "OpenStandardMiningChannel"]);
    await device.tell(...block(1));
    expect(device.told.phase).toBe("mining");
  });

  /** Requires this one, and agrees when it is among those asked for. */
  const requiring = (id: number) =>
    answering((requestId, wanted, pool) =>
      pool.send(
        wanted.includes(id)
          ? encodeMessage(RequestExtensionsSuccess, { requestId, supportedExtensions: [id] })
          : encodeMessage(RequestExtensionsError, {
              requestId,
              unsupportedExtensions: [],
              requiredExtensions: [id],
            }),
      ),
    );

  test("case 109 (ext1 §1.1, §4): a required extension that the device knows is asked for, once more", async () => {
    const device = await connected(requiring(2), { extensions: [0x4abc] });
    const requests = device.pools.flatMap((pool) => pool.all("RequestExtensions"));
    expect(requests).toHaveLength(2);
    expect(requests[1]?.requestedExtensions).toContain(2);
    expect(device.pool.names.at(-1)).toBe("OpenStandardMiningChannel");
  });

  test("case 109 (ext1 §1.1, §4): a required extension that the device lacks makes it leave, and say so", async () => {
    const device = await connected(requiring(0x4dead & 0x7fff), { extensions: [2] });
    expect(device.pool.ended).toBe(true);
    expect(device.told.reason).toMatch(/requires extensions that we lack/);
    await device.run(10_000);
    expect(device.pools).toHaveLength(1);
  });
});
