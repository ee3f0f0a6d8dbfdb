/** SRI's reference pool as a child process. */
import type { Child } from "./children.ts";
import { nothingCounted, type SriCounts, SriLogReader } from "./sri-log.ts";
import { SRI_REWARD, SRI_SERVER_KEYS, startSriProgram } from "./sri-program.ts";

export interface SriPoolSettings {
  readonly program: string;
  readonly directory: string;
  readonly port: number;
  readonly templateProviderPort: number;
  readonly sharesPerMinute: number;
  readonly shareBatchSize: number;
}

export interface SriPool extends AsyncDisposable {
  readonly child: Child;
  readonly port: number;
  readonly counts: SriCounts;
}

/** Throws Error with the end of the log when it does not listen within half a minute. */
export async function startSriPool(settings: SriPoolSettings): Promise<SriPool> {
  const counts = nothingCounted();
  const reader = new SriLogReader(counts);
  const child = await startSriProgram({
    name: "pool_sv2",
    program: settings.program,
    directory: settings.directory,
    config: configText(settings),
    ready: "ready to accept connections",
    onLine: (line) => reader.read(line),
  });
  return {
    child,
    port: settings.port,
    counts,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

function configText(settings: SriPoolSettings): string {
  return `${SRI_SERVER_KEYS}${SRI_REWARD}listen_address = "127.0.0.1:${settings.port}"
server_id = 1
pool_signature = "asicd interop"
shares_per_minute = ${settings.sharesPerMinute.toFixed(1)}
share_batch_size = ${settings.shareBatchSize}
[template_provider_type.Sv2Tp]
address = "127.0.0.1:${settings.templateProviderPort}"
`;
}
