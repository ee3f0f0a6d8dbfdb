/** Every setting, as the device's schema describes it; nothing is in force before its difference was seen. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConfigChange } from "../../api/device.ts";
import type { Applied, Failure } from "../data/api.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { applyChanges, type ConfigFacts, useConfig } from "../data/config.ts";
import { useStore } from "../data/store.ts";
import { Button, Card, Notice, useWordsBound } from "../parts/basics.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { carriedOver, changesBetween, isEqual } from "../settings/changes.ts";
import { GroupForm, type NodeProps } from "../settings/node-form.tsx";
import { Review } from "../settings/review.tsx";
import type { SchemaNode } from "../settings/schema-node.ts";
import { onlyGroupOf, partOf, sectionsOf } from "../settings/sections.ts";
import { useSettingWords } from "../settings/setting-words.ts";
import { LoginNeeded } from "../shell/login.tsx";

export function SettingsPage({ section }: { section?: string | undefined }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const mayAdmin = useMay("admin");
  const { load, refresh } = useConfig(mayAdmin);
  // Confirmed or taken back elsewhere: what is in force is another.
  const confirmBy = useStore(app.confirmBy);
  useEffect(() => {
    if (confirmBy === null && mayAdmin) void refresh();
  }, [confirmBy, mayAdmin, refresh]);
  if (!mayAdmin) return <LoginNeeded />;
  if (load.is === "loading") return <p class="loading">{t("loading")}</p>;
  if (load.is === "failed") return <Notice tone="bad">{failureText(words, load.failure)}</Notice>;
  return (
    <SettingsForm facts={load.facts} schema={load.schema} section={section} refresh={refresh} />
  );
}

/** What was asked for, and what it would do; of no use when the device's settings have made something else of the edits. */
interface Preview {
  readonly changes: readonly ConfigChange[];
  readonly applied: Applied;
}

function SettingsForm({
  facts,
  schema,
  section,
  refresh,
}: {
  facts: ConfigFacts;
  schema: SchemaNode;
  section: string | undefined;
  refresh: () => Promise<void>;
}) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [draft, setDraft] = useState<unknown>(facts.config);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  // What the draft was made of. The device may tell its settings again at any time, such as when a connection is back.
  const base = useRef<unknown>(facts.config);
  useEffect(() => {
    const before = base.current;
    base.current = facts.config;
    setDraft((edited: unknown) => carriedOver(before, edited, facts.config, schema));
  }, [facts.config, schema]);
  const changes = useMemo(
    () => changesBetween(facts.config, draft, schema),
    [facts.config, draft, schema],
  );
  const sections = sectionsOf(schema);
  const shown = sections.find(({ name }) => name === section) ?? sections[0];
  const problems = Object.fromEntries(
    (failure?.problems ?? []).map(({ path, problem, allowed }) => [
      path,
      allowed === undefined ? problem : `${problem} (${allowed})`,
    ]),
  );
  const review = async () => {
    const reply = await app.api.post<Applied>("/config/preview", { changes });
    setFailure(reply.ok ? null : reply);
    if (reply.ok) setPreview({ changes, applied: reply.value });
  };
  const apply = async () => {
    const reply = await applyChanges(app, changes);
    setPreview(null);
    setFailure(reply.ok ? null : reply);
    if (!reply.ok) return;
    base.current = draft;
    if (reply.value.confirmByUnixSeconds === null) app.toast("good", t("saved"));
    await refresh();
  };
  const discard = () => {
    base.current = facts.config;
    setDraft(facts.config);
  };
  const revert = async () => {
    const reply = await app.api.post("/config/revert");
    if (reply.ok) app.toast("good", t("pending.reverted"));
    else app.toast("bad", failureText(words, reply));
    app.confirmBy.set(null);
    if (reply.ok) base.current = draft;
    await refresh();
  };
  return (
    <div class="settings">
      <Tabs
        label={t("nav.settings")}
        look="side"
        tabs={sections.map(({ name }) => ({
          href: `#/settings/${name}`,
          text: words.code("section", name),
          isShown: name === shown?.name,
        }))}
      >
        <Button kind="quiet" icon="restart" onClick={revert}>
          {t("settings.revert-last")}
        </Button>
      </Tabs>
      <div class="stack">
        {facts.waitsForRestart.length > 0 && (
          <Notice tone="warning">
            {t("settings.waits", { paths: facts.waitsForRestart.join(", ") })}
          </Notice>
        )}
        {failure !== null && (
          <Notice tone="bad" role="alert">
            {failureText(words, failure)}
          </Notice>
        )}
        {shown !== undefined && (
          <Card title={words.code("section", shown.name)}>
            <div class="form">
              <SectionForm
                key={shown.name}
                keys={shown.keys}
                node={schema}
                path=""
                value={draft}
                onChange={setDraft}
                problems={problems}
              />
            </div>
          </Card>
        )}
        {changes.length > 0 && (
          <div class="save-bar">
            <span>
              {t(changes.length === 1 ? "settings.one-change" : "settings.changes", {
                count: changes.length,
              })}
            </span>
            <div class="actions">
              <Button onClick={discard}>{t("settings.discard")}</Button>
              <Button kind="primary" onClick={review}>
                {t("settings.review")}
              </Button>
            </div>
          </div>
        )}
      </div>
      {preview !== null && isEqual(preview.changes, changes) && (
        <Review preview={preview.applied} onApply={apply} onClose={() => setPreview(null)} />
      )}
    </div>
  );
}

/** A section that is one object needs no frame of its own in it. */
function SectionForm({
  keys,
  node,
  value,
  onChange,
  problems,
}: NodeProps & { keys: readonly string[] }) {
  const { helpOf } = useSettingWords();
  const key = onlyGroupOf(node, keys);
  if (key === undefined)
    return (
      <GroupForm
        node={partOf(node, keys)}
        path=""
        value={value}
        onChange={onChange}
        problems={problems}
      />
    );
  const child = node.properties?.[key] ?? {};
  return (
    <>
      <p class="soft">{helpOf(key, child)}</p>
      <GroupForm
        node={child}
        path={key}
        value={(value as Readonly<Record<string, unknown>>)[key]}
        onChange={(next) => onChange({ ...(value as object), [key]: next })}
        problems={problems}
      />
    </>
  );
}
