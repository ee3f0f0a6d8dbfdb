/** The machine at a glance: the sentence of truth, what needs somebody, four figures, and how it came here. */
import { useEffect, useState } from "preact/hooks";
import type { Status } from "../../api/status.ts";
import { useAct, useApp, useMay } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { NamingCard } from "../overview/naming.tsx";
import { HashrateTile, PowerTile, ShareTile, TemperatureTile } from "../overview/tiles.tsx";
import { Button, Card, Pill, useWordsBound } from "../parts/basics.tsx";
import { EventList } from "../parts/event-list.tsx";
import { HistoryCard } from "../parts/history-card.tsx";
import { Problems } from "../parts/problems.tsx";
import { boardStateTone, poolStateTone } from "../parts/tones.ts";

export function OverviewPage() {
  const { live } = useApp();
  const status = useStore(live.status);
  const isShown = useAfterFirstFrame();
  if (status === null) return null;
  return (
    <>
      <Truth status={status} />
      <Problems problems={status.problems.filter(({ code }) => code !== "machine-unnamed")} />
      {status.unnamed == null ? (
        <div class="tiles">
          <HashrateTile status={status} />
          <PowerTile status={status} />
          <TemperatureTile status={status} />
          <ShareTile status={status} />
        </div>
      ) : (
        <NamingCard unnamed={status.unnamed} />
      )}
      {isShown && (
        <>
          {status.unnamed == null && <HistoryCard />}
          <div class="columns">
            {status.unnamed == null && <BoardsCard status={status} />}
            <PoolsCard status={status} />
          </div>
          <RecentEvents />
        </>
      )}
    </>
  );
}

/** What is below comes after what matters was drawn: on a slow phone it takes longer than all the rest. */
function useAfterFirstFrame(): boolean {
  const [isAfter, setAfter] = useState(false);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setTimeout(() => setAfter(true)));
    return () => cancelAnimationFrame(frame);
  }, []);
  return isAfter;
}

function Truth({ status }: { status: Status }) {
  const { words, t } = useWordsBound();
  const act = useAct();
  const mayControl = useMay("control");
  return (
    <section class="truth" aria-label={t("truth")}>
      <p class="sentence">{words.sentence(status.summary)}</p>
      {mayControl && status.unnamed == null && (
        <Button
          kind={status.paused ? "primary" : "plain"}
          icon={status.paused ? "play" : "pause"}
          onClick={() =>
            status.paused ? act("resume", {}, t("resumed")) : act("pause", {}, t("paused"))
          }
        >
          {t(status.paused ? "resume" : "pause")}
        </Button>
      )}
    </section>
  );
}

function BoardsCard({ status: { boards } }: { status: Status }) {
  const { words, t, f } = useWordsBound();
  return (
    <Card title={t("nav.boards")} aside={<a href="#/boards">{t("details")}</a>}>
      <ul class="rows">
        {boards.map(({ index, state, hashrateHps, chipsFound, chipsExpected }) => (
          <li key={index}>
            <a href={`#/boards/${index}`}>{t("board", { index })}</a>
            <Pill tone={boardStateTone[state]}>{words.code("board.state", state)}</Pill>
            <span class="num">{f.rate(hashrateHps.m1)}</span>
            <span class="num soft">{t("chips.of", { found: chipsFound, all: chipsExpected })}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function PoolsCard({ status: { pools } }: { status: Status }) {
  const { words, t } = useWordsBound();
  return (
    <Card title={t("nav.pools")} aside={<a href="#/pools">{t("details")}</a>}>
      {pools.length === 0 && <p class="empty">{t("pools.none")}</p>}
      <ol class="rows">
        {pools.map(({ index, name, state, why, encrypted, protocol }) => (
          <li key={index} class="pool-row">
            <span class="strong">{name}</span>
            <Pill tone={poolStateTone[state]}>{words.code("pool.state", state)}</Pill>
            <span class="soft">{t(linkKey(protocol, encrypted))}</span>
            <span class="soft full">{why}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

export function linkKey(protocol: "sv1" | "sv2", encrypted: boolean) {
  if (protocol === "sv2") return encrypted ? "link.encrypted SV2" : "link.unencrypted SV2";
  return encrypted ? "link.encrypted Stratum V1" : "link.unencrypted Stratum V1";
}

const RECENT = 6;

function RecentEvents() {
  const { t } = useWordsBound();
  const events = useStore(useApp().live.events);
  return (
    <Card title={t("events.recent")} aside={<a href="#/events">{t("all")}</a>}>
      <EventList events={events.slice(-RECENT).reverse()} />
    </Card>
  );
}
