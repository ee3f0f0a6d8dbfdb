/** The settings as they are in force, and changes to them. */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { SchemaNode } from "../settings/schema-node.ts";
import type { Applied, ConfigChange, Failure, Reply } from "./api.ts";
import { type App, useApp } from "./app.tsx";
import { useStore } from "./store.ts";

export interface ConfigFacts {
  /** With every default in its place; secrets are "…". */
  readonly config: Readonly<Record<string, unknown>>;
  /** What the file says. */
  readonly sparse: Readonly<Record<string, unknown>>;
  readonly confirmByUnixSeconds: number | null;
  readonly waitsForRestart: readonly string[];
}

export type ConfigLoad =
  | { readonly is: "loading" }
  | { readonly is: "failed"; readonly failure: Failure }
  | { readonly is: "known"; readonly facts: ConfigFacts; readonly schema: SchemaNode };

export interface Config {
  readonly load: ConfigLoad;
  readonly refresh: () => Promise<void>;
}

export function useConfig(isWanted: boolean): Config {
  const app = useApp();
  const [load, setLoad] = useState<ConfigLoad>({ is: "loading" });
  const refresh = useCallback(async () => {
    const [facts, schema] = await Promise.all([
      app.api.get<ConfigFacts>("/config"),
      app.api.get<SchemaNode>("/config/schema"),
    ]);
    // What is known stays while the page's server restarts: the next connection asks again.
    const fail = (failure: Failure) =>
      setLoad((before) => (before.is === "known" ? before : { is: "failed", failure }));
    if (!facts.ok) return fail(facts);
    if (!schema.ok) return fail(schema);
    setConfirmBy(app, facts.value.confirmByUnixSeconds);
    setLoad({ is: "known", facts: facts.value, schema: schema.value });
  }, [app]);
  const isLost = useStore(app.live.connection).is === "lost";
  useEffect(() => {
    if (isWanted && !isLost) void refresh();
  }, [isWanted, isLost, refresh]);
  return { load, refresh };
}

/** Saves, and remembers that it has to be confirmed. */
export async function applyChanges(
  app: App,
  changes: readonly ConfigChange[],
): Promise<Reply<Applied>> {
  const reply = await app.api.patch<Applied>("/config", { changes });
  if (reply.ok) setConfirmBy(app, reply.value.confirmByUnixSeconds);
  return reply;
}

/** Counted by this browser's clock: the device's may be wrong. */
export function setConfirmBy(app: App, deviceUnixSeconds: number | null): void {
  const deviceNow = app.live.status.value?.unixSeconds;
  const leftS =
    deviceUnixSeconds === null ? null : deviceUnixSeconds - (deviceNow ?? Date.now() / 1_000);
  app.confirmBy.set(leftS === null || leftS <= 0 ? null : Date.now() / 1_000 + leftS);
}
