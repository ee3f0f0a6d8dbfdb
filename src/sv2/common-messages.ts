/** Messages that every sub-protocol shares (SV2 §3.6). */
import { message } from "./message.ts";
import { str0_255, u8, u16, u32 } from "./wire.ts";

export const SetupConnection = message(
  "SetupConnection",
  { type: 0x00, channel: false, from: "client", section: "§3.6.1" },
  {
    protocol: u8,
    minVersion: u16,
    maxVersion: u16,
    flags: u32,
    endpointHost: str0_255,
    endpointPort: u16,
    vendor: str0_255,
    hardwareVersion: str0_255,
    firmware: str0_255,
    deviceId: str0_255,
  },
);

export const SetupConnectionSuccess = message(
  "SetupConnection.Success",
  { type: 0x01, channel: false, from: "server", section: "§3.6.2" },
  { usedVersion: u16, flags: u32 },
);

export const SetupConnectionError = message(
  "SetupConnection.Error",
  { type: 0x02, channel: false, from: "server", section: "§3.6.3" },
  { flags: u32, errorCode: str0_255 },
);

export const ChannelEndpointChanged = message(
  "ChannelEndpointChanged",
  { type: 0x03, channel: true, from: "server", section: "§3.6.4" },
  { channelId: u32 },
);

/** An empty host or port 0 keeps the present one. */
export const Reconnect = message(
  "Reconnect",
  { type: 0x04, channel: false, from: "server", section: "§3.6.5" },
  { newHost: str0_255, newPort: u16 },
);

export const commonMessages = [
  SetupConnection,
  SetupConnectionSuccess,
  SetupConnectionError,
  ChannelEndpointChanged,
  Reconnect,
] as const;
