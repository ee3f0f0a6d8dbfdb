/** Which machine this is, where nobody knows: why not, what it may be, and the choice, whose difference is seen before it is in force. */
import { useState } from "preact/hooks";
import type { UnnamedMachine } from "../../api/status.ts";
import type { Applied } from "../data/api.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { applyChanges } from "../data/config.ts";
import { Button, Card, Notice, useWordsBound } from "../parts/basics.tsx";
import { Review } from "../settings/review.tsx";

type Candidate = UnnamedMachine["candidates"][number];

export function NamingCard({ unnamed }: { unnamed: UnnamedMachine }) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const mayAdmin = useMay("admin");
  const [chosen, setChosen] = useState<string | null>(null);
  const [preview, setPreview] = useState<Applied | null>(null);
  const { code, why, advice, candidates } = unnamed;
  const changesTo = (id: string) => [{ path: "machine.board", value: id }];
  const choose = async (id: string) => {
    const reply = await app.api.post<Applied>("/config/preview", { changes: changesTo(id) });
    if (!reply.ok) return app.toast("bad", failureText(words, reply));
    setChosen(id);
    setPreview(reply.value);
  };
  const apply = async () => {
    setPreview(null);
    if (chosen === null) return;
    const reply = await applyChanges(app, changesTo(chosen));
    if (reply.ok) app.toast("good", t("unnamed.done"));
    else app.toast("bad", failureText(words, reply));
  };
  return (
    <Card title={t(code === "refused" ? "unnamed.title.refused" : "unnamed.title")}>
      <Notice tone={code === "refused" ? "bad" : "warning"}>{t("unnamed.nothing-driven")}</Notice>
      <p>{sentence(why)}</p>
      <p>{words.maybe(`unnamed.advice.${code}`) ?? advice}</p>
      {candidates.length > 0 && <p class="soft">{t("unnamed.danger")}</p>}
      {candidates.length > 0 && (
        <ul class="choices">
          {candidates.map((one) => (
            <li key={one.id}>
              <CandidateText candidate={one} />
              {mayAdmin && (
                <Button
                  label={t("unnamed.choose.label", { name: one.name })}
                  onClick={() => choose(one.id)}
                >
                  {t("unnamed.choose")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {code !== "refused" && candidates.length === 0 && mayAdmin && (
        <p>
          <a class="button plain" href="#/settings/machine">
            {t("unnamed.settings")}
          </a>
        </p>
      )}
      {code !== "refused" && !mayAdmin && <p class="soft">{t("unnamed.login")}</p>}
      {preview !== null && (
        <Review preview={preview} onApply={apply} onClose={() => setPreview(null)} />
      )}
    </Card>
  );
}

function CandidateText({ candidate: { id, name, why, whyNot } }: { candidate: Candidate }) {
  const { t } = useWordsBound();
  return (
    <div>
      <strong>{name}</strong> <code>{id}</code>
      {why.length > 0 && <p class="note">{t("unnamed.for", { why: why.join("; ") })}</p>}
      {whyNot.length > 0 && <p class="note">{t("unnamed.against", { why: whyNot.join("; ") })}</p>}
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
