/** The hardware around the chips in a few lines: temperatures, power, fans, and why anything is held back. */
import type { BoardSnapshot, MachineSnapshot } from "../../src/telemetry/machine-snapshot.ts";
import { cut } from "./format.ts";
import type { StatusLine, Tone } from "./status-lines.ts";

/** For the last words of a run. */
export function machineLines(machine: MachineSnapshot): readonly string[] {
  return [...machine.boards.map(boardText), fansText(machine)];
}

/** For the live status. */
export function machineStatusLines(
  machine: MachineSnapshot,
  columns: number,
): readonly StatusLine[] {
  return [
    { text: "", tone: "plain", weight: "gap" },
    ...machine.boards.map(
      (board): StatusLine => ({
        text: cut(boardText(board), columns),
        tone: toneOf(board),
        weight: "chain",
      }),
    ),
    { text: cut(fansText(machine), columns), tone: "plain", weight: "chain" },
  ];
}

function boardText(board: BoardSnapshot): string {
  const temperatures = board.sensors.map(({ place, temperatureC }) =>
    temperatureC === null ? `${place} ?` : `${place} ${temperatureC.toFixed(1)} °C`,
  );
  const shown = [...new Set(temperatures)].join(", ");
  const why = board.reason === null ? "" : ` (${board.reason})`;
  const cap =
    board.frequencyCapMHz < board.targetFrequencyMHz && board.power === "on"
      ? `, held at ${board.frequencyCapMHz} of ${board.targetFrequencyMHz} MHz`
      : "";
  return `Board ${board.index}: power ${board.power}${board.state === "latched" ? ", latched" : ""}, ${shown}, ${board.protection}${cap}${why}`;
}

function fansText({ fans, minerProcess }: MachineSnapshot): string {
  const rpm = fans.groups.flatMap((group) => group.rpm.map((turns) => turns ?? "?")).join(" ");
  const restarts =
    minerProcess.restarts === 0 ? "" : `; miner restarted ${minerProcess.restarts} ×`;
  return `Fans: ${Math.round(fans.targetDutyPercent)} % (${fans.reason}), rpm ${rpm}${restarts}`;
}

function toneOf({ power, state, protection }: BoardSnapshot): Tone {
  if (state === "latched" || power === "failed") return "bad";
  return state === "resting" || protection === "blind" ? "warning" : "plain";
}
