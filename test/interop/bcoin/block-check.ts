/** What a node says of a block that it took. */
import type { SubmittedBlock } from "./chain.ts";
import type { BcoinRpc } from "./rpc.ts";

const SATS_PER_COIN = 100_000_000;

/** The parts of getblock's answer that are used. */
interface NodeBlock {
  readonly height: number;
  readonly confirmations: number;
  readonly tx: readonly {
    readonly vout: readonly {
      readonly value: number;
      readonly scriptPubKey: { readonly hex: string };
    }[];
  }[];
}

/** What is not as it should be: in the best chain, with all its transactions, its whole value paid to `script`. */
export async function blockProblems(
  rpc: BcoinRpc,
  { hash, height, valueSats, transactions }: SubmittedBlock,
  script: string,
): Promise<readonly string[]> {
  const block = await rpc.call<NodeBlock>("getblock", hash, true, true).catch(() => undefined);
  if (block === undefined) return [`block ${height}: the node does not have it`];
  const paid = (block.tx[0]?.vout ?? [])
    .filter(({ scriptPubKey }) => scriptPubKey.hex === script)
    .reduce((sum, { value }) => sum + BigInt(Math.round(value * SATS_PER_COIN)), 0n);
  const problems: string[] = [];
  const expect = (isSo: boolean, otherwise: string) => {
    if (!isSo) problems.push(`block ${height}: ${otherwise}`);
  };
  expect((await rpc.call<string>("getblockhash", height)) === hash, "not in the best chain");
  expect(block.height === height && block.confirmations > 0, "not confirmed");
  expect(block.tx.length === transactions + 1, `${block.tx.length} transactions`);
  expect(paid === valueSats, `pays ${paid} sat of ${valueSats} to the script`);
  return problems;
}

/** Hash of the block before; `undefined` where the node does not have the block. */
export function parentOf(rpc: BcoinRpc, hash: string): Promise<string | undefined> {
  return rpc.call<{ readonly previousblockhash: string }>("getblock", hash, true).then(
    ({ previousblockhash }) => previousblockhash,
    () => undefined,
  );
}
