/** A bcoin node on its own regtest chain, as a child process without wallet, disk or peers. */
import { join } from "node:path";
import { type Child, start } from "../children.ts";
import { freePort } from "../ports.ts";
import { type BcoinRpc, bcoinRpc } from "./rpc.ts";

const API_KEY = "interop";
const ANSWERS_WITHIN_MS = 30_000;

export interface BcoinNode extends AsyncDisposable {
  readonly child: Child;
  readonly rpc: BcoinRpc;
}

/** Throws Error with the end of its log when it does not answer within half a minute. */
export async function startBcoin(program: string, directory: string): Promise<BcoinNode> {
  const port = await freePort();
  const args = [
    program,
    "--network=regtest",
    "--memory=true",
    "--no-wallet",
    "--listen=false",
    // Zero is taken for the default; the one it may have finds nobody on the regtest port.
    "--max-outbound=1",
    `--api-key=${API_KEY}`,
    "--http-host=127.0.0.1",
    `--http-port=${port}`,
    `--prefix=${join(directory, "bcoin")}`,
  ];
  // Its native add-ons were not built.
  const env = { ...process.env, NODE_BACKEND: "js" };
  const child = start("bcoin", process.execPath, args, { env, cwd: directory });
  if (process.env["ASICD_INTEROP_VERBOSE"])
    child.onLine((line) => void process.stderr.write(`bcoin: ${line}\n`));
  const rpc = bcoinRpc(port, API_KEY);
  const untilMs = performance.now() + ANSWERS_WITHIN_MS;
  while (child.isRunning && performance.now() < untilMs) {
    const answers = await rpc.call("getblockcount").then(
      () => true,
      () => false,
    );
    if (answers) return { child, rpc, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await child.end();
  throw new Error(`bcoin does not answer:\n${child.lines.slice(-15).join("\n")}`);
}
