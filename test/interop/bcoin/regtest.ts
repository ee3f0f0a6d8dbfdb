/** Brings a fresh regtest chain to where blocks are like today's: witnesses in force, coins that can be spent. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import { u32 } from "../../../simulator/pool/coinbase.ts";
import { output } from "../../../simulator/template-provider/transaction.ts";
import { concatBytes, fromHex, reversed, toHex } from "../../../src/lib/bytes.ts";
import type { BcoinRpc } from "./rpc.ts";

/** BIP9 on regtest: three windows of 144 blocks from defined over started and locked in to active. */
const BLOCKS_TO_WITNESSES = 3 * 144;
/** Blocks made faster than one in six seconds push the median time ahead of the clock, so they are made in the past. */
const PAST_S = 3_600;
const FEE_SATS = 10_000n;
const FIRST_SUBSIDY_SATS = 5_000_000_000n;

/** OP_TRUE: whoever shows this script may spend what is paid to its hash. */
const ANYBODY = Uint8Array.of(0x51);
const PAY_TO_ANYBODY = concatBytes(Uint8Array.of(0, 32), sha256(ANYBODY));
/** bcoin calls regtest's addresses so. */
export const ANYBODYS_ADDRESS = bech32.encode("rb", [0, ...bech32.toWords(sha256(ANYBODY))]);

export async function activateWitnesses(rpc: BcoinRpc, unixSeconds: number): Promise<void> {
  await rpc.call("setmocktime", unixSeconds - PAST_S);
  await rpc.call("generatetoaddress", BLOCKS_TO_WITNESSES, ANYBODYS_ADDRESS);
  await rpc.call("setmocktime", unixSeconds);
}

/** Puts transactions with a witness into the mempool: they spend the coinbases of those of the first 149 blocks. */
export async function spendCoinbases(rpc: BcoinRpc, heights: readonly number[]): Promise<void> {
  for (const height of heights) {
    const hash = await rpc.call<string>("getblockhash", height);
    const block = await rpc.call<{ readonly tx: readonly string[] }>("getblock", hash, true);
    await rpc.call("sendrawtransaction", toHex(spendingTransaction(block.tx[0] ?? "")));
  }
}

/** BIP144's form: one input without script, one output, the script as the only witness. */
function spendingTransaction(txid: string): Uint8Array {
  return concatBytes(
    u32(2),
    Uint8Array.of(0, 1),
    Uint8Array.of(1),
    reversed(fromHex(txid)),
    u32(0),
    Uint8Array.of(0),
    u32(0xffffffff),
    output(FIRST_SUBSIDY_SATS - FEE_SATS, PAY_TO_ANYBODY, true),
    Uint8Array.of(1, ANYBODY.length, ...ANYBODY),
    u32(0),
  );
}
