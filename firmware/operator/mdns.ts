/** Told to the local network: NAME.local, and an _http._tcp service with what finders of miners want to know. */
import type { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { Bonjour, type Browser, type Service } from "bonjour-service";
import type { Device } from "../../src/api/device.ts";
import { cardSuffix, machineId } from "../../src/api/machine-id.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { type AnnouncedPage, announcedPage } from "./announced-page.ts";

export interface MdnsOptions {
  readonly device: Device;
  /** At which page and API are served: "0.0.0.0:80", or URLs. */
  readonly listening: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Another group port and interface than those of RFC 6762 §3: for tests. */
  readonly network?: {
    readonly port: number;
    readonly interface: string;
    readonly bind: string;
  };
}

export interface RunningMdns {
  close(): Promise<void>;
}

/** Three probes, 250 ms apart, and as long again for slow answers (RFC 6762 §8.1). */
const PROBE_MS = 1_000;
/** Two machines that start together hear of each other only now. */
const WATCH_MS = 15_000;
/** Records hold addresses: a new lease has to get into them. */
const ADDRESS_CHECK_MS = 30_000;
const GOODBYE_WITHIN_MS = 1_000;
/** Of one label (RFC 1035 §2.3.4). */
const LABEL_MAX_BYTES = 63;

export function startMdns(options: MdnsOptions): RunningMdns {
  const page = announcedPage(options.listening);
  if (page === null) return { close: () => Promise.resolve() };
  return new Announcement(options, page);
}

class Announcement implements RunningMdns {
  readonly #options: MdnsOptions;
  readonly #page: AnnouncedPage;
  readonly #bonjour: Bonjour;
  readonly #open: Disposable[] = [];
  #name: string;
  #isShared = false;
  #addresses = addressesNow();
  #service: Service | undefined;
  #browser: Browser | undefined;
  #step: Disposable | undefined;
  #isClosed = false;

  constructor(options: MdnsOptions, page: AnnouncedPage) {
    const { device, clock, network, log } = options;
    this.#options = options;
    this.#page = page;
    this.#name = device.status().device.name;
    // Its constructor takes what multicast-dns takes, whatever its type says.
    this.#bonjour = new Bonjour(network === undefined ? {} : (network as object), (error: Error) =>
      log.debug({ reason: error.message }, "mDNS answer not sent"),
    );
    guardSocket(this.#bonjour, log);
    this.#open.push(
      device.onStatus(({ device: { name } }) => this.#rename(name)),
      clock.every(ADDRESS_CHECK_MS, () => this.#checkAddresses()),
    );
    this.#begin();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const one of this.#open.splice(0)) one[Symbol.dispose]();
    this.#step?.[Symbol.dispose]();
    this.#browser?.stop();
    await this.#withdraw();
    this.#bonjour.destroy();
  }

  /** Looks who has the name, then takes it or one that is certainly free. */
  #begin(): void {
    this.#step?.[Symbol.dispose]();
    this.#browser?.stop();
    const { clock } = this.#options;
    this.#isShared = false;
    const browser = this.#bonjour.find({ type: "http" });
    this.#browser = browser;
    for (const event of ["up", "txt-update", "srv-update"] as const)
      browser.on(event, (found: Service) => this.#meet(found));
    this.#step = clock.after(PROBE_MS, () => {
      this.#publish();
      this.#step = clock.after(WATCH_MS, () => browser.stop());
    });
  }

  /** Somebody else's service: ours has our id in it. */
  #meet({ name, txt }: Service): void {
    const { device } = this.#options.device.status();
    const { id } = (txt ?? {}) as { readonly id?: unknown };
    const isOurName = name.toLowerCase() === instanceName(this.#name, "").toLowerCase();
    if (!isOurName || id === machineId(device) || this.#isShared || this.#isClosed) return;
    this.#isShared = true;
    this.#options.log.info({ name }, "another device has this name on the local network");
    if (this.#service !== undefined) void this.#withdraw().then(() => this.#publish());
  }

  #publish(): void {
    if (this.#isClosed || this.#service !== undefined) return;
    const { device } = this.#options.device.status();
    const suffix = this.#isShared ? cardSuffix(device) || `-${process.pid}` : "";
    const name = instanceName(this.#name, suffix);
    this.#service = this.#bonjour.publish({
      name,
      type: "http",
      port: this.#page.port,
      host: `${hostLabel(name)}.local`,
      subtypes: ["asicd"],
      txt: {
        id: machineId(device),
        model: device.model,
        firmware: device.firmware,
        version: device.version,
        api: "/api/v1",
        scheme: this.#page.isTls ? "https" : "http",
      },
      // Looked for above: the library prints to the console when a name is taken, and then says nothing.
      probe: false,
    });
    this.#service.on("error", () => {});
    this.#options.log.debug({ name, ...this.#page }, "announced on the local network");
  }

  /** Says goodbye, so that nobody shows us for another hour (RFC 6762 §10.1). */
  async #withdraw(): Promise<void> {
    if (this.#service === undefined) return;
    this.#service = undefined;
    await new Promise<void>((resolve) => {
      const late = this.#options.clock.after(GOODBYE_WITHIN_MS, resolve);
      this.#bonjour.unpublishAll(() => {
        late[Symbol.dispose]();
        resolve();
      });
    });
  }

  #rename(name: string): void {
    if (name === this.#name) return;
    this.#name = name;
    void this.#withdraw().then(() => this.#isClosed || this.#begin());
  }

  #checkAddresses(): void {
    const addresses = addressesNow();
    if (addresses === this.#addresses || this.#service === undefined) return;
    this.#addresses = addresses;
    void this.#withdraw().then(() => this.#publish());
  }
}

/**
 * The library keeps its socket private and leaves errors to end the process, also those that it makes of a strange packet,
 * which anybody on the network can send.
 */
function guardSocket(bonjour: Bonjour, log: Logger): void {
  const { mdns } = (bonjour as unknown as { readonly server: { readonly mdns: EventEmitter } })
    .server;
  mdns.on("error", (error: Error) =>
    log.warn({ reason: error.message }, "not announced on the local network"),
  );
  const emit = mdns.emit.bind(mdns);
  mdns.emit = (event, ...values) => {
    try {
      return emit(event, ...values);
    } catch (error) {
      log.debug({ reason: String(error) }, "mDNS packet ignored");
      return true;
    }
  };
}

/** The library turns dots into dashes; done here too, so that names can be compared. */
function instanceName(name: string, suffix: string): string {
  return `${name.replaceAll(".", "-").slice(0, LABEL_MAX_BYTES - suffix.length)}${suffix}`;
}

function hostLabel(name: string): string {
  return name.replace(/[^A-Za-z0-9-]+/g, "-").toLowerCase();
}

function addressesNow(): string {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .sort()
    .join(" ");
}
