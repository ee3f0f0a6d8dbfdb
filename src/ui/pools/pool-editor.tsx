/** A pool added or changed, tried before it is saved. */
import { useState } from "preact/hooks";
import type { Failure } from "../data/api.ts";
import { failureText, useApp } from "../data/app.tsx";
import { applyChanges } from "../data/config.ts";
import { Button, Notice, useWordsBound } from "../parts/basics.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { draftOf, emptyPool, type PoolDraft, PoolFields, settingsOf } from "./pool-form.tsx";
import { added, type PoolPlace } from "./pool-list.ts";
import { PoolTest } from "./pool-test.tsx";

export function PoolEditor({
  config,
  place,
  onClose,
  onSaved,
}: {
  config: unknown;
  /** Absent: a new one. */
  place?: PoolPlace | undefined;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const before = place?.list[place.at];
  const [draft, setDraft] = useState<PoolDraft>(before === undefined ? emptyPool : draftOf(before));
  const [failure, setFailure] = useState<Failure | null>(null);
  const save = async () => {
    const pool = settingsOf(draft, before);
    const changes = place === undefined ? added(config, pool) : [{ path: place.path, value: pool }];
    const reply = await applyChanges(app, changes);
    if (!reply.ok) return setFailure(reply);
    app.toast("good", t("saved"));
    onSaved();
    onClose();
  };
  return (
    <Dialog title={t(place === undefined ? "pool.add" : "pool.edit")} onClose={onClose} wide>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {failure !== null && (
          <Notice tone="bad" role="alert">
            {failureText(words, failure)}
          </Notice>
        )}
        <PoolFields draft={draft} onChange={setDraft} problems={problemsOf(failure)} />
        <PoolTest pool={draft} />
        <div class="actions end">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" onClick={save} disabled={draft.url.trim() === ""}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** By the last key of their paths. */
export function problemsOf(failure: Failure | null): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (failure?.problems ?? []).map(({ path, problem }) => [path.split(".").at(-1) ?? path, problem]),
  );
}
