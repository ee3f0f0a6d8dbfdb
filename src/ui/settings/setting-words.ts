/** What settings are called: by the language file where it knows them, else by the device's schema. */
import { useWordsBound } from "../parts/basics.tsx";
import type { FieldFault, SchemaNode } from "./schema-node.ts";

export function useSettingWords() {
  const { words, t, f } = useWordsBound();
  return {
    titleOf: (path: string, node: SchemaNode): string =>
      words.setting(general(path)) ?? node.title ?? humanized(path),
    helpOf: (path: string, node: SchemaNode): string | undefined =>
      words.setting(`${general(path)}.help`) ?? node.description,
    faultText: (fault: FieldFault): string =>
      "limit" in fault
        ? t(`fault.${fault.is}`, { limit: f.number(fault.limit, fault.limit % 1 === 0 ? 0 : 3) })
        : t(`fault.${fault.is}`),
    boundsOf: ({ minimum, maximum }: SchemaNode): string | undefined => {
      const shown = (value: number) => f.number(value, Number.isInteger(value) ? 0 : 3);
      if (minimum !== undefined && maximum !== undefined)
        return t("settings.bounds", { least: shown(minimum), most: shown(maximum) });
      if (minimum !== undefined) return t("settings.least", { least: shown(minimum) });
      return maximum === undefined ? undefined : t("settings.most", { most: shown(maximum) });
    },
    restartOf: ({ restart }: SchemaNode): string | undefined =>
      restart === undefined || restart === "none"
        ? undefined
        : words.maybe(`restart.short.${restart}`),
  };
}

/** Without places in lists: all pools have the same words. */
function general(path: string): string {
  return path.replace(/\[\d+\]/g, "[]").replace(/^(pools|groups\[\]\.pools)\[\]/, "pool");
}

/** "listen on" from "api.listenOn": better than nothing, where the schema has no title. */
export function humanized(path: string): string {
  const key =
    path
      .split(".")
      .at(-1)
      ?.replace(/\[\d+\]$/, "") ?? path;
  const text = key
    .replace(/(MHz|[a-z])(S|C|V|W|MHz|Percent)$/, "$1")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
