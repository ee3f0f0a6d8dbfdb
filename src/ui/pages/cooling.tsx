/** Fans, sensors with their limits, and power: what protects the machine, and why the fans do what they do. */
import type { SensorStatus, Status } from "../../api/status.ts";
import { useApp, useMay } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import {
  Card,
  Fact,
  Facts,
  Notice,
  Pill,
  TableBox,
  Unknown,
  useWordsBound,
} from "../parts/basics.tsx";
import { TemperatureScale, toneOf } from "../parts/temperature.tsx";

export function CoolingPage() {
  const { t } = useWordsBound();
  const status = useStore(useApp().live.status);
  const mayAdmin = useMay("admin");
  if (status === null) return null;
  const sensors = status.boards.flatMap(({ index, sensors: all }) =>
    all.map((sensor) => ({ board: index, sensor })),
  );
  return (
    <>
      <Fans status={status} />
      <Card title={t("sensors")}>
        {sensors.length === 0 && <p class="empty">{t("sensors.none")}</p>}
        <ul class="sensors">
          {sensors.map(({ board, sensor }) => (
            <Sensor key={`${board} ${sensor.name}`} board={board} sensor={sensor} />
          ))}
        </ul>
        <p class="note">{t("limits.more")}</p>
      </Card>
      <Power status={status} />
      <Card title={t("protection")}>
        <ul class="rows">
          {status.boards.map(({ index, protection, protectionReason }) => (
            <li key={index}>
              <span class="strong">{t("board", { index })}</span>
              <Pill tone={protection === "protected" ? "good" : "warning"}>
                {t(`protection.${protection}`)}
              </Pill>
              <span class="soft full">{protectionReason}</span>
            </li>
          ))}
        </ul>
      </Card>
      {mayAdmin && (
        <p>
          <a class="button plain" href="#/settings/machine">
            {t("cooling.settings")}
          </a>
        </p>
      )}
    </>
  );
}

function Fans({ status: { fans } }: { status: Status }) {
  const { t, f } = useWordsBound();
  const isShort = fans.turning < fans.required;
  return (
    <Card
      title={t("fans")}
      aside={<Pill tone={isShort ? "bad" : "info"}>{t(`fans.mode.${fans.mode}`)}</Pill>}
    >
      {fans.mode === "immersion" ? (
        <p class="why">{t("fans.immersion.more")}</p>
      ) : (
        <>
          <p class="figure">
            {f.number(fans.targetDutyPercent)} <span class="unit">%</span>
            <span class="figure-note">{t("fans.duty")}</span>
          </p>
          <p class="why">{t("fans.because", { reason: fans.reason })}</p>
          {isShort && (
            <Notice tone="bad">
              {t("fans.short", { turning: fans.turning, required: fans.required })}
            </Notice>
          )}
          <Facts>
            {fans.fans.map(({ name, rpm }) => (
              <Fact key={name} name={name}>
                {rpm === null ? <Unknown /> : f.withUnit(rpm, "1/min")}
                {rpm === 0 && <Pill tone="bad">{t("fans.still")}</Pill>}
              </Fact>
            ))}
          </Facts>
          {fans.fans.length === 0 && <p class="empty">{t("fans.none")}</p>}
        </>
      )}
    </Card>
  );
}

function Sensor({ board, sensor }: { board: number; sensor: SensorStatus }) {
  const { words, t, f } = useWordsBound();
  const { name, place, temperatureC, reason, unknownSinceUnixSeconds } = sensor;
  const tone = toneOf(sensor);
  const isNamedAfterBoard = name.startsWith(`board ${board}`);
  return (
    <li>
      <span class="sensor-name">
        <span class="strong">{name}</span>
        <span class="soft">
          {!isNamedAfterBoard && `${t("board", { index: board })} · `}
          {!(isNamedAfterBoard && place === "board") && words.code("place", place)}
        </span>
      </span>
      <span class="num reading">
        {temperatureC === null ? (
          <>
            <Unknown sinceUnixSeconds={unknownSinceUnixSeconds} />
            {reason !== null && <span class="soft full"> {reason}</span>}
          </>
        ) : (
          f.temperature(temperatureC)
        )}
      </span>
      {temperatureC !== null && tone !== "good" && (
        <Pill tone={tone}>{t(`temperature.${tone}`)}</Pill>
      )}
      <TemperatureScale sensor={sensor} />
    </li>
  );
}

function Power({ status: { power, boards } }: { status: Status }) {
  const { t, f } = useWordsBound();
  return (
    <Card title={t("power")}>
      <Facts>
        <Fact name={t("power.total")}>
          {power.powerW === null ? <Unknown /> : f.withUnit(power.powerW, "W")}
          {power.powerSource !== null && <span class="tag">{t(`power.${power.powerSource}`)}</span>}
        </Fact>
        <Fact name={t("efficiency")}>
          {power.efficiencyJPerTh === null ? (
            <Unknown />
          ) : (
            f.withUnit(power.efficiencyJPerTh, "J/TH", 1)
          )}
        </Fact>
        <Fact name={t("supply")}>
          {power.supplyOn === null ? <Unknown /> : t(power.supplyOn ? "on" : "off")}
          {power.supplyType !== null && <span class="soft"> {power.supplyType}</span>}
        </Fact>
        <Fact name={t("supply.voltage")}>
          {power.supplyV === null ? <Unknown /> : f.withUnit(power.supplyV, "V", 2)}
        </Fact>
      </Facts>
      {power.powerW === null && <p class="note">{t("power.unknown.more")}</p>}
      <TableBox label={t("power.boards")}>
        <table>
          <caption class="sr-only">{t("power.boards")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("nav.boards")}</th>
              <th scope="col">{t("power.switch")}</th>
              <th scope="col" class="num">
                {t("supply.voltage")}
              </th>
              <th scope="col" class="num">
                {t("power")}
              </th>
            </tr>
          </thead>
          <tbody>
            {boards.map((board) => (
              <tr key={board.index}>
                <th scope="row">{t("board", { index: board.index })}</th>
                <td>{t(`power.state.${board.power}`)}</td>
                <td class="num">
                  {board.supplyV === null ? <Unknown /> : f.withUnit(board.supplyV, "V", 2)}
                </td>
                <td class="num">
                  {board.powerW === null ? <Unknown /> : f.withUnit(board.powerW, "W", 1)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </Card>
  );
}
