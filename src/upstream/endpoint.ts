/** Where a pool or proxy listens and how it proves who it is. */
export interface PoolEndpoint {
  readonly host: string;
  readonly port: number;
  /** x-only key, 32 bytes; `undefined` only by explicit choice of the operator. */
  readonly authorityKey: Uint8Array | undefined;
  /** False: plaintext, only by explicit choice of the operator (SV2 §4). */
  readonly secure: boolean;
}

/** Who we say we are in SetupConnection (SV2 §3.6.1). */
export interface DeviceIdentity {
  readonly vendor: string;
  readonly hardwareVersion: string;
  readonly firmware: string;
  /** Empty unless the operator enabled telemetry. */
  readonly deviceId: string;
}
