/**
 * SRI's job declarator client as a child process. It stands between miners and a Template Provider: alone ("solo"),
 * because a pool that takes declared jobs wants Bitcoin Core over IPC.
 */
import type { Child } from "./children.ts";
import { nothingCounted, type SriCounts, SriLogReader } from "./sri-log.ts";
import { SRI_REWARD, SRI_SERVER_KEYS, startSriProgram } from "./sri-program.ts";

export interface SriJdClientSettings {
  readonly program: string;
  readonly directory: string;
  readonly port: number;
  readonly templateProviderPort: number;
  readonly sharesPerMinute: number;
  readonly shareBatchSize: number;
}

export interface SriJdClient extends AsyncDisposable {
  readonly child: Child;
  readonly counts: SriCounts;
}

/** Throws Error with the end of the log when it does not listen within half a minute. */
export async function startSriJdClient(settings: SriJdClientSettings): Promise<SriJdClient> {
  const counts = nothingCounted();
  const reader = new SriLogReader(counts);
  const child = await startSriProgram({
    name: "jd_client_sv2",
    program: settings.program,
    directory: settings.directory,
    config: configText(settings),
    ready: "ready to accept connections",
    onLine: (line) => reader.read(line),
  });
  return { child, counts, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

function configText(settings: SriJdClientSettings): string {
  return `${SRI_SERVER_KEYS}${SRI_REWARD}listening_address = "127.0.0.1:${settings.port}"
max_supported_version = 2
min_supported_version = 2
shares_per_minute = ${settings.sharesPerMinute.toFixed(1)}
share_batch_size = ${settings.shareBatchSize}
mode = "SOLOMINING"
jdc_signature = "asicd interop"
upstreams = []
[template_provider_type.Sv2Tp]
address = "127.0.0.1:${settings.templateProviderPort}"
`;
}
