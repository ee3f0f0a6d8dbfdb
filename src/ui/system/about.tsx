/** What this machine is, and what runs on it. */
import type { Status } from "../../api/status.ts";
import { Card, Fact, Facts, Pill, type Tone, Unknown, useWordsBound } from "../parts/basics.tsx";

const processTones: Readonly<Record<string, Tone>> = {
  running: "good",
  starting: "info",
  silent: "bad",
  waiting: "warning",
  stopped: "neutral",
};

export function About({ status: { device, processes } }: { status: Status }) {
  const { words, t, f } = useWordsBound();
  const rows = [
    ["guard", processes.guard.state, processes.guard.restarts],
    ["miner", processes.miner.state, processes.miner.restarts],
  ] as const;
  return (
    <>
      <Card title={t("about.machine")}>
        <Facts>
          <Fact name={t("about.model")}>{device.model}</Fact>
          <Fact name={t("chips")}>{device.chips ?? <Unknown />}</Fact>
          <Fact name={t("about.name")}>{device.name}</Fact>
          <Fact name={t("about.hostname")}>{device.hostname}</Fact>
          <Fact name="IPv4">{device.ipv4 ?? <Unknown />}</Fact>
          <Fact name="MAC">
            <code>{device.mac ?? t("unknown")}</code>
          </Fact>
          <Fact name={t("about.serial")}>{device.serialNumber ?? <Unknown />}</Fact>
          <Fact name={t("about.board")}>
            {device.board === null ? <Unknown /> : <code>{device.board}</code>}
          </Fact>
        </Facts>
      </Card>
      <Card title={t("about.software")}>
        <Facts>
          <Fact name={device.firmware}>{device.version}</Fact>
          <Fact name={t("about.uptime")}>{f.duration(device.uptimeS)}</Fact>
          <Fact name={t("about.memory")}>{f.bytes(processes.operator.memoryBytes)}</Fact>
          <Fact name={t("about.persona")}>{device.persona}</Fact>
        </Facts>
        <ul class="rows">
          {rows.map(([name, state, restarts]) => (
            <li key={name}>
              <span class="strong">{t(`process.${name}`)}</span>
              <Pill tone={processTones[state] ?? "neutral"}>
                {words.code("process.state", state)}
              </Pill>
              <span class="soft">{t("about.restarts", { count: restarts })}</span>
            </li>
          ))}
        </ul>
        {processes.miner.reason !== null && <p class="note">{processes.miner.reason}</p>}
        <p class="note">{t("about.free")}</p>
        <p class="note">
          <a href="/api/v1/openapi.json">{t("about.api")}</a>
        </p>
      </Card>
    </>
  );
}
