/** What the operator is told about this device that does not change while asicd runs. */
import { hostname, networkInterfaces } from "node:os";
import type { MachineSpec } from "../../boards/machine-spec.ts";
import type { DeviceFacts } from "../../src/api/operator-link.ts";
import type { Persona, UnnamedMachine } from "../../src/api/status.ts";

export interface FactsSource {
  readonly spec: MachineSpec;
  readonly uarts: readonly string[];
  readonly simulated: boolean;
  /** 1 on real hardware. */
  readonly scale: number;
}

/** But for the uptime, which goes on. */
export type LastingFacts = Omit<DeviceFacts, "upBeforeS">;

export function deviceFacts(source: FactsSource): LastingFacts {
  const { spec, uarts, simulated, scale } = source;
  return {
    ...hostFacts(),
    board: spec.id,
    model: spec.name,
    chips: chipsText(spec),
    chip: spec.chains[0]?.chain.chip.name ?? "",
    simulated,
    scale,
    persona: personaOf(spec),
    // No declaration states a typical power yet: boards/README.md.
    declaredPowerW: null,
    boards: spec.chains.map(({ chain }, index) => ({
      uart: uarts[index] ?? "",
      chip: chain.chip.name,
      chipCount: chain.chipCount,
      hashesPerMHz: (chain.chip.smallCores * 1e6) / scale,
    })),
  };
}

/** While nobody knows which machine this is: what would follow from that stays unknown. */
export function unnamedFacts(unnamed: UnnamedMachine): LastingFacts {
  return {
    ...hostFacts(),
    board: null,
    model: "machine without a name",
    chips: null,
    chip: null,
    unnamed,
    simulated: false,
    scale: 1,
    persona: "none",
    declaredPowerW: null,
    boards: [],
  };
}

function hostFacts() {
  const { mac, ipv4 } = ownAddress();
  return {
    hostname: hostname(),
    mac,
    ipv4,
    serialNumber: null,
    version: process.env["ASICD_VERSION"] ?? "0.0.0-unbuilt",
  };
}

/** "3 × 126 × BM1362". */
function chipsText({ chains }: MachineSpec): string {
  const kinds = new Map<string, number>();
  for (const { chain } of chains) {
    const kind = `${chain.chipCount} × ${chain.chip.name}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`)).join(", ");
}

/** A persona says what the hardware is, and never more: on other hardware there is none. */
function personaOf({ name }: MachineSpec): Persona {
  if (name.startsWith("Antminer")) return "antminer";
  return name.startsWith("Bitaxe") ? "axeos" : "none";
}

/** Of the first interface that is not the machine talking to itself. */
function ownAddress(): { mac: string | null; ipv4: string | null } {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, mac, address } of addresses ?? [])
      if (!internal && family === "IPv4" && mac !== "00:00:00:00:00:00")
        return { mac, ipv4: address };
  return { mac: null, ipv4: null };
}
