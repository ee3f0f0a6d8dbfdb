/** Another version of asicd: chosen, checked, started, and what became of it. */
import { useEffect, useState } from "preact/hooks";
import type { UpdateState } from "../../update/update-view.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { sendFile } from "../data/upload.ts";
import { Bar, Button, Card, Fact, Facts, Notice, useWordsBound } from "../parts/basics.tsx";
import { Confirm } from "../parts/dialog.tsx";

const LOOK_EVERY_MS = 3_000;

type Question = "start" | "return";

export function Update({ version }: { version: string }) {
  const { words, t, f } = useWordsBound();
  const { api } = useApp();
  const mayAdmin = useMay("admin");
  const [state, setState] = useState<UpdateState | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [asks, setAsks] = useState<Question | null>(null);
  const look = async () => {
    const reply = await api.get<UpdateState>("/update");
    // While asicd starts again nobody answers: what was known stays.
    if (reply.ok) setState(reply.value);
  };
  useEffect(() => {
    if (!mayAdmin) return;
    void look();
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [mayAdmin]);

  const send = async (file: File | undefined) => {
    if (file === undefined) return;
    setProblem(null);
    setSent(0);
    const reply = await sendFile("/update", file, setSent);
    setSent(null);
    if (!reply.ok) setProblem(failureText(words, reply));
    await look();
  };
  const take = async (step: Question | "discard") => {
    setProblem(null);
    const reply =
      step === "discard" ? await api.delete("/update") : await api.post(`/update/${step}`);
    if (!reply.ok) setProblem(failureText(words, reply));
    await look();
  };

  const { versions = null, possible = false, progress = "none" } = state ?? {};
  const isBusy = progress !== "none" || sent !== null;
  const shown = problem ?? state?.problem ?? null;
  return (
    <Card title={t("update")}>
      <Facts>
        <Fact name={t("update.runs")}>{versions?.current.version ?? version}</Fact>
        {versions?.previous != null && (
          <Fact name={t("update.before")}>{versions.previous.version}</Fact>
        )}
      </Facts>
      {!mayAdmin && <Notice tone="info">{t("access.admin-only")}</Notice>}
      {state !== null && !possible && <Notice tone="info">{t("update.impossible")}</Notice>}
      {shown !== null && (
        <Notice tone="bad" role="alert">
          {shown}
        </Notice>
      )}
      {versions?.returned != null && (
        <Notice tone="warning">
          {t("update.returned", {
            version: versions.returned.version,
            reason: versions.returned.reason,
          })}
        </Notice>
      )}
      {versions?.state === "trial" && (
        <Notice tone="info" role="status">
          {t("update.trial", { version: versions.current.version })}
        </Notice>
      )}
      {progress !== "none" && (
        <Notice tone="info" role="status">
          {t(progress === "staging" ? "update.staging" : "update.starting")}
        </Notice>
      )}
      {sent !== null && (
        <p role="status">
          {t("update.sending", { part: f.percent(sent, 0) })} <Bar part={sent} tone="info" />
        </p>
      )}
      {mayAdmin && possible && versions?.staged != null && (
        <>
          <Notice tone="good">
            {t("update.staged", {
              version: versions.staged.version,
              current: versions.current.version,
            })}
          </Notice>
          <div class="actions">
            <Button kind="primary" disabled={isBusy} onClick={() => setAsks("start")}>
              {t("update.start", { version: versions.staged.version })}
            </Button>
            <Button disabled={isBusy} onClick={() => void take("discard")}>
              {t("update.discard")}
            </Button>
          </div>
        </>
      )}
      {mayAdmin && possible && (
        <>
          <label class="field">
            <span class="label">{t("update.file", { target: versions?.target ?? "" })}</span>
            <input
              type="file"
              accept=".update"
              disabled={isBusy || versions?.state === "trial"}
              onChange={(event) => {
                void send(event.currentTarget.files?.[0]);
                event.currentTarget.value = "";
              }}
            />
          </label>
          {versions?.previous != null && (
            <div class="actions">
              <Button disabled={isBusy} onClick={() => setAsks("return")}>
                {t("update.return", { version: versions.previous.version })}
              </Button>
            </div>
          )}
        </>
      )}
      {asks !== null && (
        <Confirm
          title={t("update")}
          text={
            <>
              <p>{t(asks === "start" ? "update.start.text" : "update.return.text")}</p>
              <p>{t("do.sure")}</p>
            </>
          }
          action={
            asks === "start"
              ? t("update.start", { version: versions?.staged?.version ?? "" })
              : t("update.return", { version: versions?.previous?.version ?? "" })
          }
          onConfirm={() => take(asks)}
          onClose={() => setAsks(null)}
        />
      )}
    </Card>
  );
}
