/** Pool addresses as operators mistype them. */
import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "../../../src/lib/errors.ts";
import { formatPoolUrl, parsePoolUrl } from "../../../src/upstream/pool-url.ts";
import { AUTHORITY } from "../../support/scripted-server.ts";
import { mutatedText } from "../mutate.ts";
import { attempt, demand, type FuzzTarget } from "../target.ts";

interface UrlInput {
  readonly text: string;
  readonly allowUnauthenticated: boolean;
}

const KEY = AUTHORITY.text;
const VALID: readonly string[] = [
  `stratum2+tcp://pool.example.com:34254/${KEY}`,
  `stratum2+tcp://[2001:db8::1]:3333/${KEY}`,
  `stratum2+tcp://10.0.0.7:65535/${KEY}`,
  "stratum2+tcp+insecure://127.0.0.1:34255",
  "stratum+tcp://pool.example.com:3333",
  "stratum+ssl://pool.example.com:443",
];
const WORDS: readonly string[] = [
  ..."stratum2+tcp stratum2+tcp+insecure stratum+tcp stratum+ssl http :// / : [ ] ::1 %eth0".split(
    " ",
  ),
  ..."0 1 65535 65536 user@ user:pass@ .. xn-- #fragment ?query=1 localhost \u202e 1e3".split(" "),
  ...[KEY, KEY.slice(1), KEY.toLowerCase()],
];

export const poolUrls: FuzzTarget<UrlInput> = {
  name: "pool-urls",
  about: "pool addresses",
  shortRuns: 3_000,
  make: (random) => ({
    text: random.chance(0.05) ? random.pick(VALID) : mutatedText(random, random.pick(VALID), WORDS),
    allowUnauthenticated: random.chance(0.3),
  }),
  run({ text, allowUnauthenticated }) {
    const parsed = attempt(() => parsePoolUrl(text, { allowUnauthenticated }), ConfigError);
    if ("error" in parsed) {
      const { message, problems } = parsed.error;
      demand(problems.length > 0, "refused without a problem");
      demand(!message.includes(KEY.slice(2, -2)), "a key is repeated in a message");
      demand(
        !/[\p{Cc}\p{Bidi_Control}]/u.test(message.replaceAll("\n", "")),
        "a message can paint",
      );
      demand(message.length < 5_000, "a message without end");
      return;
    }
    const again = formatPoolUrl(parsed.value);
    const second = parsePoolUrl(again, { allowUnauthenticated });
    demand(isDeepStrictEqual(second, parsed.value), () => `${again} is another pool`);
    demand(parsed.value.port >= 1 && parsed.value.port <= 65_535, "a port that does not exist");
    demand(parsed.value.host !== "", "no host");
  },
};
