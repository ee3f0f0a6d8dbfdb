/** The certificate that the page is served with: the operator's, or one that this machine made for itself. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ApiConfig } from "../../../src/config/operator-schema.ts";
import type { Logger } from "../../../src/lib/log.ts";
import { durableFolder } from "../../durable-folder.ts";
import { asRoot } from "../../service-user.ts";
import { privateFolder } from "../private-folder.ts";
import { makeCertificate } from "./certificate.ts";

export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

const RENEW_BEFORE_S = 30 * 86_400;
const MAX_PEM_BYTES = 64 * 1024;

export interface TlsOptions {
  readonly api: Pick<ApiConfig, "tls" | "certificateFile" | "keyFile">;
  /** Where the generated one is kept. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly nowUnixSeconds: number;
  readonly log: Logger;
}

/**
 * `undefined`: plain HTTP was asked for. An own certificate that cannot be used is told in the log, and a generated one
 * takes its place: passwords must not go over the network in the clear because of a missing file.
 */
export async function tlsMaterial(options: TlsOptions): Promise<TlsMaterial | undefined> {
  const { api, log } = options;
  if (api.tls === "off") return undefined;
  if (api.tls === "own") {
    try {
      // The key is root's alone where its owner knows what keys are.
      return await asRoot(() => ownMaterial(api.certificateFile ?? "", api.keyFile ?? ""));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ reason }, "the own certificate cannot be used; a generated one is");
    }
  }
  return generatedMaterial(options);
}

async function ownMaterial(certificateFile: string, keyFile: string): Promise<TlsMaterial> {
  if (certificateFile === "" || keyFile === "")
    throw new Error("api.certificateFile and api.keyFile must both be set");
  const cert = await pemIn(certificateFile);
  const key = await pemIn(keyFile);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error("the key does not belong to the certificate");
  return { cert, key };
}

/** Looked at before it is opened: a pipe hangs, and some devices never end. */
async function pemIn(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Error(`${path} is no regular file`);
  if (found.size > MAX_PEM_BYTES)
    throw new Error(`${path} has more than ${MAX_PEM_BYTES / 1024} kB`);
  const bytes = await durableFolder(dirname(path)).read(basename(path), MAX_PEM_BYTES);
  return new TextDecoder().decode(bytes);
}

async function generatedMaterial(options: TlsOptions): Promise<TlsMaterial> {
  const { names, addresses, nowUnixSeconds, log } = options;
  const folder = privateFolder(options.folder);
  const text = async (name: string) => {
    const bytes = await folder.read(name, MAX_PEM_BYTES).catch(() => undefined);
    return bytes === undefined ? "" : new TextDecoder().decode(bytes);
  };
  const [cert, key] = [await text("tls-certificate.pem"), await text("tls-key.pem")];
  if (isGood(cert, key, nowUnixSeconds)) return { cert, key };
  const made = makeCertificate(names[0] ?? "asicd", names, addresses, nowUnixSeconds);
  const save = async (name: string, pem: string) => {
    await folder.write("tls-new.pem", new TextEncoder().encode(pem));
    await folder.rename("tls-new.pem", name);
    await folder.syncNames();
  };
  try {
    await save("tls-key.pem", made.keyPem);
    await save("tls-certificate.pem", made.certificatePem);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ reason }, "the generated certificate cannot be kept; browsers will ask again");
  }
  return { cert: made.certificatePem, key: made.keyPem };
}

function isGood(cert: string, key: string, nowUnixSeconds: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const endS = Date.parse(certificate.validTo) / 1_000;
    return (
      endS - nowUnixSeconds > RENEW_BEFORE_S && certificate.checkPrivateKey(createPrivateKey(key))
    );
  } catch {
    return false;
  }
}
