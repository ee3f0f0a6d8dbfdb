/** What the schema cannot show of the operator's side: addresses that are none, and settings that need each other. */
import { printable } from "../lib/bytes.ts";
import type { ConfigProblem } from "../lib/errors.ts";
import { isNetwork } from "../lib/network-list.ts";
import type { Config } from "./schema.ts";

const MAX_PORT = 65_535;

/** Problems of the parts that are sound by themselves. */
export function operatorProblems(
  { api, compat, mqtt, webhook }: Config,
  isSound: (path: string) => boolean,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (isSound("api")) {
    if (isSound("api.listen")) problems.push(...listenProblems("api.listen", api.listen, isSound));
    // The key itself would be repeated by whoever cannot open such a file.
    for (const key of ["certificateFile", "keyFile"] as const)
      if (isSound(`api.${key}`) && /\p{Cc}|-----/u.test(api[key] ?? ""))
        problems.push({
          path: `api.${key}`,
          problem: "is no path of a file, but perhaps what stands in one",
          allowed: "the path of a file in PEM",
        });
    if (isSound("api.tls") && api.tls === "own")
      for (const key of ["certificateFile", "keyFile"] as const)
        if (api[key] === undefined)
          problems.push({
            path: `api.${key}`,
            problem: "is missing: tls is own",
            allowed: "the path of a file in PEM",
          });
  }
  if (isSound("compat") && isSound("compat.cgminer")) {
    const { listen, read, write } = compat.cgminer;
    if (isSound("compat.cgminer.listen"))
      problems.push(...listenProblems("compat.cgminer.listen", listen, isSound));
    for (const [key, sources] of Object.entries({ read, write }))
      if (isSound(`compat.cgminer.${key}`))
        problems.push(...sourceProblems(`compat.cgminer.${key}`, sources, isSound));
  }
  if (mqtt !== undefined && isSound("mqtt") && isSound("mqtt.url") && !isBroker(mqtt.url))
    problems.push({
      path: "mqtt.url",
      problem: "names no host and port that could be connected to",
      allowed: "mqtt://HOST:PORT or mqtts://HOST:PORT; user and password have their own places",
    });
  if (webhook !== undefined && isSound("webhook") && isSound("webhook.url") && !isUrl(webhook.url))
    problems.push({
      path: "webhook.url",
      problem: "names no host that could be connected to",
      allowed: "http://HOST/PATH or https://HOST/PATH",
    });
  return problems;
}

function listenProblems(
  path: string,
  addresses: readonly string[],
  isSound: (path: string) => boolean,
): readonly ConfigProblem[] {
  return addresses.flatMap((address, i) => {
    const at = `${path}[${i}]`;
    if (!isSound(at)) return [];
    const port = Number(address.slice(address.lastIndexOf(":") + 1));
    if (port > MAX_PORT)
      return [{ path: at, problem: `${port} is no port`, allowed: `a port up to ${MAX_PORT}` }];
    const first = addresses.indexOf(address);
    return first === i || port === 0
      ? []
      : [{ path: at, problem: `is the same as ${path}[${first}]`, allowed: "each address once" }];
  });
}

function sourceProblems(
  path: string,
  sources: readonly string[],
  isSound: (path: string) => boolean,
): readonly ConfigProblem[] {
  return sources.flatMap((source, i) =>
    !isSound(`${path}[${i}]`) || isNetwork(source)
      ? []
      : [
          {
            path: `${path}[${i}]`,
            problem: `"${printable(source, 64)}" is no address and no network`,
            allowed: 'an address, a network like 10.0.0.0/8 or fd00::/8, "private", or "all"',
          },
        ],
  );
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && new URL(text).hostname !== "";
}

/** Without user and password: in their own places they are masked. */
function isBroker(text: string): boolean {
  return isUrl(text) && new URL(text).username === "" && new URL(text).password === "";
}
