/** The link that a pool's address asks for. */
import type { Logger } from "../lib/log.ts";
import { V1Session } from "../sv1/session.ts";
import type { ConnectionPorts } from "../upstream/connection.ts";
import type { DeviceIdentity } from "../upstream/endpoint.ts";
import type { LinkHandlers, PoolLink } from "../upstream/pool-link.ts";
import { UpstreamSession } from "../upstream/session.ts";
import type { PoolOptions } from "./pool-options.ts";

export type LinkPorts = ConnectionPorts;

export function openLink(
  pool: PoolOptions,
  identity: DeviceIdentity,
  ports: LinkPorts,
  handlers: LinkHandlers,
  log: Logger,
): PoolLink {
  const { address, user, versionMask, silenceMs } = pool;
  const redirects = { allowed: pool.redirectHosts };
  if (address.protocol === "sv1") {
    const { endpoint } = address;
    const { password, suggestDifficulty } = pool;
    const options = {
      endpoint,
      user,
      password,
      userAgent: identity.vendor.replace(" ", "/"),
      versionMask,
      silenceMs,
      redirects,
      subscribeExtranonce: true,
      ...(suggestDifficulty === undefined ? {} : { suggestDifficulty }),
    };
    return new V1Session(ports, options, handlers, log);
  }
  return new UpstreamSession(
    ports,
    {
      endpoint: address.endpoint,
      identity,
      userIdentity: user,
      versionMask,
      deadlines: { silenceMs },
      redirects,
      maxTarget: pool.maxTarget,
      tolerateFlagEcho: pool.tolerateFlagEcho,
      channel: pool.channel,
      extensions: pool.extensions,
      workerName: pool.workerName,
    },
    handlers,
    log,
  );
}
