/** SRI's mining device on our simulated pool: refused while the pool is strict, accepted under named leniencies. */
import { runSimulatedPool } from "../../simulator/pool/main.ts";
import { start, waitFor } from "./children.ts";
import type { Stage } from "./scenario.ts";
import { SRI_AUTHORITY_KEY } from "./sri-program.ts";

/** It begins by measuring itself for five seconds. */
const FIRST_SHARE_WITHIN_MS = 45_000;
const SHARES_WANTED = 50;
const REFUSALS_WANTED = 10;

export async function miningDeviceOnOurPool(stage: Stage) {
  const { rows, say } = stage;

  say("SRI's mining_device on our strict pool");
  await withMiningDevice(stage, [], async ({ events, device }) => {
    const refusal = () => events.find(({ event }) => event === "set-up-refused");
    await waitFor(() => refusal() !== undefined, 20_000, device);
    rows.add(
      "our strict pool refuses mining_device for its empty vendor",
      refusal()?.code === "empty-vendor",
      `${refusal()?.code ?? "nothing refused"}`,
    );
  });

  say("the same under empty-vendor alone: its clock runs 60 s ahead");
  await withMiningDevice(stage, ["empty-vendor"], async ({ pool, device }) => {
    const ahead = () => pool.statistics().rejectedByReason["ntime-ahead"] ?? 0;
    await waitFor(() => ahead() >= REFUSALS_WANTED, FIRST_SHARE_WITHIN_MS, device);
    const { accepted, rejected } = pool.statistics();
    rows.add(
      "strict about ntime, it refuses every share with that reason",
      ahead() >= REFUSALS_WANTED && ahead() === rejected && accepted === 0,
      `${ahead()} of ${rejected} for ntime-ahead, ${accepted} accepted`,
    );
  });

  const leniencies = ["ntime-ahead=120s", "empty-vendor"];
  say(`the same under ${leniencies.join(" and ")}`);
  await withMiningDevice(stage, leniencies, async ({ pool, device }) => {
    await waitFor(
      () => pool.statistics().accepted >= SHARES_WANTED,
      FIRST_SHARE_WITHIN_MS + 30_000,
      device,
    );
    const { accepted, rejected, forgiven } = pool.statistics();
    rows.add(
      `≥ ${SHARES_WANTED} shares of mining_device accepted under ${leniencies.join(" and ")}`,
      accepted >= SHARES_WANTED && rejected === 0 && forgiven["ntime-ahead"] === accepted,
      `${accepted} accepted, ${rejected} rejected, forgiven: ${JSON.stringify(forgiven)}`,
    );
  });
}

interface Trial {
  readonly pool: Awaited<ReturnType<typeof runSimulatedPool>>["pool"];
  readonly device: ReturnType<typeof start>;
  readonly events: readonly { readonly event: string; readonly code?: string }[];
}

async function withMiningDevice(
  { peers, ports }: Stage,
  leniencies: readonly string[],
  look: (trial: Trial) => Promise<void>,
): Promise<void> {
  const running = await runSimulatedPool(
    {
      leniencies,
      sharesPerMinute: 300,
      // It applies a new target to the running job and keeps hashing old tips for a while: neither is the question here.
      vardiffPeriodMs: null,
      blockIntervalMs: null,
      templateIntervalMs: 5_000,
    },
    ports,
  );
  const events: { event: string; code?: string }[] = [];
  running.pool.onEvent((event) => events.push(event));
  const address = `127.0.0.1:${running.port}`;
  const options = ["-a", address, "-p", SRI_AUTHORITY_KEY, "--id-user", "interop", "--cores", "1"];
  const device = start("mining_device", peers.miningDevice, options);
  try {
    await look({ pool: running.pool, device, events });
  } finally {
    await device.end();
    await running.close();
  }
}
