/** Four figures, each with what it is measured against. */
import type { Status } from "../../api/status.ts";
import { Bar, Card, Pill, Unknown, useWordsBound } from "../parts/basics.tsx";
import { TemperatureScale, toneOf } from "../parts/temperature.tsx";

export function HashrateTile({ status: { hashrate, summary } }: { status: Status }) {
  const { t, f } = useWordsBound();
  const { m1, m15, h24, s5, m5 } = hashrate.hashrateHps;
  const { value, unit } = f.rateParts(m1);
  const part = hashrate.expectedHps > 0 ? m15 / hashrate.expectedHps : null;
  const rates = [
    [t("rate.s5"), s5],
    [t("rate.m5"), m5],
    [t("rate.m15"), m15],
    [t("rate.h24"), h24],
  ] as const;
  return (
    <Card title={t("hashrate")} class="tile">
      <p class="figure">
        {value} <span class="unit">{unit}</span>
        <span class="figure-note">{t("rate.m1")}</span>
      </p>
      <Bar part={part ?? 0} tone={part !== null && part < 0.8 ? "warning" : "good"} />
      <p class="note">
        {part === null
          ? t(summary.state === "paused" ? "hashrate.paused" : "hashrate.no-expectation")
          : t("hashrate.of-expected", {
              part: f.percent(part),
              expected: f.rate(hashrate.expectedHps),
            })}
      </p>
      <dl class="mini">
        {rates.map(([name, rate]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{f.rate(rate)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

export function PowerTile({ status: { power } }: { status: Status }) {
  const { t, f } = useWordsBound();
  const source = power.powerSource === null ? null : t(`power.${power.powerSource}`);
  return (
    <Card title={t("power")} class="tile">
      <p class="figure">
        {power.powerW === null ? (
          <Unknown />
        ) : (
          <>
            {f.number(power.powerW)} <span class="unit">W</span>
          </>
        )}
        {source !== null && <span class="figure-note tag">{source}</span>}
      </p>
      <dl class="mini wide">
        <div>
          <dt>{t("efficiency")}</dt>
          <dd>
            {power.efficiencyJPerTh === null ? (
              <Unknown />
            ) : (
              f.withUnit(power.efficiencyJPerTh, "J/TH", 1)
            )}
          </dd>
        </div>
        <div>
          <dt>{t("supply")}</dt>
          <dd>
            {power.supplyOn === null ? <Unknown /> : t(power.supplyOn ? "on" : "off")}
            {power.supplyV !== null && ` · ${f.withUnit(power.supplyV, "V", 2)}`}
          </dd>
        </div>
      </dl>
      <p class="note">
        {t(
          power.powerW === null
            ? "power.unknown.more"
            : `power.${power.powerSource ?? "measured"}.more`,
        )}
      </p>
    </Card>
  );
}

export function TemperatureTile({ status }: { status: Status }) {
  const { t, f } = useWordsBound();
  const { hottestC, where } = status.temperature;
  const sensors = status.boards.flatMap(({ sensors: all }) => all);
  const hottest = sensors.find(
    ({ name, temperatureC }) => where?.endsWith(name) === true && temperatureC === hottestC,
  );
  return (
    <Card title={t("temperature")} class="tile">
      <p class="figure">
        {hottestC === null ? (
          <Unknown />
        ) : (
          <>
            {f.number(hottestC, 1)} <span class="unit">°C</span>
          </>
        )}
        <span class="figure-note">{[...new Set(where?.split(", "))].join(", ")}</span>
      </p>
      {hottest !== undefined && <TemperatureScale sensor={hottest} />}
      <p class="note">
        {status.fans.mode === "immersion"
          ? t("fans.mode.immersion")
          : t("fans.summary", {
              duty: f.number(status.fans.targetDutyPercent),
              turning: status.fans.turning,
              required: status.fans.required,
            })}
      </p>
      {hottest !== undefined && (
        <p class="note">
          <Pill tone={toneOf(hottest)}>{t(`temperature.${toneOf(hottest)}`)}</Pill>
        </p>
      )}
    </Card>
  );
}

export function ShareTile({ status: { shares, unixSeconds } }: { status: Status }) {
  const { t, f } = useWordsBound();
  const { accepted, rejected, bestDifficulty, lastShareUnixSeconds, blocksFound } = shares.total;
  const answered = accepted + rejected;
  return (
    <Card title={t("shares")} class="tile">
      <p class="figure">
        {f.number(accepted)}
        <span class="figure-note">{t("accepted")}</span>
      </p>
      <Bar part={answered === 0 ? 0 : accepted / answered} />
      <p class="note">
        {answered === 0
          ? t("shares.none")
          : t("shares.rejected", {
              count: f.number(rejected),
              part: f.percent(rejected / answered, 2),
            })}
      </p>
      <dl class="mini">
        <div>
          <dt>{t("shares.best")}</dt>
          <dd>{bestDifficulty === null ? t("none") : f.compact(bestDifficulty)}</dd>
        </div>
        <div>
          <dt>{t("shares.last")}</dt>
          <dd>
            {lastShareUnixSeconds === null ? t("none") : f.ago(unixSeconds - lastShareUnixSeconds)}
          </dd>
        </div>
        <div>
          <dt>{t("shares.stale")}</dt>
          <dd>{f.number(shares.total.staleByPool + shares.total.staleByUs)}</dd>
        </div>
        <div>
          <dt>{t("shares.blocks")}</dt>
          <dd>{f.number(blocksFound)}</dd>
        </div>
      </dl>
    </Card>
  );
}
