/** The page's files, and the sockets that they are served on. */

import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startHttp } from "../../../firmware/operator/http/start-http.ts";
import { tlsMaterial } from "../../../firmware/operator/http/tls.ts";
import { silentLog } from "../../../src/lib/log.ts";
import { PASSWORD, served } from "./served.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "asicd-page-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writePage(): string {
  const ui = join(folder, "ui");
  mkdirSync(join(ui, "assets"), { recursive: true });
  writeFileSync(
    join(ui, "index.html"),
    "<html><head><title>x</title></head><body>page</body></html>",
  );
  writeFileSync(join(ui, "assets/main-4FK2QX7A.js"), "export const a = 1;".repeat(50));
  writeFileSync(join(ui, "main.js.map"), "secret sources");
  return ui;
}

describe("the page", () => {
  test("is at /, with 200 and no redirect, and its head takes what others need there", async () => {
    const pageHead = '<meta name="api-compat" content="X">';
    await using machine = await served({ uiFolder: writePage(), pageHead });
    const { status, text, headers } = await machine.call("GET /");
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(text).toBe(`<html><head><title>x</title>${pageHead}</head><body>page</body></html>`);
    expect(headers["cache-control"]).toBe("no-cache");
  });

  test("has files that never change kept by browsers, compressed where that is asked for", async () => {
    await using machine = await served({ uiFolder: writePage() });
    const path = "GET /assets/main-4FK2QX7A.js";
    const { headers, bytes } = await machine.call(path, { headers: { "accept-encoding": "gzip" } });
    expect(headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
      "content-encoding": "gzip",
    });
    expect(gunzipSync(bytes).toString()).toBe("export const a = 1;".repeat(50));
    const again = await machine.call(path, { headers: { "if-none-match": headers.etag ?? "" } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("is nothing but its files", async () => {
    await using machine = await served({ uiFolder: writePage() });
    for (const path of [
      "/main.js.map",
      "/assets",
      "/assets/",
      "/assets/../index.html/",
      "/assets/%2e%2e/%2e%2e/x",
    ])
      expect([path, (await machine.call(`GET ${path}`)).status]).toEqual([path, 404]);
  });

  test("that was not built is a line that says so", async () => {
    await using machine = await served({ uiFolder: join(folder, "nowhere") });
    const { status, text } = await machine.call("GET /");
    expect([status, text]).toEqual([200, expect.stringContaining("This build has no page")]);
  });
});

describe("with a generated certificate", () => {
  const options = () => ({
    api: { tls: "generated" as const },
    folder: join(folder, "state"),
    names: ["miner-1", "miner-1.local"],
    addresses: ["192.0.2.7"],
    nowUnixSeconds: 1_800_000_000,
    log: silentLog,
  });

  test("the page is served over TLS, and its cookie stays there", async () => {
    const tls = await tlsMaterial(options());
    if (tls === undefined) throw new Error("no certificate");
    await using machine = await served({ tls });
    expect(machine.server.addresses[0]).toMatch(/^https:/);
    const login = await machine.call("POST /api/v1/session", { body: { password: PASSWORD } });
    expect(login.status).toBe(200);
    expect(String(login.headers["set-cookie"])).toMatch(/; Secure$/);
  });

  test("it is for this machine's names, signs itself, and is made once", async () => {
    const tls = await tlsMaterial(options());
    const certificate = new X509Certificate(tls?.cert ?? "");
    expect(certificate.subjectAltName).toBe("DNS:miner-1, DNS:miner-1.local, IP Address:192.0.2.7");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkHost("miner-1.local")).toBe("miner-1.local");
    expect(Date.parse(certificate.validFrom)).toBe((1_800_000_000 - 86_400) * 1_000);
    expect(await tlsMaterial(options())).toEqual(tls);
    const later = await tlsMaterial({
      ...options(),
      nowUnixSeconds: 1_800_000_000 + 2 * 365 * 86_400,
    });
    expect(later?.cert).not.toBe(tls?.cert);
  });

  test("an own certificate that cannot be used is no reason to send passwords in the clear", async () => {
    const own = { tls: "own" as const, certificateFile: join(folder, "none.pem"), keyFile: "x" };
    expect(await tlsMaterial({ ...options(), api: own })).toBeDefined();
    expect(await tlsMaterial({ ...options(), api: { tls: "off" } })).toBeUndefined();
  });

  test("an own certificate is taken with its key, and no other key", async () => {
    const mine = await tlsMaterial(options());
    const [certificateFile, keyFile] = [join(folder, "c.pem"), join(folder, "k.pem")];
    writeFileSync(certificateFile, mine?.cert ?? "");
    writeFileSync(keyFile, mine?.key ?? "");
    const api = { tls: "own" as const, certificateFile, keyFile };
    const other = { ...options(), folder: join(folder, "other") };
    expect(await tlsMaterial({ ...other, api })).toEqual(mine);
    const others = await tlsMaterial(other);
    writeFileSync(keyFile, others?.key ?? "");
    expect((await tlsMaterial({ ...other, api }))?.cert).toBe(others?.cert);
  });
});

test("an address that is taken is named, the others are open, and it is when it is free", async () => {
  const machine = await served();
  let tryAgain = () => {};
  const after = (_delayMs: number, run: () => void) => {
    tryAgain = run;
    return { [Symbol.dispose]() {} };
  };
  const taken = `127.0.0.1:${machine.port}`;
  const { device } = machine.operated;
  const server = await startHttp({
    device,
    keyring: machine.keyring,
    config: () => device.effective,
    hostname: "h",
    version: "0",
    clock: { ...clockOf(), after, nowMs: () => 0, unixSeconds: () => 0 },
    entropy: { randomBytes: (length) => new Uint8Array(length), fraction: () => 0 },
    listen: [taken, "127.0.0.1:0"],
    logs: machine.logs,
    testPool: () => Promise.resolve("busy"),
    bundle: { contents: () => Promise.resolve([]), tar: () => Promise.resolve(new Uint8Array()) },
    log: silentLog,
  });
  expect(server.addresses).toHaveLength(1);
  expect(server.problems).toEqual([expect.stringMatching(`^${taken}: .*EADDRINUSE`)]);
  await machine[Symbol.asyncDispose]();
  tryAgain();
  while (server.addresses.length < 2) await new Promise((done) => setImmediate(done));
  expect(server.addresses).toContain(`http://${taken}`);
  await server.close();
});

function clockOf() {
  const never = { [Symbol.dispose]() {} };
  return { sleep: () => Promise.resolve(), after: () => never, every: () => never };
}
