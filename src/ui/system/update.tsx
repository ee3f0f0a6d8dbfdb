/** Another version of asicd: chosen, checked, started, and what became of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { UpdateState } from "../../update/update-view.ts";
import type { Failure } from "../data/api.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { sendFile } from "../data/upload.ts";
import { Bar, Button, Card, Fact, Facts, Notice, useWordsBound } from "../parts/basics.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { whatBecame } from "./what-became.ts";

const LOOK_EVERY_MS = 3_000;

type Question = "start" | "return";
type Refusal = Pick<Failure, "code" | "text">;

/** `version`: what runs, as the running one says. */
export function Update({ version }: { version: string }) {
  const { words, t, f } = useWordsBound();
  const { api } = useApp();
  const mayAdmin = useMay("admin");
  const [state, setState] = useState<UpdateState | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [takesOlder, setTakesOlder] = useState(false);
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

  const { versions = null, possible = false, progress = "none" } = state ?? {};
  const isBusy = progress !== "none" || sent !== null;
  const isOnTrial = versions?.state === "trial";
  const mayUpdate = mayAdmin && possible;
  // What starts next lies beside no more, whatever the files say.
  const staged = progress === "starting" ? null : versions?.staged;
  const focus = useKeptFocus(`${isBusy} ${asks} ${staged?.name}`);

  const send = async (file: File | undefined) => {
    if (file === undefined) return;
    focus.keep();
    setRefusal(null);
    setSent(0);
    const reply = await sendFile(`/update?allowDowngrade=${takesOlder}`, file, setSent);
    // Until what goes on now is known, no second one is offered.
    if (reply.ok) await look();
    else setRefusal(reply);
    // Said of this one file.
    setTakesOlder(false);
    if (!reply.ok && reply.httpStatus === 401) api.onLoginNeeded();
    setSent(null);
  };
  const take = async (step: Question | "discard") => {
    focus.keep();
    setRefusal(null);
    const reply =
      step === "discard" ? await api.delete("/update") : await api.post(`/update/${step}`);
    // The codes have words for files alone.
    if (!reply.ok) setRefusal({ code: "", text: failureText(words, reply) });
    await look();
  };

  return (
    <Card title={t("update")}>
      <div class="stack" ref={focus.box} tabIndex={-1}>
        <Facts>
          <Fact name={t("update.runs")}>{version}</Fact>
          {versions?.previous != null && (
            <Fact name={t("update.before")}>{versions.previous.version}</Fact>
          )}
          {staged != null && <Fact name={t("update.beside")}>{staged.version}</Fact>}
        </Facts>
        {!mayAdmin && <Notice tone="info">{t("access.admin-only")}</Notice>}
        {state !== null && !possible && <Notice tone="info">{t("update.impossible")}</Notice>}
        <Problem refusal={refusal} problem={state?.problem ?? null} />
        {versions !== null && progress !== "starting" && <WhatBecame versions={versions} />}
        {isOnTrial && progress !== "starting" && (
          <Notice tone="info">
            <p role="status">{t("update.trial", { version: versions.current.version })}</p>
            {state?.trial != null && (
              <p>
                {t("update.trial.left", {
                  reason: state.trial.reason,
                  time: f.duration(state.trial.leftS),
                })}
              </p>
            )}
          </Notice>
        )}
        {progress !== "none" && (
          <Notice tone="info" role="status">
            {t(progress === "staging" ? "update.staging" : "update.starting")}
          </Notice>
        )}
        {sent !== null && progress === "none" && (
          <p role="status">
            {t("update.sending", { part: f.percent(sent, 0) })} <Bar part={sent} tone="info" />
          </p>
        )}
        {mayUpdate && staged != null && versions !== null && (
          <>
            <Notice tone="good" role="status">
              <p>
                {t("update.staged", {
                  version: staged.version,
                  current: version,
                  target: versions.target,
                })}
              </p>
              <p class="soft">{staged.name}</p>
            </Notice>
            <div class="actions">
              <Button kind="primary" disabled={isBusy} onClick={() => setAsks("start")}>
                {t("update.start", { version: staged.version })}
              </Button>
              <Button disabled={isBusy} onClick={() => take("discard")}>
                {t("update.discard")}
              </Button>
            </div>
          </>
        )}
        {mayUpdate && !isOnTrial && (
          <>
            <label class="field">
              <span class="label">{t("update.file", { target: versions?.target ?? "" })}</span>
              <input
                type="file"
                accept=".update"
                disabled={isBusy}
                onChange={(event) => {
                  void send(event.currentTarget.files?.[0]);
                  event.currentTarget.value = "";
                }}
              />
            </label>
            <label class="check">
              <input
                type="checkbox"
                checked={takesOlder}
                disabled={isBusy}
                onChange={(event) => setTakesOlder(event.currentTarget.checked)}
              />
              {t("update.older")}
            </label>
          </>
        )}
        {mayUpdate && versions?.previous != null && (
          <div class="actions">
            <Button disabled={isBusy} onClick={() => setAsks("return")}>
              {t("update.return", { version: versions.previous.version })}
            </Button>
          </div>
        )}
      </div>
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

/** In words for who chose the file, with what asicd says of it; `problem`: of what failed after it had been taken. */
function Problem({ refusal, problem }: { refusal: Refusal | null; problem: string | null }) {
  const { words, t } = useWordsBound();
  const shown = refusal ?? (problem === null ? null : { code: "", text: problem });
  if (shown === null) return null;
  const sentence = words.maybe(`update.refused.${shown.code}`) ?? t("update.refused");
  const detail = shown.text;
  return (
    <Notice tone="bad" role="alert">
      <p class="strong">{sentence}</p>
      {detail !== "" && <p class="soft">{detail}</p>}
    </Notice>
  );
}

/** Of the last trial. */
function WhatBecame({ versions }: { versions: NonNullable<UpdateState["versions"]> }) {
  const { t } = useWordsBound();
  const became = whatBecame(versions);
  if (became === null) return null;
  const { key, version, reason } = became;
  return key === "update.settled" ? (
    <Notice tone="good" role="status">
      {t(key, { version, reason })}
    </Notice>
  ) : (
    <Notice tone="warning">{t(key, { version, reason })}</Notice>
  );
}

/** Who works by keyboard stays in this card when the button that was pressed goes away; `when` changes with what is there. */
function useKeptFocus(when: string) {
  const box = useRef<HTMLDivElement>(null);
  const isHere = useRef(false);
  useEffect(() => {
    const { activeElement } = document;
    if (isHere.current && activeElement === document.body)
      box.current?.focus({ preventScroll: true });
    else isHere.current &&= box.current?.contains(activeElement) === true;
  }, [when]);
  return {
    box,
    keep() {
      isHere.current = true;
    },
  };
}
