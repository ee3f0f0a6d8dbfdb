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

/** Loopback, link-local and private addresses (RFC 1918, 4193), and names that only a local network resolves. */
export function isPrivateHost(host: string): boolean {
  const name = host.toLowerCase();
  const octets = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(name);
  if (octets !== null) {
    const [first, second] = [Number(octets[1]), Number(octets[2])];
    return (
      first === 10 ||
      first === 127 ||
      (first === 192 && second === 168) ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 169 && second === 254)
    );
  }
  if (name.includes(":")) return name === "::1" || /^(f[cd]|fe[89ab])/.test(name);
  return !name.includes(".") || /\.(local|lan|internal|localhost|home\.arpa)$/.test(name);
}
