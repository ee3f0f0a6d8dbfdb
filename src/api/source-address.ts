/** Whom an address counts as: one IPv4 address, or the network that an IPv6 subscriber gets whole. */

/** "10.0.0.5", "2001:db8:1:2::/64", "local"; IPv4 in IPv6 form is IPv4. */
export function sourceOf(address: string): string {
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address);
  if (v4?.[1] !== undefined) return v4[1];
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("%", 1)[0]?.split("::") ?? [];
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill("0"), ...back];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

/** Of this machine itself. */
export function isLoopback(source: string): boolean {
  return source.startsWith("127.") || source === "0:0:0:0::/64" || source === "local";
}
