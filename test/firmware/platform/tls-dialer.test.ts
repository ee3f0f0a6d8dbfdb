import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { dialTls } from "../../../firmware/platform/tls-dialer.ts";

/** Made for this test: for localhost, signed by itself, good for a hundred years. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkpZUk3QKs1qUyeTI
+Wndy1REz5nZ6H4mDLENp633FX2hRANCAATVRfc4LEP0ERTEgp7uIoNUsEtCPOVB
UP0Tq2HYezoTmO2F0jkfbbhyOmD807XJ+LthEQ2l6Ix0IpTOQ0ZU3QqR
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUfcQFwYXMRAay3Jh6gbcIJDGVLlIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcG9vbC50ZXN0MCAXDTI2MTEyMTE4NDY0MFoYDzIxMjYxMDI4
MTg0NjQwWjAUMRIwEAYDVQQDDAlwb29sLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATVRfc4LEP0ERTEgp7uIoNUsEtCPOVBUP0Tq2HYezoTmO2F0jkfbbhy
OmD807XJ+LthEQ2l6Ix0IpTOQ0ZU3QqRo28wbTAdBgNVHQ4EFgQUSSuwtH9N+Kx6
Etl0Q1Bzo7WBb2wwHwYDVR0jBBgwFoAUSSuwtH9N+Kx6Etl0Q1Bzo7WBb2wwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgfSByG66kiTTgY0fEoSKv5QL06f52yHG01Iy4IyQnO2kCIQCI
u4QzbRMJ95KG2lj2M2v30vW/xM6MVPtvEm0FIz7GRg==
-----END CERTIFICATE-----`;

const PIN = new X509Certificate(CERTIFICATE).fingerprint256.replaceAll(":", "");

/** Echoes what it hears. */
async function listen(): Promise<number> {
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const { signal } = new AbortController();

describe("a pool behind TLS", () => {
  test("is believed by its pinned certificate alone, and bytes pass both ways", async () => {
    const port = await listen();
    for (const pinnedSha256 of [PIN, PIN.toLowerCase()]) {
      const stream = await dialTls("localhost", port, signal, { pinnedSha256 });
      const echoed = new Promise<string>((resolve) =>
        stream.onData((chunk) => resolve(new TextDecoder().decode(chunk))),
      );
      stream.write(new TextEncoder().encode("hello"));
      expect(await echoed).toBe("hello");
      stream.destroy();
    }
  });

  test("with another certificate than the pinned one is refused, and both are named", async () => {
    const wrong = dialTls("127.0.0.1", await listen(), signal, { pinnedSha256: "ab".repeat(32) });
    await expect(wrong).rejects.toMatchObject({
      name: "WireError",
      code: "bad-certificate",
      message: expect.stringMatching(
        new RegExp(`SHA-256 ${PIN.toLowerCase()}, pinned is (ab){32}`),
      ),
    });
  });

  test("that nobody vouches for is refused, and the way out is named", async () => {
    await expect(dialTls("localhost", await listen(), signal, {})).rejects.toMatchObject({
      code: "bad-certificate",
      message: expect.stringMatching(/not trusted: .*; a self-signed one can be pinned/),
    });
  });

  test("that is not there fails with the system's error; a dial that is called off with the reason", async () => {
    await expect(dialTls("127.0.0.1", 1, signal, {})).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    const called = new AbortController();
    const dialled = dialTls("127.0.0.1", await listen(), called.signal, { pinnedSha256: PIN });
    called.abort(new Error("not needed"));
    await expect(dialled).rejects.toThrow("not needed");
  });
});
