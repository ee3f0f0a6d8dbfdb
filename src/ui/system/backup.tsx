/** Copies of the settings, and everything that a helper needs to see. */
import { useEffect, useState } from "preact/hooks";
import type { Applied } from "../data/api.ts";
import { failureText, useApp, useMay } from "../data/app.tsx";
import { setConfirmBy } from "../data/config.ts";
import { Card, Notice, TableBox, useWordsBound } from "../parts/basics.tsx";
import { Confirm } from "../parts/dialog.tsx";

export function Backup() {
  const { t } = useWordsBound();
  const mayAdmin = useMay("admin");
  if (!mayAdmin) return <Notice tone="info">{t("access.admin-only")}</Notice>;
  return (
    <>
      <Export />
      <Import />
      <SupportBundle />
    </>
  );
}

function Export() {
  const { t } = useWordsBound();
  const [secrets, setSecrets] = useState(false);
  return (
    <Card title={t("backup.export")}>
      <p>{t("backup.export.text")}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={secrets}
          onChange={(event) => setSecrets(event.currentTarget.checked)}
        />
        {t("backup.secrets")}
      </label>
      {secrets && <Notice tone="warning">{t("backup.secrets.warning")}</Notice>}
      <div class="actions">
        <a class="button plain" href={`/api/v1/config/export?secrets=${secrets}`} download>
          {t("backup.download")}
        </a>
      </div>
    </Card>
  );
}

function Import() {
  const { words, t } = useWordsBound();
  const app = useApp();
  const [config, setConfig] = useState<unknown>(undefined);
  const [problem, setProblem] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    setProblem(null);
    if (file === undefined) return;
    try {
      setConfig(JSON.parse(await file.text()));
    } catch {
      setProblem(t("backup.not-json"));
    }
  };
  const put = async () => {
    const reply = await app.api.put<Applied>("/config", { config });
    if (!reply.ok) return setProblem(failureText(words, reply));
    const { confirmByUnixSeconds } = reply.value;
    if (confirmByUnixSeconds === null) app.toast("good", t("backup.imported"));
    else setConfirmBy(app, confirmByUnixSeconds);
  };
  return (
    <Card title={t("backup.import")}>
      <p>{t("backup.import.text")}</p>
      {problem !== null && (
        <Notice tone="bad" role="alert">
          {problem}
        </Notice>
      )}
      <label class="field">
        <span class="label">{t("backup.file")}</span>
        <input
          type="file"
          accept=".json,.jsonc,application/json"
          onChange={(event) => {
            void read(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </label>
      {config !== undefined && (
        <Confirm
          title={t("backup.import")}
          text={<p>{t("backup.import.sure")}</p>}
          action={t("backup.import.do")}
          danger
          onConfirm={put}
          onClose={() => setConfig(undefined)}
        />
      )}
    </Card>
  );
}

interface BundleFile {
  readonly name: string;
  readonly bytes: number;
  readonly about: string;
}

function SupportBundle() {
  const { words, t, f } = useWordsBound();
  const { api } = useApp();
  const [files, setFiles] = useState<readonly BundleFile[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    void api.get<{ files: readonly BundleFile[] }>("/support-bundle/contents").then((reply) => {
      if (reply.ok) setFiles(reply.value.files);
      else setProblem(failureText(words, reply));
    });
  }, [api, words]);
  return (
    <Card title={t("bundle")}>
      <p>{t("bundle.text")}</p>
      {problem !== null && <Notice tone="bad">{problem}</Notice>}
      {files !== null && (
        <TableBox label={t("bundle")}>
          <table>
            <caption class="sr-only">{t("bundle")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("bundle.file")}</th>
                <th scope="col" class="num">
                  {t("bundle.size")}
                </th>
              </tr>
            </thead>
            <tbody>
              {files.map(({ name, bytes, about }) => (
                <tr key={name}>
                  <th scope="row">
                    <code class="break">{name}</code>
                    <br />
                    <span class="soft">{about}</span>
                  </th>
                  <td class="num">{f.bytes(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      <div class="actions">
        <a class="button plain" href="/api/v1/support-bundle" download>
          {t("bundle.download")}
        </a>
      </div>
    </Card>
  );
}
