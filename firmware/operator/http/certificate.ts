/**
 * A certificate that this machine makes for itself (X.509 v3, ECDSA on P-256): Node can sign, but has no writer for
 * certificates, and these are the few structures of RFC 5280 that one needs.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface OwnCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
} as const;

const YEAR_S = 365 * 86_400;
/** Some browsers refuse longer ones even when they were told to trust it (825 days: Apple's rule of 2019). */
const VALID_S = 2 * YEAR_S;
/** Machines without a clock of their own begin here: an earlier date is no date. */
const EPOCH_S = Date.UTC(2026, 0, 1) / 1_000;

/** Good from a day before `nowUnixSeconds` on, for these names and addresses. */
export function makeCertificate(
  commonName: string,
  names: readonly string[],
  addresses: readonly string[],
  nowUnixSeconds: number,
): OwnCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const fromS = Math.max(EPOCH_S, nowUnixSeconds) - 86_400;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const name = sequence(
    set(sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName, "utf8")))),
  );
  const alternatives = sequence(
    ...names.map((dns) => der(0x82, Buffer.from(dns, "latin1"))),
    ...addresses.flatMap((address) => {
      const octets = address.split(".").map(Number);
      return octets.length === 4 ? [der(0x87, Buffer.from(octets))] : [];
    }),
  );
  const extensions = sequence(
    extension(OID.subjectAltName, alternatives),
    extension(OID.basicConstraints, sequence()),
    extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
  );
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name,
    sequence(time(fromS), time(fromS + VALID_S)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificatePem: pem("CERTIFICATE", whole),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const short = length < 0x80 ? [length] : undefined;
  const head = short ?? (length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const extension = (id: string, value: Uint8Array) => sequence(oid(id), der(0x04, value));

/** UTCTime, which is for years up to 2049 (RFC 5280 §4.1.2.5). */
function time(unixSeconds: number): Buffer {
  const text = new Date(unixSeconds * 1_000).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(text.slice(2), "latin1"));
}

function pem(kind: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind}-----\n${lines.join("\n")}\n-----END ${kind}-----\n`;
}
