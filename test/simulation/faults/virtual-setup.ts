/** What guard and miner of a virtual plant are told, and the serial ports of its chains. */
import type { MachineSpec } from "../../../boards/machine-spec.ts";
import type { GuardSetup, MachineSettings } from "../../../firmware/guard/guard-setup.ts";
import type { ChainModel } from "../../../simulator/chain/chain-model.ts";
import { openSimUart } from "../../../simulator/sim-uart.ts";
import { DeviceError } from "../../../src/lib/errors.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Uart } from "../../../src/ports/uart.ts";
import { oneGroup } from "../../support/pool-options.ts";
import { AUTHORITY } from "../../support/scripted-server.ts";

export const POOL = { host: "pool.test", port: 34_254 } as const;

export function virtualGuardSetup(
  machine: string,
  spec: MachineSpec,
  settings: MachineSettings,
  scale: number,
  fanOutlastMs = 0,
): GuardSetup {
  return {
    machine: { board: machine },
    usbControl: undefined,
    simulated: true,
    fanOutlastMs,
    settings,
    miner: {
      pools: oneGroup([{ url: `stratum2+tcp://${POOL.host}:${POOL.port}/${AUTHORITY.text}` }]),
      chains: spec.chains.map(({ chain, mayRunWithFewerChips }, index) => ({
        uart: pathOf(spec, index),
        spec: { ...chain, frequencyMHz: settings.frequencyMHz ?? chain.frequencyMHz },
        acceptFewerChips: mayRunWithFewerChips,
      })),
      stateDir: "",
      simulated: true,
      scale,
      logLevel: "info",
      allowExperimental: true,
    },
  };
}

export interface ChainsOnUarts {
  readonly clock: Clock;
  readonly spec: MachineSpec;
  readonly chains: readonly ChainModel[];
}

/** Another program may have the same port open still: a serial device does not mind. Throws DeviceError "not-found". */
export function openChainUart(
  { clock, spec, chains }: ChainsOnUarts,
  path: string,
  baudRate: number,
): Uart {
  const chain = chains.find((_, index) => pathOf(spec, index) === path);
  if (chain === undefined) throw new DeviceError(path, "open", "not-found");
  const { uart, device } = openSimUart({ clock, path, baudRate });
  device.onData((bytes) => chain.receive(bytes, device.hostBaudRate()));
  const said = chain.onTransmit((bytes) => device.write(bytes));
  const close = uart[Symbol.asyncDispose].bind(uart);
  return Object.assign(uart, {
    async [Symbol.asyncDispose]() {
      said[Symbol.dispose]();
      await close();
    },
  });
}

/** Boards behind USB all call their port "usb". */
function pathOf({ chains }: MachineSpec, index: number): string {
  return `${chains[index]?.uart} of chain ${index}`;
}
