/** Every kind of step comes true with a device that does as expected, and fails, at its line, with one that does not. */
import { describe, expect, test } from "vitest";
import { verbs } from "../../../simulator/scenario/steps.ts";
import { type Puppet, play, type Strings } from "./puppet.ts";

type Device = (strings: Strings) => Promise<void>;

interface Case {
  readonly verb: string;
  readonly steps: string;
  readonly good: Device;
  readonly bad: Device;
  /** What the failure says behind "test.yaml:LINE: ". */
  readonly failure: RegExp;
  readonly head?: string;
}

const sv2 = (steps: string, head = "") =>
  `name: t\nproves: t\nprotocol: sv2\nplaintext: true\nconnectWithin: 20s\n${head}steps:\n${indent(steps)}`;
const sv1 = (steps: string, head = "") =>
  `name: t\nproves: t\nprotocol: sv1\nconnectWithin: 20s\n${head}steps:\n${indent(steps)}`;

function indent(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

const silent: Device = async ({ connect }) => void (await connect());
const absent: Device = async () => {};
const settingUp: Device = async ({ connect }) => (await connect()).setUp();
const mining =
  (onTip: (puppet: Puppet, jobId: number, count: number) => void): Device =>
  async ({ connect }) => {
    const puppet = await connect();
    let count = 0;
    puppet.mine(({ jobId }) => onTip(puppet, jobId, ++count));
  };
const oneShare = mining((puppet, jobId, count) => puppet.share({ jobId, sequenceNumber: count }));
const easyWork = "- setUp\n- openChannel:\n  target: ff*32\n- newBlock";

const cases: readonly Case[] = [
  {
    verb: "expect",
    steps: "- expect: SetupConnection\n  with: { vendor: puppet, flags: { set: 4 } }",
    good: settingUp,
    bad: async ({ connect }) => (await connect()).setUp({ vendor: "other" }),
    failure: /^expect SetupConnection: vendor: expected puppet, came other/,
  },
  {
    verb: "expect",
    steps: "- expect: OpenStandardMiningChannel",
    good: async ({ connect }) => (await connect()).open(),
    bad: settingUp,
    failure: /expected OpenStandardMiningChannel, came SetupConnection \{ .*vendor=puppet/,
  },
  {
    verb: "expect",
    steps: "- expect: SetupConnection\n  within: 2s",
    good: settingUp,
    bad: silent,
    failure: /expected SetupConnection, nothing came within 2.0 s/,
  },
  {
    verb: "expectNothing",
    steps: "- setUp\n- expectNothing: 5s",
    good: settingUp,
    bad: async ({ connect }) => {
      const puppet = await connect();
      puppet.setUp();
      puppet.onMessage = () => puppet.open();
    },
    failure: /expected nothing, came OpenStandardMiningChannel/,
  },
  {
    verb: "send",
    steps: "- setUp\n- send: Reconnect\n  with: { newHost: there, newPort: 7 }\n- expectClose: 1s",
    good: reacting((puppet, message) => {
      if (message.name === "Reconnect" && message.newPort === 7) puppet.stream.close();
    }),
    bad: settingUp,
    failure: /^expectClose 1s: the device left the connection open for 1.0 s/,
  },
  {
    verb: "sendFrame",
    steps: "- setUp\n- sendFrame: { type: 4, payload: 00 0700 }\n- expectClose: 1s",
    good: reacting((puppet, message) => {
      if (message.name === "Reconnect" && message.newPort === 7) puppet.stream.close();
    }),
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "sendRaw",
    steps: "- setUp\n- sendRaw: 000004 030000 00 0700\n- expectClose: 1s",
    good: reacting((puppet, message) => {
      if (message.name === "Reconnect" && message.newPort === 7) puppet.stream.close();
    }),
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "replay",
    steps: "- setUp\n- replay: 1\n- expectClose: 1s",
    good: async ({ connect }) => {
      const puppet = await connect();
      puppet.setUp();
      puppet.onMessage = () => {
        if (puppet.received.length === 2) puppet.stream.close();
      };
    },
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "set",
    steps:
      "- set: { vendor: puppet, low: 2 }\n- expect: SetupConnection\n  with: { vendor: $vendor, minVersion: $low * 2 - 2 }",
    good: settingUp,
    bad: async ({ connect }) => (await connect()).setUp({ minVersion: 1 }),
    failure: /minVersion: expected 2, came 1/,
  },
  {
    verb: "setUp",
    steps: "- setUp:\n  within: 1s",
    good: settingUp,
    bad: silent,
    failure: /^setUp: expected SetupConnection, nothing came within 1.0 s/,
  },
  {
    verb: "openChannel",
    steps: "- setUp\n- openChannel:\n  within: 1s",
    good: mining(() => {}),
    bad: settingUp,
    failure: /^openChannel: expected OpenStandardMiningChannel or OpenExtendedMiningChannel/,
  },
  {
    verb: "newBlock",
    steps: `${easyWork}\n- expectShare:\n  job: $job`,
    good: oneShare,
    bad: mining(() => {}),
    failure: /^expectShare: 0 of 1 shares came within 60 s/,
  },
  {
    verb: "newJob",
    steps: `${easyWork}\n- newJob:\n  jobId: 9\n- expectShare:\n  job: 9`,
    good: mining((puppet) => puppet.share({ jobId: 9 })),
    bad: oneShare,
    failure: /^expectShare: 0 of 1 shares/,
  },
  {
    verb: "acknowledge",
    steps: `${easyWork}\n- acknowledge: { reject: no }\n- newBlock\n- expectClose: 5s`,
    good: reacting((puppet, message) => {
      if (message.name === "SetNewPrevHash")
        puppet.share({ jobId: message.jobId, sequenceNumber: message.jobId });
      if (message.name === "SubmitShares.Error" && message.errorCode === "no")
        puppet.stream.close();
    }),
    bad: oneShare,
    failure: /^expectClose/,
  },
  {
    verb: "expectShare",
    steps: `${easyWork}\n- expectShare: 2\n  within: 3s`,
    good: mining((puppet, jobId) => {
      puppet.share({ jobId });
      puppet.share({ jobId, sequenceNumber: 2, nonce: 2 });
    }),
    bad: oneShare,
    failure: /^expectShare 2: 1 of 2 shares came within 3.0 s/,
  },
  {
    verb: "expectNoShare",
    steps: `${easyWork}\n- expectNoShare: 3s`,
    good: mining(() => {}),
    bad: oneShare,
    failure: /^expectNoShare 3s: a share came/,
  },
  {
    verb: "serve",
    steps: "- serve: 5s\n  shares: 1\n  sharesPerMinute: 60000",
    good: miningOnPool,
    bad: settingUp,
    failure: /^serve 5s: 0 of 1 shares came within 5.0 s/,
    head: "",
  },
  {
    verb: "handshake",
    steps: "- handshake: answer\n- expect: SetupConnection",
    good: settingUp,
    bad: silent,
    failure: /^expect SetupConnection: expected SetupConnection, nothing came/,
  },
  {
    verb: "close",
    steps: "- setUp\n- close\n- expectReconnect: 5s",
    good: returning,
    bad: settingUp,
    failure: /^expectReconnect 5s: no device connected to main \(pool.test:1000\) within 5.0 s/,
  },
  {
    verb: "reset",
    steps: "- setUp\n- reset\n- expectReconnect: 5s\n  notBefore: 500ms",
    good: (strings) => returning(strings, 1_000),
    bad: (strings) => returning(strings, 0),
    failure: /^expectReconnect 5s: the device connected after \d+ ms, not before 500 ms/,
  },
  {
    verb: "breakAtByte",
    steps:
      "- expect: SetupConnection\n- breakAtByte: 5\n- send: SetupConnection.Success\n- expectReconnect: 5s",
    good: returning,
    bad: settingUp,
    failure: /^expectReconnect/,
  },
  {
    verb: "stallAtByte",
    steps: "- stallAtByte: 5\n- setUp\n- expectClose: 5s",
    good: async ({ connect, clock }) => {
      const puppet = await connect();
      puppet.setUp();
      await clock.sleep(3_000);
      if (puppet.received.length === 0) puppet.stream.close();
    },
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "corruptByte",
    steps:
      "- expect: SetupConnection\n- corruptByte: 6\n- send: SetupConnection.Success\n- expectClose: 1s",
    good: reacting((puppet, message) => {
      if (message.name === "SetupConnection.Success" && message.usedVersion === 3)
        puppet.stream.close();
    }),
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "split",
    steps: "- split: [1, 2]\n- setUp\n- expectClose: 1s",
    good: async ({ connect }) => {
      const puppet = await connect();
      puppet.setUp();
      puppet.onMessage = () => {
        if (puppet.chunks.map(({ length }) => length).join() === "1,2,1,2,1,2,1,2")
          puppet.stream.close();
      };
    },
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "coalesce",
    steps:
      "- expect: SetupConnection\n- coalesce:\n    - send: SetupConnection.Success\n    - send: Reconnect\n- expectClose: 1s",
    good: async ({ connect }) => {
      const puppet = await connect();
      puppet.setUp();
      puppet.onMessage = () => {
        if (puppet.received.length === 2 && puppet.chunks.length === 1) puppet.stream.close();
      };
    },
    bad: settingUp,
    failure: /^expectClose/,
  },
  {
    verb: "expectClose",
    steps: "- expectClose: 1s",
    good: async ({ connect }) => (await connect()).stream.close(),
    bad: silent,
    failure: /^expectClose 1s: the device left the connection open for 1.0 s/,
  },
  {
    verb: "expectReconnect",
    steps: "- expectReconnect: 2s\n  at: spare",
    head: "servers: { spare: { plaintext: true } }\n",
    good: async ({ connect }) => void (await connect(1)),
    bad: silent,
    failure: /^expectReconnect 2s: no device connected to spare/,
  },
  {
    verb: "expectNoConnection",
    steps: "- setUp\n- expectNoConnection: 5s\n  at: spare",
    head: "servers: { spare: { plaintext: true } }\n",
    good: settingUp,
    bad: async (strings) => {
      await settingUp(strings);
      await strings.connect(1);
    },
    failure: /^expectNoConnection 5s: the device (is )?connected to spare/,
  },
  {
    verb: "use",
    steps:
      "- setUp\n- expectReconnect: 5s\n  at: spare\n- use: main\n- expect: OpenStandardMiningChannel",
    head: "servers: { spare: { plaintext: true } }\n",
    good: async (strings) => {
      const first = await strings.connect();
      first.setUp();
      await strings.connect(1);
      await strings.clock.sleep(1_000);
      first.open();
    },
    bad: async (strings) => {
      (await strings.connect()).setUp();
      (await strings.connect(1)).open();
    },
    failure: /^expect OpenStandardMiningChannel: .*nothing came/,
  },
  {
    verb: "listen",
    steps: '- setUp\n- listen: "off"\n- close\n- wait: 3s\n- listen: "on"\n- expectReconnect: 5s',
    good: async (strings) => {
      await settingUp(strings);
      const refused = await strings.clock.sleep(2_000).then(() =>
        strings.connect().then(
          () => false,
          () => true,
        ),
      );
      await strings.clock.sleep(2_000);
      if (refused) await strings.connect();
    },
    bad: settingUp,
    failure: /^expectReconnect/,
  },
  {
    verb: "wait",
    steps: "- setUp\n- wait: 3s\n- expect: OpenStandardMiningChannel\n  within: 10ms",
    good: async (strings) => {
      const puppet = await strings.connect();
      puppet.setUp();
      await strings.clock.sleep(2_000);
      puppet.open();
    },
    bad: async (strings) => {
      const puppet = await strings.connect();
      puppet.setUp();
      await strings.clock.sleep(4_000);
      puppet.open();
    },
    failure: /nothing came within 10 ms/,
  },
  {
    verb: "repeat",
    steps:
      "- repeat: 3\n  steps:\n    - expect: OpenStandardMiningChannel\n      with: { requestId: $i }",
    good: async ({ connect }) => {
      const puppet = await connect();
      for (const id of [1, 2, 3]) puppet.open(id);
    },
    bad: async ({ connect }) => {
      const puppet = await connect();
      for (const id of [1, 2, 4]) puppet.open(id);
    },
    failure: /^expect OpenStandardMiningChannel: requestId: expected 3, came 4/,
  },
];

function reacting(
  react: (puppet: Puppet, message: Parameters<Puppet["onMessage"]>[0]) => void,
): Device {
  return async ({ connect }) => {
    const puppet = await connect();
    puppet.setUp();
    puppet.onMessage = (message) => {
      if (message.name === "SetupConnection.Success") puppet.open();
      react(puppet, message);
    };
  };
}

async function returning({ connect, clock }: Strings, afterMs = 0): Promise<void> {
  const puppet = await connect();
  puppet.setUp();
  while (!puppet.ended) await clock.sleep(10);
  await clock.sleep(afterMs);
  await connect();
}

/** The simulated pool gives real targets: tries nonces until one is good enough for it. */
async function miningOnPool({ connect }: Strings): Promise<void> {
  const puppet = await connect();
  let sequenceNumber = 0;
  puppet.setUp();
  puppet.onMessage = (message) => {
    if (message.name === "SetupConnection.Success")
      puppet.send("OpenStandardMiningChannel", {
        requestId: 1,
        userIdentity: "u",
        nominalHashRate: 1,
        maxTarget: new Uint8Array(32).fill(0xff),
      });
    if (message.name === "SetNewPrevHash")
      puppet.share({
        channelId: message.channelId,
        jobId: message.jobId,
        ntime: message.minNtime,
        sequenceNumber: ++sequenceNumber,
      });
  };
}

function bodyOf({ verb, steps, head = "" }: Case): string {
  return verbs[verb]?.protocol === "sv1" ? sv1(steps, head) : sv2(steps, head);
}

describe("a step of each kind", () => {
  test.each(cases.map((one) => [one.verb, one] as const))("%s comes true", async (_, one) => {
    const { failures } = await play(bodyOf(one), one.good);
    expect(failures).toEqual([]);
  });

  test.each(cases.map((one) => [one.verb, one] as const))(
    "%s fails, and says where and why",
    async (_, one) => {
      const { verdict, failures } = await play(bodyOf(one), one.bad);
      expect(verdict).toBe("failed");
      const [, line = "", what = ""] = /^test\.yaml:(\d+): (.*)$/s.exec(failures[0] ?? "") ?? [];
      expect(what).toMatch(one.failure);
      const [verb = ""] = what.split(/[ :]/);
      expect(bodyOf(one).split("\n")[Number(line) - 1]).toContain(verb);
    },
  );

  test("is among these, or among those of Stratum V1", () => {
    const tested = new Set([...cases.map(({ verb }) => verb), "sendLine"]);
    expect([...tested].sort()).toEqual(Object.keys(verbs).sort());
  });
});

describe("Stratum V1", () => {
  const opening = async ({ connect }: Strings, react: (puppet: Puppet, line: Line) => void) => {
    const puppet = await connect();
    puppet.onLine = (line) => react(puppet, line as unknown as Line);
    puppet.say({ id: 1, method: "mining.configure", params: [["version-rolling"], {}] });
    puppet.say({ id: 2, method: "mining.subscribe", params: ["puppet/1"] });
    puppet.say({ id: 3, method: "mining.authorize", params: ["u", "x"] });
  };
  interface Line {
    readonly id: unknown;
    readonly method?: string;
    readonly params?: readonly unknown[];
    readonly result?: unknown;
  }
  const submitting = (bits: string) => (strings: Strings) =>
    opening(strings, (puppet, { method, params }) => {
      if (method !== "mining.notify") return;
      const [jobId, , , , , , , ntime] = params ?? [];
      const share = ["u", jobId, "00000001", ntime, "00000007", bits];
      puppet.say({ id: 9, method: "mining.submit", params: share });
    });

  test("setUp answers in any order, newBlock gives work, a share is judged", async () => {
    const { failures, sharesAccepted } = await play(
      sv1("- setUp\n- newBlock\n- expectShare:\n  job: $job"),
      submitting("00002000"),
    );
    expect(failures).toEqual([]);
    expect(sharesAccepted).toBe(1);
  });

  test("version bits outside the mask fail the scenario at the step that waits", async () => {
    const { failures } = await play(
      sv1("- setUp\n- newBlock\n- expectShare"),
      submitting("20000000"),
    );
    expect(failures).toEqual([
      "test.yaml:8: expectShare: the device sent a wrong share: malformed (version bits 20000000 outside 1fffe000)",
    ]);
  });

  test("sendLine sends text as it is, and values as JSON", async () => {
    const lines: string[] = [];
    await play(
      sv1("- sendLine: 'no json'\n- sendLine: { a: [1, $port] }\n- wait: 1s"),
      async ({ connect, clock }) => {
        const puppet = await connect();
        await clock.sleep(500);
        lines.push(...puppet.lines);
      },
    );
    expect(lines).toEqual(["no json", '{"a":[1,1000]}']);
  });

  test("text that looks like a number stays text where the protocol has text", async () => {
    const masks: unknown[] = [];
    await play(
      sv1("- send: mining.set_version_mask\n  with: { mask: 00006000 }\n- wait: 1s"),
      async ({ connect }) => {
        const puppet = await connect();
        puppet.onLine = ({ params }) => void masks.push(params);
      },
    );
    expect(masks).toEqual([["00006000"]]);
  });

  test("a line that is no JSON is the device's fault", async () => {
    const { failures } = await play(sv1("- expect: mining.subscribe"), async ({ connect }) => {
      (await connect()).stream.write(new TextEncoder().encode("hello\n"));
    });
    expect(failures).toEqual([
      "test.yaml:6: expect mining.subscribe: a line that is no JSON object: hello",
    ]);
  });
});

describe("what a device may never do", () => {
  test.each([
    ["sequence", { sequenceNumber: 1 }, /sequence \(sequence number 1 after 1\)/],
    ["duplicate", { sequenceNumber: 2 }, /duplicate \(nonce 0x00000001 of job 1 again\)/],
    ["unknown-job", { sequenceNumber: 2, jobId: 77 }, /unknown-job \(job 77\)/],
    ["unknown-channel", { channelId: 5 }, /unknown-channel \(channel 5\)/],
    ["ntime-ahead", { sequenceNumber: 2, ntime: 1_750_000_900 }, /ntime-ahead/],
    ["ntime-behind", { sequenceNumber: 2, ntime: 1_749_999_999 }, /ntime-behind \(1 s before/],
    ["version-bits", { sequenceNumber: 2, version: 0x60000000 }, /version-bits/],
  ])("a share that is wrong: %s", async (_, values, expected) => {
    const { failures } = await play(
      sv2(`${easyWork}\n- wait: 3s`),
      mining((puppet, jobId) => {
        puppet.share({ jobId });
        puppet.share({ jobId, ...values });
      }),
    );
    expect(failures[0]).toMatch(/^test\.yaml:\d+: .*the device sent a wrong share/);
    expect(failures[0]).toMatch(expected);
  });

  test("a share above the target", async () => {
    const { failures } = await play(
      sv2("- setUp\n- openChannel:\n  target: 00*32\n- newBlock\n- wait: 3s"),
      oneShare,
    );
    expect(failures[0]).toMatch(/above-target/);
  });

  test("a share for a dead tip, once the news has had time to arrive", async () => {
    const lateBy = (ms: number) =>
      play(sv2(`${easyWork}\n- newBlock\n- wait: 3s`, "grace: 100ms\n"), async (strings) => {
        const puppet = await strings.connect();
        let first: number | undefined;
        puppet.mine(({ jobId }) => {
          first ??= jobId;
          if (jobId === first) return;
          strings.clock.after(ms, () => puppet.share({ jobId: first }));
        });
      });
    expect((await lateBy(50)).failures).toEqual([]);
    expect((await lateBy(50)).sharesLate).toBe(1);
    expect((await lateBy(200)).failures[0]).toMatch(/dead-tip \(job 1 was over 20\d ms before\)/);
  });

  test("plaintext where encryption was agreed", async () => {
    const text = sv2("- handshake: silence\n- wait: 1s").replace("plaintext: true\n", "");
    const { failures } = await play(text, settingUp);
    expect(failures).toEqual(["test.yaml: the device sent plaintext where encryption was agreed"]);
  });

  test("the same 64 bytes at the start of two connections", async () => {
    const text = sv2(
      "- handshake: silence\n- wait: 1s\n- reset\n- expectReconnect\n- wait: 1s",
    ).replace("plaintext: true\n", "");
    const { failures } = await play(text, async ({ connect }) => {
      for (let i = 0; i < 2; i++) (await connect()).stream.write(new Uint8Array(64).fill(9));
    });
    expect(failures[0]).toMatch(/two connections began with the same 64 bytes/);
  });

  test("a frame that cannot be read", async () => {
    const { failures } = await play(sv2("- setUp\n- wait: 1s"), async ({ connect }) => {
      const puppet = await connect();
      puppet.setUp();
      puppet.stream.write(Uint8Array.of(0, 0, 0x10, 1, 0, 0, 7));
    });
    expect(failures[0]).toMatch(/wait 1s: the device broke the protocol: protocol error: /);
  });
});

describe("assertions at the end", () => {
  const asserting = (facts: string) =>
    sv2("- setUp\n- wait: 2s").replace("steps:", `assert: ${facts}\nsteps:`);

  test.each([
    ["{ connections: 1, messages.SetupConnection: 1, sharesAccepted: { max: 0 } }", []],
    ["{ connections: 2 }", ["test.yaml:6: assert connections: expected 2, is 1"]],
    [
      "{ main.connections: { min: 2 } }",
      ["test.yaml:6: assert main.connections: expected at least 2, is 1"],
    ],
    [
      "{ messages.UpdateChannel: { min: 1 } }",
      ["test.yaml:6: assert messages.UpdateChannel: expected at least 1, is 0"],
    ],
    ["{ duration: { max: 10s } }", []],
    [
      "{ longestGap: { max: 1s } }",
      [expect.stringMatching(/longestGap: expected at most 1s, is 2\d{3}/)],
    ],
  ])("%s", async (facts, failures) => {
    expect((await play(asserting(facts), settingUp)).failures).toEqual(failures);
  });
});

describe("limits", () => {
  test("a scenario that never ends is ended", async () => {
    const { failures } = await play(sv2("- setUp\n- wait: 20m", "limit: 1m\n"), settingUp);
    expect(failures[0]).toMatch(/wait 20m: the scenario's limit of 60 s is over/);
  });

  test("no device at all", async () => {
    const { failures } = await play(sv2("- setUp"), absent);
    expect(failures[0]).toMatch(
      /setUp: no device connected to main \(pool.test:1000\) within 20 s/,
    );
  });

  test("why explains a failure", async () => {
    const { failures } = await play(
      sv2("- why: because of reasons\n  expect: SetupConnection\n  within: 1s"),
      silent,
    );
    expect(failures[0]).toMatch(/\(because of reasons\)$/);
  });
});

describe("a device with several boards", () => {
  test("every channel is granted and gets work, whether it asks at once or later", async () => {
    const tips: number[] = [];
    const answered: number[] = [];
    const { failures } = await play(sv2(`${easyWork}\n- wait: 5s`), async (strings) => {
      const puppet = await strings.connect();
      puppet.setUp();
      puppet.onMessage = (message) => {
        if (message.name === "SetupConnection.Success") {
          puppet.open(1);
          puppet.open(2);
        }
        if (message.name === "SetNewPrevHash") tips.push(message.channelId);
        if (message.name === "OpenStandardMiningChannel.Success") answered.push(message.requestId);
      };
      await strings.clock.sleep(2_000);
      puppet.open(3);
    });
    expect(failures).toEqual([]);
    expect(answered).toEqual([1, 2, 3]);
    expect(tips).toEqual([2, 3, 4]);
  });
});
