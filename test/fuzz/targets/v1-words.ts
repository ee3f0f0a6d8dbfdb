/** What Stratum V1 servers say, and what they should not: messages built from pieces that parsers trip over. */
import { AWKWARD_TEXTS, mutatedText } from "../mutate.ts";
import type { Random } from "../random.ts";

export const V1_METHODS: readonly string[] = [
  ..."mining.notify mining.set_difficulty mining.set_extranonce mining.set_version_mask".split(" "),
  ..."client.reconnect client.get_version client.show_message mining.ping mining.pong".split(" "),
  ..."mining.set_goal client.ping mining.hashrate".split(" "),
];

const ZERO_HASH = "0".repeat(64);

/** Text of any JSON value, now and then so deep that who walks it by recursion falls over, or no JSON at all. */
export function oddJson(random: Random): string {
  return random.weighted<() => string>([
    [6, () => random.pick(["null", "true", "false", "0", "1", '""', "[]", "{}"])],
    [4, () => JSON.stringify(random.pick(AWKWARD_TEXTS))],
    [4, () => `${random.pick([-1, 0.5, 1e21, 4294967296, 2 ** 53, 1e-40])}`],
    [2, () => random.pick(["-0", "1e400", "-1e400", "0.1e-400", "NaN", "undefined", "'x'"])],
    [3, () => `[${Array.from({ length: random.below(5) }, () => oddJson(random)).join()}]`],
    [2, () => `{"${random.pick(["__proto__", "toString", "a"])}":${oddJson(random)}}`],
    [1, () => "[".repeat(12_000) + "]".repeat(12_000)],
    [1, () => ['{"a":'.repeat(9_000), "1", "}".repeat(9_000)].join("")],
    [1, () => `"${"ab".repeat(random.pick([32, 33, 500, 20_000]))}"`],
  ])();
}

/** The parameters of mining.notify, sound but for what chance puts in their place. */
export function notifyParams(random: Random, soundness = 0.97): string[] {
  const hex = (length: number) => Buffer.from(random.bytes(length)).toString("hex");
  const sound: readonly (() => string)[] = [
    () => JSON.stringify(random.pick(["1", "2", "3", "a b", 7, ""])),
    () => JSON.stringify(random.pick(["a0", "a1", "00"]).repeat(32)),
    () => JSON.stringify(hex(random.pick([0, 41, 60]))),
    () => JSON.stringify(hex(random.pick([0, 10, 80]))),
    () =>
      JSON.stringify(
        Array.from({ length: random.pick([0, 1, 2, 12]) }, () => random.pick([ZERO_HASH, hex(32)])),
      ),
    () => JSON.stringify(random.pick(["20000000", "3fffe000", "00000001"])),
    () => JSON.stringify(random.pick(["1d00ffff", "17026d1f", "207fffff"])),
    () => JSON.stringify(random.pick(["66000000", "66000001", "ffffffff", "00000000"])),
    () => random.pick(["true", "true", "false"]),
  ];
  return sound.map((value) => (random.chance(soundness) ? value() : oddJson(random)));
}

/** One line of a server, without its end. */
export function serverLine(random: Random): string {
  const id = random.pick(["null", "1", "2", "3", "4", "5", "7", '"2"', oddJson(random)]);
  const params = () =>
    random.weighted<() => string>([
      [5, () => `[${notifyParams(random).join()}]`],
      [4, () => `[${random.pick([0.001, 1, 512, 1e9])}]`],
      [
        2,
        () =>
          `["${random.pick(["", "f000000a", "00".repeat(96), "00".repeat(97)])}",${random.below(40)}]`,
      ],
      [2, () => `["${random.pick(["1fffe000", "00000000", "ffffffff", "0x1"])}"]`],
      [
        2,
        () =>
          `["${random.pick(["", "pool.test", "other.pool.test", "10.0.0.1"])}",${random.pick([0, 3333, 70_000])},${random.pick([0, 1, 1e9])}]`,
      ],
      [3, () => `[${oddJson(random)},${oddJson(random)},${oddJson(random)}]`],
      [1, () => oddJson(random)],
    ])();
  const line = random.weighted<() => string>([
    [6, () => `{"id":${id},"method":"${random.pick(V1_METHODS)}","params":${params()}}`],
    [
      3,
      () =>
        `{"id":${id},"result":${random.pick(["true", "false", "null", oddJson(random)])},"error":${random.pick(["null", '[23,"Low difficulty",null]', '[21,"Job not found"]', oddJson(random)])}}`,
    ],
    [2, () => `{"id":${id},"result":${subscription(random)},"error":null}`],
    [
      1,
      () =>
        `{"id":${id},"result":{"version-rolling":${random.pick(["true", "false", oddJson(random)])},"version-rolling.mask":"${random.pick(["1fffe000", "00000000", "ffffffff", "zz"])}"},"error":null}`,
    ],
    [1, () => oddJson(random)],
  ])();
  return random.chance(0.8)
    ? line
    : mutatedText(random, line, [
        '"id"',
        '"method"',
        '"params"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "\\u0000",
        "\\ud800",
      ]);
}

function subscription(random: Random): string {
  const list = random.pick([
    '[["mining.set_difficulty","1"],["mining.notify","ae6812eb4cd7735a302a8a9dd95cf71f"]]',
    '["mining.notify","ae68"]',
    "[]",
    oddJson(random),
  ]);
  const extranonce1 = random.pick(['"08000002"', '""', '"00"', oddJson(random)]);
  return `[${list},${extranonce1},${random.pick(["4", "2", "8", "0", "32", "33", oddJson(random)])}]`;
}
