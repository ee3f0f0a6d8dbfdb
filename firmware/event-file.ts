/** Events on disk: one JSON line each, in a file and its predecessor, together never more than a bound. */
import { appendFile, mkdir, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { MachineEvent } from "../src/telemetry/event.ts";
import type { EventStore } from "./guard/event-recorder.ts";

const MAX_FILE_BYTES = 128 * 1024;

export function eventFile(path: string): EventStore {
  return {
    async append(lines) {
      await mkdir(dirname(path), { recursive: true });
      const size = await stat(path).then(
        ({ size: bytes }) => bytes,
        () => 0,
      );
      if (size + lines.length > MAX_FILE_BYTES) await rename(path, previous(path)).catch(() => {});
      await appendFile(path, lines);
    },
  };
}

/** Oldest first; lines that are cut or foreign are left out. */
export async function readEvents(path: string): Promise<readonly MachineEvent[]> {
  const texts = await Promise.all(
    [previous(path), path].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  return texts
    .join("\n")
    .split("\n")
    .flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return isEvent(value) ? [value] : [];
      } catch {
        return [];
      }
    });
}

function previous(path: string): string {
  return `${path}.1`;
}

function isEvent(value: unknown): value is MachineEvent {
  return (
    typeof value === "object" &&
    value !== null &&
    "time" in value &&
    typeof value.time === "number" &&
    "what" in value &&
    "reason" in value
  );
}
