/** Which page: behind the # of the address, so that one document serves them all. */

export const pageNames = [
  "overview",
  "boards",
  "pools",
  "cooling",
  "events",
  "settings",
  "system",
] as const;
export type PageName = (typeof pageNames)[number];

export interface Route {
  readonly page: PageName;
  /** What follows, e.g. the number of a board. */
  readonly rest: readonly string[];
}

export function routeOf(hash: string): Route {
  const [name = "", ...rest] = hash.replace(/^#?\/?/, "").split("/");
  const page = pageNames.find((known) => known === name) ?? "overview";
  return { page, rest };
}
