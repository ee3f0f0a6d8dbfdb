/** The simulated Template Provider on a real TCP port. */
import { nodeAead } from "../../firmware/node-aead.ts";
import { listen } from "../../firmware/platform/tcp-listener.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Entropy } from "../../src/ports/entropy.ts";
import { SimulatedTemplateProvider, type TemplateProviderOptions } from "./provider.ts";

export interface RunningTemplateProvider {
  readonly provider: SimulatedTemplateProvider;
  readonly host: string;
  readonly port: number;
  /** Closes every connection in order, then the port. */
  close(): Promise<void>;
}

/** Rejects with the system's error when the port cannot be had. */
export async function runTemplateProvider(
  address: { readonly host: string; readonly port: number },
  options: Partial<TemplateProviderOptions>,
  ports: { readonly clock: Clock; readonly entropy: Entropy },
): Promise<RunningTemplateProvider> {
  const provider = new SimulatedTemplateProvider({ ...ports, aead: nodeAead }, options);
  try {
    const listener = await listen(address.host, address.port, provider.accept);
    return {
      provider,
      host: address.host,
      port: listener.port,
      async close() {
        provider.stop();
        await listener.close();
      },
    };
  } catch (error) {
    provider.stop();
    throw error;
  }
}
