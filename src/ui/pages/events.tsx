/** Everything that happened, newest first, by what is looked for. */
import { useMemo, useState } from "preact/hooks";
import { useApp } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { Button, Card, Segments, useWordsBound } from "../parts/basics.tsx";
import { EventList } from "../parts/event-list.tsx";
import { eventsShown, type Least } from "../parts/events-shown.ts";
import { Field, Select } from "../parts/field.tsx";

const PAGE = 100;

export function EventsPage() {
  const { t } = useWordsBound();
  const events = useStore(useApp().live.events);
  const [least, setLeast] = useState<Least>("info");
  const [where, setWhere] = useState("");
  const [search, setSearch] = useState("");
  const [count, setCount] = useState(PAGE);
  const places = useMemo(() => [...new Set(events.map((event) => event.where))].sort(), [events]);
  const shown = eventsShown(events, least, where, search);
  return (
    <Card
      title={t("events.all")}
      aside={<span class="soft">{t("events.count", { count: shown.length })}</span>}
    >
      <div class="filters">
        <Segments<Least>
          label={t("events.least")}
          value={least}
          options={[
            ["info", t("all")],
            ["warning", t("events.warnings")],
            ["error", t("events.errors")],
          ]}
          onChange={setLeast}
        />
        <Select
          label={t("events.where")}
          value={where}
          options={[["", t("all")], ...places.map((place) => [place, place] as const)]}
          onChange={setWhere}
        />
        <Field label={t("events.search")} value={search} onInput={setSearch} />
      </div>
      <EventList events={shown.slice(0, count)} />
      {shown.length > count && (
        <div class="actions">
          <Button onClick={() => setCount(count + PAGE)}>{t("events.more")}</Button>
        </div>
      )}
    </Card>
  );
}
