/** asicd's own miner as the device of a scenario, both under one virtual clock. */
import { bm1370 } from "../../../drivers/bm13xx/chips.ts";
import { nodeAead } from "../../../firmware/node-aead.ts";
import { runScenario, type ScenarioResult } from "../../../simulator/scenario/run-scenario.ts";
import { MAIN, type PlaceSpec, type Scenario } from "../../../simulator/scenario/scenario.ts";
import type { ScenarioPorts } from "../../../simulator/scenario/stage.ts";
import { BIP320_MASK, BIP323_MASK } from "../../../src/work/work.ts";
import { oneGroup, type PoolWishes } from "../../support/pool-options.ts";
import { AUTHORITY, fixedEntropy } from "../../support/scripted-server.ts";
import { type VirtualMachine, virtualMachine } from "../../support/virtual-machine.ts";

/** About a share a second at the rate below. */
const V1_DIFFICULTY = 1e-7;
const HOST = "pool.test";
const ELSEWHERE = "elsewhere.example";
const FIRST_PORT = 34_254;
/** Few chips at a low clock come up fast; the scale leaves some thousand hashes per second. */
const small = {
  chip: bm1370,
  chips: 2,
  scale: 2 ** 30,
  frequencyMHz: 100,
  ticketDifficulty: 64,
} as const;
/** Longer than anything that a device does between two events of a scenario. */
const STEP_MS = 1_000;

/** Where each place of a scenario is in the virtual network. */
export function addressOf(scenario: Scenario, name: string): { host: string; port: number } {
  const index = scenario.places.findIndex((place) => place.name === name);
  const isElsewhere = scenario.places[index]?.isElsewhere === true;
  return { host: isElsewhere ? ELSEWHERE : HOST, port: FIRST_PORT + index };
}

/** Plays it with a device set as the scenario wants it. */
export async function playOnAsicd(scenario: Scenario): Promise<ScenarioResult> {
  const { device } = scenario;
  const machine = virtualMachine({
    ...small,
    chains: device.chains,
    isHashing: device.isHashing,
    groups: oneGroup(device.pools.map((name) => wishesOf(scenario, name))),
  });
  const ports: ScenarioPorts = {
    clock: machine.clock,
    entropy: fixedEntropy(11),
    aead: nodeAead,
    authoritySecret: AUTHORITY.secret,
    v1Difficulty: V1_DIFFICULTY,
    async listen(place: PlaceSpec, onConnection) {
      const { host, port } = addressOf(scenario, place.name);
      const listener = machine.network.listen(host, port, onConnection);
      return { host, port, close: () => listener[Symbol.dispose]() };
    },
  };
  let result: ScenarioResult | undefined;
  let failure: unknown;
  const played = runScenario(scenario, ports).then(
    (done) => {
      result = done;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  const started = machine.miner.start();
  while (result === undefined && failure === undefined) await machine.clock.advance(STEP_MS);
  await played;
  await stopDevice(machine, started);
  if (result === undefined) throw failure;
  return result;
}

function wishesOf(scenario: Scenario, name: string): PoolWishes {
  const { device, places } = scenario;
  const place = places.find((one) => one.name === name);
  const { host, port } = addressOf(scenario, name);
  const authority = `${host}:${port}`;
  const url =
    place?.protocol === "sv1"
      ? `stratum+tcp://${authority}`
      : place?.isPlaintext === true
        ? `stratum2+tcp+insecure://${authority}`
        : `stratum2+tcp://${authority}/${AUTHORITY.text}`;
  const followed = device.mayFollowTo.map((other) => addressOf(scenario, other).host);
  return {
    url,
    name: name === MAIN ? "main" : name,
    user: device.user,
    channel: device.channel,
    versionMask: device.versionMask === "bip323" ? BIP323_MASK : BIP320_MASK,
    tolerateFlagEcho: device.tolerateFlagEcho,
    redirectHosts: followed,
    workerName: device.workerName,
    extensions: device.workerName === "" ? [] : [2],
    ...(device.silenceMs === undefined ? {} : { silenceMs: device.silenceMs }),
    ...(device.suggestDifficulty === undefined
      ? {}
      : { suggestDifficulty: device.suggestDifficulty }),
  };
}

async function stopDevice(machine: VirtualMachine, started: Promise<unknown>): Promise<void> {
  const stopped = machine.miner.stop();
  let isOver = false;
  const over = Promise.all([started.catch(() => {}), stopped]).then(() => {
    isOver = true;
  });
  for (let i = 0; i < 60 && !isOver; i++) await machine.clock.advance(STEP_MS);
  await over;
  machine.pool.stop();
}
