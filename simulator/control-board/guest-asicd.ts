/** asicd in the guest: its files, its configuration, and the program as it is started there. */
import { readFileSync } from "node:fs";
import { CONFIG_VERSION } from "../../src/config/schema.ts";
import type { RunningCommand, VirtualBoard } from "./virtual-board.ts";

/** Of the page. */
export const PAGE_PORT = 80;
const CONFIG_FILE = "/etc/asicd.jsonc";
/** The package's starter, from the root of the clone. */
const LAUNCH = "firmware/update/launch.sh";

/** By path in the guest. Names no board: that is detected. */
export function guestFiles(poolUrl: string): Readonly<Record<string, string>> {
  const config = {
    version: CONFIG_VERSION,
    name: "virtual-board",
    pools: [{ url: poolUrl, user: "board.virtual" }],
    log: { level: "info" },
  };
  return {
    [CONFIG_FILE]: `${JSON.stringify(config, undefined, 2)}\n`,
    "/usr/lib/asicd/launch": readFileSync(LAUNCH, "utf8"),
  };
}

/** With the host's time: while it boots, an emulated computer loses seconds, and a pool's certificate begins now. */
export function startAsicd(
  board: Pick<VirtualBoard, "start">,
  unixSeconds: number,
): Promise<RunningCommand> {
  return board.start(
    `date -s @${unixSeconds} > /dev/null; exec /usr/lib/asicd/launch run --config ${CONFIG_FILE}`,
  );
}

/** Rejects when it ends, with its last words. */
export async function untilEnded({ ended, lines }: RunningCommand): Promise<never> {
  const { code } = await ended;
  throw new Error(`asicd ended with exit code ${code}: ${lines.slice(-8).join(" | ")}`);
}
