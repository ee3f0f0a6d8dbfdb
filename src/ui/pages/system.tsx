/** The device itself: finding it, restarting it, its copies, its log, who may use it, and what it is. */
import { useApp, useMay } from "../data/app.tsx";
import { useStore } from "../data/store.ts";
import { useWordsBound } from "../parts/basics.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { LoginNeeded } from "../shell/login.tsx";
import { About } from "../system/about.tsx";
import { Access } from "../system/access.tsx";
import { Backup } from "../system/backup.tsx";
import { Device } from "../system/device.tsx";
import { Logs } from "../system/logs.tsx";

const sections = ["device", "access", "backup", "logs", "about"] as const;
type Section = (typeof sections)[number];

export function SystemPage({ section }: { section?: string | undefined }) {
  const { t } = useWordsBound();
  const status = useStore(useApp().live.status);
  const isKnown = useMay("control");
  if (status === null) return null;
  const shown: Section = sections.find((name) => name === section) ?? "device";
  return (
    <>
      <Tabs
        label={t("nav.system")}
        tabs={sections.map((name) => ({
          href: `#/system/${name}`,
          text: t(`system.${name}`),
          isShown: name === shown,
        }))}
      />
      {shown === "about" ? <About status={status} /> : !isKnown ? <LoginNeeded /> : null}
      {isKnown && shown === "device" && <Device status={status} />}
      {isKnown && shown === "access" && <Access />}
      {isKnown && shown === "backup" && <Backup />}
      {isKnown && shown === "logs" && <Logs />}
    </>
  );
}
