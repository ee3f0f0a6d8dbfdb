/** What helps somebody else to understand this machine: gathered when asked for, and cleaned of secrets as a whole. */
import { readFile } from "node:fs/promises";
import {
  arch,
  cpus,
  freemem,
  loadavg,
  platform,
  release,
  totalmem,
  uptime,
  version,
} from "node:os";
import type { Device } from "../../src/api/device.ts";
import { scrubbed } from "../../src/api/scrub.ts";
import type { SupportBundle } from "../../src/api/support-files.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { tarOf } from "./tar.ts";

export interface SupportBundleParts {
  readonly device: Pick<Device, "status" | "events" | "config">;
  readonly logText: () => string;
  readonly secrets: () => Iterable<string>;
  readonly version: string;
  readonly clock: Pick<Clock, "unixSeconds">;
}

/** All that stands in one of them is public on the machine itself. */
const SYSTEM_FILES = ["/proc/version", "/proc/cmdline", "/proc/meminfo", "/proc/mounts"] as const;

interface Entry {
  readonly name: string;
  readonly about: string;
  readonly text: (parts: SupportBundleParts) => string | Promise<string>;
}

const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const ENTRIES: readonly Entry[] = [
  {
    name: "status.json",
    about: "What the machine is and does, as in GET /status",
    text: ({ device }) => pretty(device.status()),
  },
  {
    name: "events.json",
    about: "What happened, and who asked for it",
    text: ({ device }) => pretty(device.events()),
  },
  {
    name: "config.json",
    about: "The settings that differ from the defaults, with … in place of secrets",
    text: ({ device }) => pretty(device.config.sparse()),
  },
  {
    name: "log.jsonl",
    about: "The newest lines of the log, with … in place of secrets",
    text: ({ logText }) => logText(),
  },
  {
    name: "versions.json",
    about: "asicd, Node and its libraries, operating system",
    text: (parts) =>
      pretty({
        asicd: parts.version,
        unixSeconds: parts.clock.unixSeconds(),
        node: process.versions,
        system: `${platform()} ${release()} ${arch()}`,
        build: version(),
      }),
  },
  {
    name: "system.txt",
    about: "Processor, memory, load, mounts and start line of the operating system",
    text: systemText,
  },
];

export function supportBundle(parts: SupportBundleParts): SupportBundle {
  const files = () =>
    Promise.all(
      ENTRIES.map(async ({ name, about, text }) => {
        const clean = scrubbed(await text(parts), parts.secrets());
        return { name, about, bytes: new TextEncoder().encode(clean) };
      }),
    );
  return {
    contents: async () =>
      (await files()).map(({ name, about, bytes }) => ({ name, about, bytes: bytes.length })),
    async tar() {
      const inFolder = (await files()).map((file) => ({
        ...file,
        name: `asicd-support/${file.name}`,
      }));
      return tarOf(inFolder, parts.clock.unixSeconds());
    },
  };
}

async function systemText(): Promise<string> {
  const facts = {
    processors: cpus().map(({ model }) => model),
    loadAverage: loadavg(),
    memoryBytes: { total: totalmem(), free: freemem() },
    uptimeS: uptime(),
    process: process.memoryUsage(),
  };
  const texts = await Promise.all(
    SYSTEM_FILES.map(async (file) => {
      const text = await readFile(file, "utf8").catch((error: Error) => error.message);
      return `\n== ${file}\n${text.slice(0, 20_000)}`;
    }),
  );
  return `${pretty(facts)}${texts.join("")}`;
}
