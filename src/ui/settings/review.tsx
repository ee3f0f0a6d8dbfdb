/** What a change would do, before it is done. */
import type { Applied, ConfigDifference } from "../data/api.ts";
import { useApp } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { Button, Notice, TableBox, useWordsBound } from "../parts/basics.tsx";
import { Dialog } from "../parts/dialog.tsx";

export function Review({
  preview,
  onApply,
  onClose,
}: {
  preview: Applied;
  onApply: () => unknown;
  onClose: () => void;
}) {
  const { t, words } = useWordsBound();
  const { differences, confirmByUnixSeconds } = preview;
  const status = useStore(useApp().live.status);
  // Where nobody knows which machine it is, its name does not wait for a restart.
  const isNaming =
    status?.unnamed != null &&
    differences.some(({ path, after }) => path === "machine.board" && after != null);
  const needs = [...new Set(differences.map(({ restart }) => restart))].filter(
    (need) => need !== "none",
  );
  return (
    <Dialog title={t("review.title")} onClose={onClose} wide>
      {differences.length === 0 ? (
        <p>{t("review.nothing")}</p>
      ) : (
        <TableBox label={t("review.title")}>
          <table class="diff">
            <caption class="sr-only">{t("review.title")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("review.setting")}</th>
                <th scope="col">{t("review.before")}</th>
                <th scope="col">{t("review.after")}</th>
              </tr>
            </thead>
            <tbody>
              {differences.map((one) => (
                <tr key={one.path}>
                  <th scope="row">
                    <code class="break">{one.path}</code>
                  </th>
                  <td class="before">
                    <Value of={one} side="before" />
                  </td>
                  <td class="after">
                    <Value of={one} side="after" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      {isNaming && <Notice tone="warning">{t("review.naming")}</Notice>}
      {(isNaming ? [] : needs).map((need) => (
        <Notice key={need} tone={need === "program" ? "warning" : "info"}>
          {words.code("restart", need)}
        </Notice>
      ))}
      {confirmByUnixSeconds !== null && <Notice tone="warning">{t("review.confirm")}</Notice>}
      <div class="actions end">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button kind="primary" disabled={differences.length === 0} onClick={onApply}>
          {t("review.apply")}
        </Button>
      </div>
    </Dialog>
  );
}

function Value({ of, side }: { of: ConfigDifference; side: "before" | "after" }) {
  const { t } = useWordsBound();
  const value = of[side];
  if (value === undefined || value === null) return <span class="soft">{t("review.absent")}</span>;
  return <code class="break">{typeof value === "string" ? value : JSON.stringify(value)}</code>;
}
