/** The PMBus commands that the TPS546D24A is told. */
import type { PmbusCommand, PmbusFormat } from "./pmbus.ts";

/**
 * Codes below B0 and their formats are PMBus 1.3's; those that our reference names are the same there [D]. The others are
 * TI's own: SYNC_CONFIG as in the TPS546D24S datasheet (SLUSF26); B1, EC and EE have not been seen in one [?].
 */
export const pmbusCommands = {
  operation: command("OPERATION", 0x01, "byte"),
  onOffConfig: command("ON_OFF_CONFIG", 0x02, "byte"),
  phase: command("PHASE", 0x04, "byte"),
  voutMode: command("VOUT_MODE", 0x20, "byte"),
  voutCommand: command("VOUT_COMMAND", 0x21, "ulinear16"),
  voutMax: command("VOUT_MAX", 0x24, "ulinear16"),
  voutMarginHigh: command("VOUT_MARGIN_HIGH", 0x25, "ulinear16"),
  voutMarginLow: command("VOUT_MARGIN_LOW", 0x26, "ulinear16"),
  voutScaleLoop: command("VOUT_SCALE_LOOP", 0x29, "slinear11"),
  voutMin: command("VOUT_MIN", 0x2b, "ulinear16"),
  frequencySwitch: command("FREQUENCY_SWITCH", 0x33, "slinear11"),
  vinOn: command("VIN_ON", 0x35, "slinear11"),
  vinOff: command("VIN_OFF", 0x36, "slinear11"),
  voutOvFaultLimit: command("VOUT_OV_FAULT_LIMIT", 0x40, "ulinear16"),
  voutOvWarnLimit: command("VOUT_OV_WARN_LIMIT", 0x42, "ulinear16"),
  voutUvWarnLimit: command("VOUT_UV_WARN_LIMIT", 0x43, "ulinear16"),
  voutUvFaultLimit: command("VOUT_UV_FAULT_LIMIT", 0x44, "ulinear16"),
  ioutOcFaultLimit: command("IOUT_OC_FAULT_LIMIT", 0x46, "slinear11"),
  ioutOcFaultResponse: command("IOUT_OC_FAULT_RESPONSE", 0x47, "byte"),
  ioutOcWarnLimit: command("IOUT_OC_WARN_LIMIT", 0x4a, "slinear11"),
  otFaultLimit: command("OT_FAULT_LIMIT", 0x4f, "slinear11"),
  otFaultResponse: command("OT_FAULT_RESPONSE", 0x50, "byte"),
  otWarnLimit: command("OT_WARN_LIMIT", 0x51, "slinear11"),
  vinOvFaultLimit: command("VIN_OV_FAULT_LIMIT", 0x55, "slinear11"),
  vinOvFaultResponse: command("VIN_OV_FAULT_RESPONSE", 0x56, "byte"),
  tonRise: command("TON_RISE", 0x61, "slinear11"),
  statusWord: command("STATUS_WORD", 0x79, "word"),
  readVin: command("READ_VIN", 0x88, "slinear11"),
  readVout: command("READ_VOUT", 0x8b, "ulinear16"),
  readIout: command("READ_IOUT", 0x8c, "slinear11"),
  readTemperature1: command("READ_TEMPERATURE_1", 0x8d, "slinear11"),
  icDeviceId: command("IC_DEVICE_ID", 0xad, "block"),
  compensationConfig: command("COMPENSATION_CONFIG", 0xb1, "block"),
  syncConfig: command("SYNC_CONFIG", 0xe4, "byte"),
  stackConfig: command("STACK_CONFIG", 0xec, "word"),
  pinDetectOverride: command("PIN_DETECT_OVERRIDE", 0xee, "word"),
} as const;

/** Clears all status bits; a command without data. */
export const CLEAR_FAULTS = 0x03;

function command(name: string, code: number, format: PmbusFormat): PmbusCommand {
  return { name, code, format };
}
