/** Who may: addresses and networks as operators write them, against the address of a caller. */

interface Network {
  readonly bits: 32 | 128;
  readonly base: bigint;
  readonly prefix: number;
}

/** This machine and networks that no router of the internet forwards: RFC 1122, 1918, 3927, 4193, 4291. */
const PRIVATE = [
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
  ...["::1/128", "fc00::/7", "fe80::/10"],
];
const ALL = ["0.0.0.0/0", "::/0"];

export class NetworkList {
  readonly #networks: readonly Network[];
  /** Entries that mean nothing, and so allow nobody. */
  readonly wrong: readonly string[];

  /** Of "private", "all", addresses, and networks like 10.0.0.0/8 or fd00::/8. */
  constructor(entries: readonly string[]) {
    const networks: Network[] = [];
    const wrong: string[] = [];
    for (const entry of entries.flatMap(meant)) {
      const network = parseNetwork(entry);
      if (network === undefined) wrong.push(entry);
      else networks.push(network);
    }
    this.#networks = networks;
    this.wrong = wrong;
  }

  has(address: string): boolean {
    const parsed = parseAddress(address);
    return (
      parsed !== undefined &&
      this.#networks.some(
        ({ bits, base, prefix }) =>
          bits === parsed.bits &&
          base >> BigInt(bits - prefix) === parsed.value >> BigInt(bits - prefix),
      )
    );
  }
}

/** As in a list: "private", "all", an address, or a network. */
export function isNetwork(entry: string): boolean {
  return new NetworkList([entry]).wrong.length === 0;
}

function meant(entry: string): readonly string[] {
  const name = entry.trim().toLowerCase();
  if (name === "private") return PRIVATE;
  return name === "all" ? ALL : [name];
}

/** `undefined` for anything else than an address with an optional prefix length. */
function parseNetwork(text: string): Network | undefined {
  const [address = "", prefixText, ...more] = text.split("/");
  const parsed = parseAddress(address.replace(/^\[(.*)\]$/, "$1"));
  if (parsed === undefined || more.length > 0) return undefined;
  const prefix = prefixText === undefined ? parsed.bits : Number(prefixText);
  const isSound = prefixText === undefined || /^\d{1,3}$/.test(prefixText);
  return isSound && prefix <= parsed.bits
    ? { bits: parsed.bits, base: parsed.value, prefix }
    : undefined;
}

/** An IPv4 address inside IPv6, as dual-stack sockets tell it, counts as IPv4. */
function parseAddress(text: string): { bits: 32 | 128; value: bigint } | undefined {
  const address = text.split("%")[0] ?? "";
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const v4 = parseV4(inside ?? address);
  if (v4 !== undefined) return { bits: 32, value: v4 };
  const v6 = parseV6(address);
  return v6 === undefined ? undefined : { bits: 128, value: v6 };
}

function parseV4(text: string): bigint | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const gap = 8 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  const groups = [...head, ...Array.from({ length: gap }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}
