/** An SV2 session against scripted servers, under virtual time. */
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import { nobleAead } from "../../src/noise/aead.ts";
import { type SessionOptions, UpstreamSession } from "../../src/upstream/session.ts";
import { BIP320_MASK } from "../../src/work/work.ts";
import { LinkRecorder } from "./link-recorder.ts";
import { AUTHORITY, fixedEntropy, ServerConnection } from "./scripted-server.ts";
import { VirtualNetwork } from "./virtual-network.ts";

export const POOL = { host: "pool.test", port: 34_254 } as const;

export class SessionBench {
  readonly clock = new VirtualClock({ unixSeconds: 1_750_000_000 });
  readonly network: VirtualNetwork;
  readonly connections: ServerConnection[] = [];
  readonly recorder = new LinkRecorder();

  /** `latencyMs`: one way. */
  constructor(latencyMs?: number) {
    const clock = this.clock;
    this.network = new VirtualNetwork(latencyMs === undefined ? {} : { clock, latencyMs });
  }

  /** `prepare` gets every connection before its first byte. */
  listen(prepare: (connection: ServerConnection, index: number) => void): void {
    this.network.listen(POOL.host, POOL.port, (stream) => {
      const connection = new ServerConnection(stream, {});
      prepare(connection, this.connections.length);
      this.connections.push(connection);
    });
  }

  async start(options: Partial<SessionOptions> = {}): Promise<UpstreamSession> {
    const { clock, network, recorder } = this;
    const session = new UpstreamSession(
      {
        clock,
        entropy: fixedEntropy(3),
        aead: nobleAead,
        dial: (host, port, signal) => network.dial(host, port, signal),
      },
      {
        endpoint: { ...POOL, authorityKey: AUTHORITY.publicKey, secure: true },
        identity: { vendor: "asicd", hardwareVersion: "test", firmware: "0", deviceId: "" },
        userIdentity: "acct.worker",
        versionMask: BIP320_MASK,
        tolerateFlagEcho: false,
        maxTarget: new Uint8Array(32).fill(0xff),
        ...options,
      },
      recorder,
      silentLog,
    );
    recorder.link = session;
    session.start();
    await clock.advance(0);
    return session;
  }

  get last(): ServerConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("no connection was made");
    return last;
  }

  get names(): readonly string[] {
    return this.last.received.map(({ name }) => name);
  }
}
