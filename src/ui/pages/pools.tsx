/** The pools in the operator's order: what each does, why, and what it says to our shares. */
import { useState } from "preact/hooks";
import type { ConfigChange } from "../../api/device.ts";
import type { PoolStatus, Status } from "../../api/status.ts";
import { failureText, useAct, useApp, useMay } from "../data/app.tsx";
import { applyChanges, useConfig } from "../data/config.ts";
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
import { Confirm } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { poolStateTone } from "../parts/tones.ts";
import { PoolEditor } from "../pools/pool-editor.tsx";
import { moved, type PoolPlace, poolPlaces, removed } from "../pools/pool-list.ts";
import { Rejections } from "../pools/rejections.tsx";
import { linkKey } from "./overview.tsx";

export function PoolsPage() {
  const { t } = useWordsBound();
  const status = useStore(useApp().live.status);
  const mayAdmin = useMay("admin");
  const { load, refresh } = useConfig(mayAdmin);
  const [edits, setEdits] = useState<PoolPlace | "new" | null>(null);
  if (status === null) return null;
  const sparse = load.is === "known" ? load.facts.sparse : null;
  const places = poolPlaces(sparse);
  const hasGroups = new Set(status.pools.map(({ group }) => group)).size > 1;
  return (
    <>
      {status.pools.length === 0 && <p class="empty">{t("pools.none")}</p>}
      <ol class="pools">
        {status.pools.map((pool) => (
          <li key={pool.index}>
            <PoolCard
              pool={pool}
              status={status}
              showGroup={hasGroups}
              place={places[pool.index]}
              onEdit={() => setEdits(places[pool.index] ?? null)}
              onChanged={refresh}
            />
          </li>
        ))}
      </ol>
      {sparse !== null && (
        <div class="actions">
          <Button kind="primary" icon="plus" onClick={() => setEdits("new")}>
            {t("pool.add")}
          </Button>
          <a class="button plain" href="#/settings/pools">
            {t("pools.more-settings")}
          </a>
        </div>
      )}
      {edits !== null && (
        <PoolEditor
          config={sparse}
          place={edits === "new" ? undefined : edits}
          onClose={() => setEdits(null)}
          onSaved={() => void refresh()}
        />
      )}
      <Rejections tally={status.shares.total} />
    </>
  );
}

interface CardProps {
  readonly pool: PoolStatus;
  readonly status: Status;
  readonly showGroup: boolean;
  /** Absent: not known, or not for this visitor. */
  readonly place: PoolPlace | undefined;
  readonly onEdit: () => void;
  readonly onChanged: () => Promise<void>;
}

function PoolCard(props: CardProps) {
  const { pool, status, showGroup } = props;
  const { words, t, f } = useWordsBound();
  const { name, state, why, reason, encrypted, protocol, total } = pool;
  const rejected = total?.rejected ?? pool.rejected;
  const accepted = total?.accepted ?? pool.accepted;
  const answered = accepted + rejected;
  return (
    <Card
      title={`${pool.index + 1}. ${name}`}
      class={`pool ${state}`}
      aside={<Pill tone={poolStateTone[state]}>{words.code("pool.state", state)}</Pill>}
    >
      <p class="why">
        {why}
        {pool.stateSinceUnixSeconds !== null && (
          <span class="soft">
            {" "}
            {t("for-time", { time: f.duration(status.unixSeconds - pool.stateSinceUnixSeconds) })}
          </span>
        )}
      </p>
      {reason !== null && state !== "active" && <Notice tone="warning">{reason}</Notice>}
      <p class="link">
        <Icon name={encrypted ? "lock" : "unlock"} />
        <span class={encrypted ? "" : "warn-text"}>{t(linkKey(protocol, encrypted))}</span>
        <code class="break">{withoutKey(pool)}</code>
      </p>
      <Facts>
        {showGroup && (
          <Fact name={t("pool.group")}>
            {pool.group} ({f.percent(pool.part, 0)})
          </Fact>
        )}
        <Fact name={t("pool.user")}>
          <code class="break">{pool.user === "" ? "–" : pool.user}</code>
        </Fact>
        <Fact name={t("shares")}>
          {t("accepted-rejected", { accepted: f.number(accepted), rejected: f.number(rejected) })}
          {answered > 0 && <span class="soft"> ({f.percent(rejected / answered, 2)})</span>}
        </Fact>
        <Fact name={t("pool.round-trip")}>
          {pool.roundTripMs === null ? <Unknown /> : f.withUnit(pool.roundTripMs, "ms", 1)}
        </Fact>
        <Fact name={t("pool.new-block")}>
          {pool.newBlockLatencyMs === null ? (
            <Unknown />
          ) : (
            f.withUnit(pool.newBlockLatencyMs, "ms", 1)
          )}
        </Fact>
        <Fact name={t("pool.difficulty")}>
          {pool.shareDifficulty === null ? <Unknown /> : f.compact(pool.shareDifficulty)}
        </Fact>
        <Fact name={t("pool.last-answer")}>
          {pool.lastAnswerAgoS === null ? t("none") : f.ago(pool.lastAnswerAgoS)}
        </Fact>
        {pool.authorityKey !== null && (
          <Fact name={t("pool.key")} wide>
            <code class="break">{fingerprint(pool.authorityKey)}</code>
          </Fact>
        )}
      </Facts>
      {total !== null && <Rejections tally={total} inline />}
      <PoolActions {...props} />
    </Card>
  );
}

/** The key is shown by itself, where it can be compared. */
function withoutKey({ url, authorityKey }: PoolStatus): string {
  return authorityKey === null ? url : url.replace(`/${authorityKey}`, "");
}

/** In groups of four: easier to compare with what the pool publishes. */
function fingerprint(key: string): string {
  return key.match(/.{1,4}/g)?.join(" ") ?? key;
}

function PoolActions({ pool, place, onEdit, onChanged }: CardProps) {
  const { words, t } = useWordsBound();
  const app = useApp();
  const act = useAct();
  const mayControl = useMay("control");
  const [asks, setAsks] = useState(false);
  const { name, index, enabled } = pool;
  if (!mayControl) return null;
  const change = async (changes: readonly ConfigChange[], text: string) => {
    const reply = await applyChanges(app, changes);
    if (reply.ok) app.toast("good", text);
    else app.toast("bad", failureText(words, reply));
    await onChanged();
  };
  const up = place === undefined ? [] : moved(place, -1);
  const down = place === undefined ? [] : moved(place, 1);
  return (
    <div class="actions">
      {enabled && (place === undefined ? index > 0 : place.at > 0) && (
        <Button
          icon="play"
          onClick={async () => {
            await act("switch-pool", { pool: index }, t("pool.switched", { name }));
            await onChanged();
          }}
        >
          {t("pool.switch")}
        </Button>
      )}
      {place !== undefined && (
        <>
          <Button onClick={onEdit} label={t("pool.edit.label", { name })}>
            {t("edit")}
          </Button>
          <Button
            onClick={() =>
              change(
                [{ path: `${place.path}.enabled`, value: !enabled }],
                t(enabled ? "pool.disabled" : "pool.enabled", { name }),
              )
            }
          >
            {t(enabled ? "disable" : "enable")}
          </Button>
          <Button
            icon="up"
            kind="quiet"
            label={t("pool.up", { name })}
            disabled={up.length === 0}
            onClick={() => change(up, t("pool.moved", { name }))}
          >
            {null}
          </Button>
          <Button
            icon="down"
            kind="quiet"
            label={t("pool.down", { name })}
            disabled={down.length === 0}
            onClick={() => change(down, t("pool.moved", { name }))}
          >
            {null}
          </Button>
          {removed(place).length > 0 && (
            <Button kind="quiet" onClick={() => setAsks(true)}>
              {t("remove")}
            </Button>
          )}
        </>
      )}
      {asks && place !== undefined && (
        <Confirm
          title={t("pool.remove.title", { name })}
          text={<p>{t("pool.remove.text")}</p>}
          action={t("remove")}
          danger
          onConfirm={() => change(removed(place), t("pool.removed", { name }))}
          onClose={() => setAsks(false)}
        />
      )}
    </div>
  );
}
