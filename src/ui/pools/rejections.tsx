/** What pools refused, in their words and in ours. */
import type { WorkTally } from "../../api/status.ts";
import { Card, TableBox, useWordsBound } from "../parts/basics.tsx";

export function Rejections({ tally, inline = false }: { tally: WorkTally; inline?: boolean }) {
  const { words, t, f } = useWordsBound();
  if (tally.rejections.length === 0)
    return inline ? null : (
      <Card title={t("rejections")}>
        <p class="empty">{t("rejections.none")}</p>
      </Card>
    );
  const table = (
    <TableBox label={t("rejections")}>
      <table>
        <caption class="sr-only">{t("rejections")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("rejections.code")}</th>
            <th scope="col" class="num">
              {t("count")}
            </th>
            <th scope="col">{t("rejections.meaning")}</th>
          </tr>
        </thead>
        <tbody>
          {tally.rejections.map(({ code, count, explanation }) => (
            <tr key={code}>
              <th scope="row">
                <code>{code}</code>
              </th>
              <td class="num">{f.number(count)}</td>
              <td>{words.maybe(`reject.${code}`) ?? explanation}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
  if (!inline) return <Card title={t("rejections")}>{table}</Card>;
  return (
    <details class="data">
      <summary>{t("rejections")}</summary>
      {table}
    </details>
  );
}
