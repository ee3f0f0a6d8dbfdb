/** Every board with its chips as they sit in the chain, and one chip's past. */
import type { BoardStatus } from "../../api/status.ts";
import { ChipDetails } from "../boards/chip-details.tsx";
import { ChipMap } from "../boards/chip-map.tsx";
import { useChips } from "../boards/use-chips.ts";
import { useAct, useApp, useMay } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import {
  Button,
  Card,
  Fact,
  Facts,
  Notice,
  Pill,
  Unknown,
  useWordsBound,
} from "../parts/basics.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { boardStateTone } from "../parts/tones.ts";

export function BoardsPage({
  board,
  chip,
}: {
  board?: string | undefined;
  chip?: string | undefined;
}) {
  const { t } = useWordsBound();
  const status = useStore(useApp().live.status);
  if (status === null) return null;
  const shown = status.boards.filter(({ index }) => board === undefined || `${index}` === board);
  return (
    <>
      {status.boards.length > 1 && (
        <Tabs
          label={t("nav.boards")}
          tabs={[
            { href: "#/boards", text: t("all"), isShown: board === undefined },
            ...status.boards.map(({ index }) => ({
              href: `#/boards/${index}`,
              text: t("board", { index }),
              isShown: board === `${index}`,
            })),
          ]}
        />
      )}
      {shown.length === 0 && <p class="empty">{t("boards.none")}</p>}
      {shown.map((one) => (
        <BoardCard
          key={one.index}
          board={one}
          chip={board === undefined || chip === undefined ? null : Number(chip)}
        />
      ))}
    </>
  );
}

function BoardCard({ board, chip }: { board: BoardStatus; chip: number | null }) {
  const { words, t, f } = useWordsBound();
  const act = useAct();
  const mayControl = useMay("control");
  const chips = useChips(board.index);
  const { index, state, reason, step, hashrateHps, expectedHps } = board;
  const errorPart = board.nonces === 0 ? null : board.hardwareErrors / board.nonces;
  return (
    <Card
      title={t("board", { index })}
      aside={<Pill tone={boardStateTone[state]}>{words.code("board.state", state)}</Pill>}
    >
      {reason !== null && (
        <Notice tone={boardStateTone[state] === "good" ? "info" : boardStateTone[state]}>
          {reason}
          {step !== null && <span class="soft"> ({step})</span>}
        </Notice>
      )}
      {board.protection !== "protected" && (
        <Notice tone="warning">{t("board.protection", { reason: board.protectionReason })}</Notice>
      )}
      <Facts>
        <Fact name={t("hashrate")}>
          {f.rate(hashrateHps.m15)}
          {expectedHps > 0 && (
            <span class="soft">
              {" "}
              {t("of-expected", { part: f.percent(hashrateHps.m15 / expectedHps) })}
            </span>
          )}
        </Fact>
        <Fact name={t("chips")}>
          {t("count.of", { found: board.chipsFound, all: board.chipsExpected })}
          <span class="soft"> {board.chip}</span>
        </Fact>
        <Fact name={t("clock")}>
          {f.withUnit(board.frequencyMHz, "MHz", 1)}
          {board.frequencyCapMHz < board.targetFrequencyMHz && (
            <span class="soft">
              {" "}
              {t("clock.capped", {
                cap: f.number(board.frequencyCapMHz),
                target: f.number(board.targetFrequencyMHz),
              })}
            </span>
          )}
        </Fact>
        <Fact name={t("supply")}>
          {board.supplyV === null ? <Unknown /> : f.withUnit(board.supplyV, "V", 2)}
        </Fact>
        <Fact name={t("power")}>
          {board.powerW === null ? <Unknown /> : f.withUnit(board.powerW, "W")}
        </Fact>
        <Fact name={t("errors")}>
          {f.number(board.hardwareErrors)}
          {errorPart !== null && <span class="soft"> ({f.percent(errorPart, 2)})</span>}
        </Fact>
        <Fact name={t("shares")}>
          {t("accepted-rejected", {
            accepted: f.number(board.accepted),
            rejected: f.number(board.rejected),
          })}
        </Fact>
        <Fact name={t("uart")}>
          <code>{board.uart}</code>
          {board.crcErrors > 0 && (
            <span class="soft"> {t("crc-errors", { count: f.number(board.crcErrors) })}</span>
          )}
        </Fact>
        {board.sensors.map((sensor) => (
          <Fact
            key={sensor.name}
            name={sensor.name === `board ${index}` ? t("temperature") : sensor.name}
          >
            {sensor.temperatureC === null ? (
              <Unknown sinceUnixSeconds={sensor.unknownSinceUnixSeconds} />
            ) : (
              f.temperature(sensor.temperatureC)
            )}
          </Fact>
        ))}
      </Facts>
      <ChipMap board={board} chips={chips} selected={chip} />
      {chip !== null && <ChipDetails board={index} chip={chips?.[chip]} index={chip} />}
      {mayControl && (
        <div class="actions">
          <Button
            icon="restart"
            onClick={() => act("restart-chain", { chain: index }, t("restart-chain.done"))}
          >
            {t("restart-chain")}
          </Button>
        </div>
      )}
    </Card>
  );
}
