/** A miner that is not root: a real process on a PTY and over TCP, started by a guard that is root. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chainOf } from "../../boards/known-boards.ts";
import { bm1370 } from "../../drivers/bm13xx/chips.ts";
import { startChildMiner } from "../../firmware/guard/child-miner.ts";
import type { MinerSetup } from "../../firmware/miner-setup.ts";
import { linuxPlatform } from "../../firmware/platform/linux-platform.ts";
import { ChainModel, geometryOf } from "../../simulator/chain/chain-model.ts";
import { requiredZeroBitsAt } from "../../simulator/hashing/scale.ts";
import { openSynchronousSearcher } from "../../simulator/hashing/synchronous-engine.ts";
import { runSimulatedPool } from "../../simulator/pool/main.ts";
import { openPty } from "../../simulator/pty.ts";
import type { MinerMessage } from "../../src/control/guard-link.ts";
import { silentLog } from "../../src/lib/log.ts";
import { oneGroup } from "../support/pool-options.ts";
import { until } from "./process-rig.ts";

/** nobody, nogroup. */
const NOBODY = { uid: 65_534, gid: 65_534 } as const;
const SCALE = 2 ** 26;

test.skipIf(process.getuid?.() !== 0)(
  "it mines as another user, whose are its serial port and its folder, and takes its accounts along",
  async () => {
    const { clock, entropy } = linuxPlatform();
    const stateDir = mkdtempSync(join(tmpdir(), "asicd-test-"));
    chmodSync(stateDir, 0o755);
    writeFileSync(join(stateDir, "accounts-a"), "of a miner that was root");
    writeFileSync(join(stateDir, "secrets"), "not the miner's");
    const pool = await runSimulatedPool({ sharesPerMinute: 240 }, { clock, entropy });
    const pty = await openPty();
    const requiredZeroBits = requiredZeroBitsAt(SCALE);
    const model = new ChainModel({
      ...{ chip: bm1370, chipCount: 1, requiredZeroBits, clock, seed: 1, scale: SCALE },
      searcher: openSynchronousSearcher({
        clock,
        geometry: geometryOf(bm1370, 1, requiredZeroBits),
      }),
      hostBaudRate: () => pty.hostBaudRate(),
    });
    pty.onData((bytes) => model.receive(bytes, pty.hostBaudRate()));
    model.onTransmit((bytes) => pty.write(bytes));
    const setup: MinerSetup = {
      pools: oneGroup([{ url: pool.url }]),
      chains: [
        {
          uart: pty.path,
          spec: { ...chainOf(bm1370, 1), frequencyMHz: 75, ticketDifficulty: 8 },
          acceptFewerChips: false,
        },
      ],
      ...{ stateDir, simulated: true, scale: SCALE, logLevel: "warn", allowExperimental: true },
      runAs: NOBODY,
    };
    const {
      pid = 0,
      link,
      ended,
      kill,
    } = startChildMiner({ name: "miner", arguments: [] }, setup, silentLog);
    try {
      const heard = new Set<MinerMessage["tell"]>();
      link.onMessage(({ tell }) => heard.add(tell));
      await until("the miner lives", () => heard.has("beat"), 30_000);
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Groups:\s*$/m);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      link.send({
        tell: "allow",
        chains: [
          { index: 0, grant: 1, targetFrequencyMHz: null, frequencyCapMHz: 75, reason: null },
        ],
      });
      await until("shares are accepted", () => pool.pool.statistics().accepted > 2, 30_000);
      expect(pool.pool.statistics().rejected).toBe(0);
      link.send({ tell: "stop" });
      expect(await ended).toBe("exit code 0");
      expect(statSync(pty.path).uid).toBe(NOBODY.uid);
      const own = join(stateDir, "miner");
      expect(statSync(own)).toMatchObject({ ...NOBODY });
      expect(statSync(own).mode & 0o777).toBe(0o700);
      expect(statSync(join(own, "accounts-a")).uid).toBe(NOBODY.uid);
      // What it could not read has made room for what it counted.
      expect(readFileSync(join(own, "accounts-a"), "utf8")).toContain("asicd-accounts");
      expect(statSync(join(stateDir, "secrets")).uid).toBe(0);
    } finally {
      kill();
      await ended;
      model[Symbol.dispose]();
      await pty.close();
      await pool.close();
      rmSync(stateDir, { recursive: true });
    }
  },
  60_000,
);
