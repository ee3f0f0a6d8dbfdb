/** Which of the addresses at which the page is served others can open. */

export interface AnnouncedPage {
  readonly port: number;
  readonly isTls: boolean;
}

/** Of addresses like "0.0.0.0:80" or "https://[::]:8443"; null when all are loopback. */
export function announcedPage(addresses: readonly string[]): AnnouncedPage | null {
  for (const address of addresses.filter((one) => !one.startsWith("unix:"))) {
    const text = address.includes("://") ? address : `http://${address}`;
    if (!URL.canParse(text)) continue;
    const { protocol, hostname, port } = new URL(text);
    const isTls = protocol === "https:";
    if (!isTls && protocol !== "http:") continue;
    if (/^(127\.|localhost$|\[::1\]$)/.test(hostname)) continue;
    // A URL leaves out the port that its protocol has anyway.
    return { port: port === "" ? (isTls ? 443 : 80) : Number(port), isTls };
  }
  return null;
}

/** What a person opens; `undefined` where there is no address to open. */
export function pageUrl(page: AnnouncedPage | null, host: string | null): string | undefined {
  if (page === null || host === null) return undefined;
  return new URL(`${page.isTls ? "https" : "http"}://${host}:${page.port}/`).href;
}
