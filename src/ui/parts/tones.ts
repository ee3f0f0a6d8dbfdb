/** How states look. */
import type { BoardStatus, DeviceEvent, PoolStatus } from "../../api/status.ts";
import type { Tone } from "./basics.tsx";

export const boardStateTone: Readonly<Record<BoardStatus["state"], Tone>> = {
  hashing: "good",
  starting: "info",
  idle: "info",
  resting: "warning",
  latched: "bad",
  faulted: "bad",
  off: "neutral",
  absent: "neutral",
};

export const poolStateTone: Readonly<Record<PoolStatus["state"], Tone>> = {
  active: "good",
  standby: "info",
  down: "bad",
  off: "neutral",
};

export const severityTone: Readonly<Record<DeviceEvent["severity"], Tone>> = {
  info: "info",
  warning: "warning",
  error: "bad",
};
