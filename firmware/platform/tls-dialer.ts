/** Opens TCP connections with TLS, for Stratum V1 pools that offer it. */
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { WireError } from "../../src/lib/errors.ts";
import type { ByteStream, TlsTerms } from "../../src/ports/byte-stream.ts";
import { KEEP_ALIVE_AFTER_MS } from "./tcp-dialer.ts";
import { TcpStream } from "./tcp-stream.ts";

/**
 * Rejects with the system's error, the signal's reason, or WireError "bad-certificate" when the server is not who it
 * should be: vouched for by the system's authorities, or with a pin by its certificate alone.
 */
export function dialTls(
  host: string,
  port: number,
  signal: AbortSignal,
  { pinnedSha256 }: TlsTerms,
): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({
      host,
      port,
      minVersion: "TLSv1.2",
      // With a pin the certificate itself is compared below: it may be self-signed.
      rejectUnauthorized: pinnedSha256 === undefined,
      // Server name indication is for names.
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    const onError = (error: Error) => fail(isCertificateError(error) ? untrusted(error) : error);
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("secureConnect", () => {
      const problem = pinnedSha256 === undefined ? undefined : pinProblem(socket, pinnedSha256);
      if (problem !== undefined) return fail(new WireError("bad-certificate", problem));
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      resolve(new TcpStream(socket, `${host}:${port}`));
    });
  });
}

function pinProblem(socket: TLSSocket, pinnedSha256: string): string | undefined {
  const shown = socket.getPeerCertificate().fingerprint256 ?? "";
  const actual = shown.replaceAll(":", "").toLowerCase();
  return actual === pinnedSha256.toLowerCase()
    ? undefined
    : `the server's TLS certificate has SHA-256 ${actual || "none"}, pinned is ${pinnedSha256}`;
}

function untrusted(error: Error): WireError {
  return new WireError(
    "bad-certificate",
    `the server's TLS certificate is not trusted: ${error.message}; a self-signed one can be pinned`,
    { cause: error },
  );
}

/** OpenSSL's verification results, and Node's own for a wrong name. */
function isCertificateError(error: Error): boolean {
  const code = String(Reflect.get(error, "code") ?? "");
  return /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code);
}
