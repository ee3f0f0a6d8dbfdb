/** bcoin's JSON-RPC, as far as a miner needs it. */

export interface BcoinRpc {
  /** Throws Error with method and reason when the node refuses or is silent for a minute. */
  call<T>(method: string, ...params: readonly unknown[]): Promise<T>;
}

/** Hundreds of blocks at once take two seconds, and far more on a busy host. */
const ANSWER_WITHIN_MS = 60_000;

export function bcoinRpc(port: number, apiKey: string): BcoinRpc {
  const authorization = `Basic ${Buffer.from(`x:${apiKey}`).toString("base64")}`;
  return {
    async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ id: 1, method, params }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const { result, error } = (await response.json()) as {
        readonly result: T;
        readonly error: { readonly message: string } | null;
      };
      if (error !== null && error !== undefined)
        throw new Error(`bcoin refuses ${method}: ${error.message}`);
      return result;
    },
  };
}
