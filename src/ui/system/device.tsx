/** Find it, restart parts of it, or begin anew. */
import { useState } from "preact/hooks";
import type { Status } from "../../api/status.ts";
import { useAct, useMay } from "../data/app.tsx";
import { Button, Card, useWordsBound } from "../parts/basics.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { AppearanceFields } from "../shell/shell.tsx";
import { Update } from "./update.tsx";

const IDENTIFY_S = 60;

const questions = ["restart-miner", "restart", "reboot", "factory-reset"] as const;
type Question = (typeof questions)[number];

export function Device({ status }: { status: Status }) {
  const { t } = useWordsBound();
  const act = useAct();
  const mayAdmin = useMay("admin");
  const [asks, setAsks] = useState<Question | null>(null);
  const { identifying } = status;
  return (
    <>
      <Card title={t("identify")}>
        <p>{t(identifying ? "identify.on" : "identify.text")}</p>
        <div class="actions">
          <Button
            icon="lamp"
            pressed={identifying}
            onClick={() =>
              act(
                "identify",
                { seconds: identifying ? 0 : IDENTIFY_S },
                t(identifying ? "identify.stopped" : "identify.started"),
              )
            }
          >
            {t(identifying ? "identify.stop" : "identify.start")}
          </Button>
        </div>
      </Card>
      <Card title={t("restarts")}>
        <ul class="choices">
          {questions.map((name) => (
            <li key={name}>
              <div>
                <p class="strong">{t(`do.${name}`)}</p>
                <p class="soft">{t(`do.${name}.text`)}</p>
              </div>
              <Button
                kind={name === "factory-reset" ? "danger" : "plain"}
                disabled={name === "factory-reset" && !mayAdmin}
                onClick={() => setAsks(name)}
              >
                {t(`do.${name}`)}
              </Button>
            </li>
          ))}
        </ul>
      </Card>
      <Update version={status.device.version} />
      <Card title={t("appearance")}>
        <AppearanceFields />
      </Card>
      {asks !== null && (
        <Confirm
          title={t(`do.${asks}`)}
          text={
            <>
              <p>{t(`do.${asks}.text`)}</p>
              <p>{t("do.sure")}</p>
            </>
          }
          action={t(`do.${asks}`)}
          danger={asks === "factory-reset"}
          onConfirm={() => act(asks, {}, t("do.begun"))}
          onClose={() => setAsks(null)}
        />
      )}
    </>
  );
}
