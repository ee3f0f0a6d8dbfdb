/**
 * What the machine is and does at this moment, as one tree: the contract of the API, and what page, MQTT, metrics and the
 * interfaces of other firmware are made from. A setpoint is `target…`, a measurement its plain name; `null` is unknown.
 */
import Type, { type Static, type TSchema } from "typebox";

const closed = { additionalProperties: false } as const;

/** A measurement that can be unknown. */
function known<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

const text = (description: string) => Type.String({ description });
const count = (description: string) => Type.Integer({ minimum: 0, description });
const number = (unit: string, description: string) => Type.Number({ unit, description });
const unixSeconds = (description: string) => Type.Number({ unit: "s", description });
/** Big counters are decimal strings: they outgrow what a JSON reader keeps exact. */
const big = (description: string) => Type.String({ pattern: "^\\d+(\\.\\d+)?$", description });

export const ratesSchema = Type.Object(
  {
    s5: number("H/s", "Mean of the last 5 seconds"),
    m1: number("H/s", "Of the last minute"),
    m5: number("H/s", "Of the last 5 minutes"),
    m15: number("H/s", "Of the last 15 minutes"),
    h24: number("H/s", "Of the last 24 hours, or since the start"),
  },
  {
    ...closed,
    description: "From verified work; windows longer than the run are means of the run",
  },
);

export const deviceSchema = Type.Object(
  {
    name: text("What the operator calls it"),
    board: known(text("The declared machine, as after --board")),
    model: text("Its name for people"),
    chips: known(text("What it hashes with, e.g. 3 × 126 × BM1362")),
    chip: known(text("Name of its chips, e.g. BM1362")),
    simulated: Type.Boolean({ description: "Any part of the hardware is simulated" }),
    scale: Type.Number({
      description: "Rates are nominal ÷ scale; 1 on real hardware, a power of two in a simulation",
    }),
    hostname: text("Of the operating system"),
    mac: known(Type.String({ pattern: "^([0-9a-f]{2}:){5}[0-9a-f]{2}$" })),
    ipv4: known(Type.String()),
    serialNumber: known(Type.String()),
    firmware: Type.Literal("asicd"),
    version: text("Of asicd"),
    uptimeS: number("s", "Since asicd was started"),
    persona: Type.Enum(["antminer", "axeos", "none"], {
      description: "As what other people's tools are told to take it",
    }),
  },
  closed,
);

export const unnamedSchema = Type.Object(
  {
    code: Type.Enum(["unrecognised", "ambiguous", "refused", "no-such-board", "not-attached"]),
    why: text("What was found, as part of a sentence"),
    advice: text("What to do about it, as a sentence"),
    candidates: Type.Array(
      Type.Object(
        {
          id: text("For machine.board"),
          name: text("For people"),
          why: Type.Array(Type.String(), { description: "What speaks for it" }),
          whyNot: Type.Array(Type.String(), {
            description: "What speaks against it, or is missing; empty: everything fits",
          }),
        },
        closed,
      ),
      { description: "What may be named, the likeliest first; none where nothing can be served" },
    ),
  },
  {
    ...closed,
    description:
      "Nobody knows which machine this is: no guard and no miner run, nothing is given power",
  },
);

export const machineStates = [
  "starting",
  "mining",
  "paused",
  /** Chains could hash, and no pool gives them work. */
  "no-pool",
  /** Every board lost its power to a protective rule, or waits for a condition. */
  "protected",
  "stopped",
  /** The guard does not answer; nothing below is fresh. */
  "lost",
] as const;

export const problemSchema = Type.Object(
  {
    code: text("Stable, e.g. board-latched"),
    severity: Type.Enum(["info", "warning", "error"]),
    where: text('"machine", "board 1", "fan front", "pool name", "miner"'),
    text: text("A sentence for people"),
    sinceUnixSeconds: known(Type.Number({ unit: "s" })),
    chain: known(Type.Integer({ description: "Board that can be cleared or restarted" })),
  },
  closed,
);

export const workTallySchema = Type.Object(
  {
    submitted: count("Shares sent"),
    accepted: count("Shares that pools took"),
    rejected: count("Shares that pools refused"),
    staleByPool: count("Of the rejected: refused as stale"),
    staleByUs: count("Not sent, because the block was over"),
    unacknowledged: count("Sent and not answered yet"),
    lost: count("Sent, and the answer will never come"),
    acceptedDifficulty: big("Sum of the difficulties of accepted shares"),
    rejectedDifficulty: big("Sum of the difficulties of rejected shares"),
    rejections: Type.Array(
      Type.Object(
        {
          code: text("In the pool's words"),
          count: count("How many"),
          explanation: text("In ours"),
        },
        closed,
      ),
    ),
    bestDifficulty: known(Type.Number({ description: "Of the best share" })),
    bestUnixSeconds: known(Type.Number({ unit: "s" })),
    lastShareUnixSeconds: known(Type.Number({ unit: "s" })),
    blocksFound: count("Shares that were blocks"),
  },
  closed,
);

export const sharesSchema = Type.Object(
  {
    run: Type.Object(
      {
        submitted: count("Nonces sent as shares since the miner started"),
        accepted: count("Of this run"),
        rejected: count("Of this run"),
        belowShareTarget: count("Nonces that were no share"),
        duplicate: count("Nonces that came twice"),
        stale: count("Nonces of a block that was over"),
        hardwareErrors: count("Nonces whose hash is not what the chip said"),
        unknownJob: count("Nonces of a job that we do not know"),
      },
      closed,
    ),
    total: workTallySchema,
    withoutPoolS: number("s", "Chains could hash and no pool gave work, this run"),
  },
  closed,
);

export const sensorSchema = Type.Object(
  {
    name: text("Unique within the machine"),
    place: text("board, chip, regulator, …"),
    temperatureC: known(Type.Number({ unit: "°C" })),
    reason: known(text("Why it is unknown")),
    unknownSinceUnixSeconds: known(Type.Number({ unit: "s" })),
    targetC: known(Type.Number({ unit: "°C", description: "What the fans aim at" })),
    hotC: known(Type.Number({ unit: "°C", description: "From here the clock slows down" })),
    dangerousC: known(Type.Number({ unit: "°C", description: "From here power goes off" })),
  },
  closed,
);

export const boardSchema = Type.Object(
  {
    index: count("From 0; hash chain and board have the same number"),
    present: Type.Boolean(),
    state: Type.Enum([
      "off",
      "starting",
      "hashing",
      "idle",
      "resting",
      "latched",
      "faulted",
      "absent",
    ]),
    reason: known(text("Why it is not hashing, or slower than asked for")),
    step: known(text("What bring-up is at")),
    power: Type.Enum(["off", "turning-on", "on", "turning-off", "failed"]),
    uart: text("Serial device"),
    chip: text("Name of the chips"),
    chipsExpected: count("By the declaration"),
    chipsFound: count("That answered"),
    targetFrequencyMHz: number("MHz", "What the operator or the declaration wants"),
    frequencyCapMHz: number("MHz", "What protection allows now"),
    frequencyMHz: number("MHz", "What runs"),
    expectedHps: number("H/s", "Of the found chips at the clock that runs"),
    hashrateHps: ratesSchema,
    accepted: count("Shares of this run"),
    rejected: count("Shares of this run"),
    hardwareErrors: count("Wrong nonces of this run"),
    nonces: count("All nonces of this run"),
    crcErrors: count("Damaged frames of this run"),
    supplyV: known(Type.Number({ unit: "V" })),
    powerW: known(Type.Number({ unit: "W" })),
    protection: Type.Enum(["protected", "blind", "absent"], {
      description: "Whether limit, sensor and backstop work",
    }),
    protectionReason: text("What is missing, or that nothing is"),
    sensors: Type.Array(sensorSchema),
    serialNumber: known(Type.String()),
  },
  closed,
);

export const fansSchema = Type.Object(
  {
    mode: Type.Enum(["auto", "manual", "immersion"]),
    targetDutyPercent: number("%", "What is asked of the fans"),
    reason: text("Why"),
    required: count("That must turn"),
    turning: count("That do"),
    fans: Type.Array(
      Type.Object(
        { name: text("Group and number"), rpm: known(Type.Number({ unit: "1/min" })) },
        closed,
      ),
    ),
  },
  closed,
);

export const powerSchema = Type.Object(
  {
    powerW: known(
      Type.Number({ unit: "W", description: "Of boards, as far as anything measures it" }),
    ),
    powerSource: known(
      Type.Enum(["measured", "declared"], {
        description: "A sensor's word, or the declaration's typical figure",
      }),
    ),
    efficiencyJPerTh: known(
      Type.Number({ unit: "J/TH", description: "powerW by the 5-minute rate" }),
    ),
    supplyOn: known(Type.Boolean()),
    supplyType: known(Type.String()),
    supplyV: known(Type.Number({ unit: "V" })),
  },
  closed,
);

export const poolSchema = Type.Object(
  {
    index: count("In the operator's order, over all groups"),
    name: text("Unique"),
    group: text("Its group"),
    url: text("With the authority key, never with a password"),
    user: text("Who the shares are for"),
    protocol: Type.Enum(["sv2", "sv1"]),
    encrypted: Type.Boolean(),
    authorityKey: known(text("What the pool's certificate must be signed with")),
    enabled: Type.Boolean(),
    state: Type.Enum(["active", "standby", "down", "off"]),
    stateSinceUnixSeconds: known(Type.Number({ unit: "s" })),
    why: text("Why it has the hash power, or has not"),
    part: Type.Number({
      minimum: 0,
      maximum: 1,
      description: "Part of the hash power of its group",
    }),
    phase: text("What the connection is at"),
    reason: known(text("Why it is not up, or was last lost")),
    shareDifficulty: known(Type.Number({ description: "Easiest of its channels" })),
    channels: count("Open ones"),
    connects: count("Of this run"),
    blocksSeen: count("Of this run"),
    accepted: count("Of this run"),
    rejected: count("Of this run"),
    total: known(workTallySchema),
    roundTripMs: known(Type.Number({ unit: "ms", description: "Median from share to answer" })),
    lastAnswerAgoS: known(Type.Number({ unit: "s" })),
    newBlockLatencyMs: known(
      Type.Number({
        unit: "ms",
        description: "Median from a block's bytes to the last chain's job",
      }),
    ),
  },
  closed,
);

export const processesSchema = Type.Object(
  {
    guard: Type.Object(
      {
        state: Type.Enum(["running", "silent", "stopped"]),
        restarts: count("Since asicd was started"),
        lastWordAgoS: known(Type.Number({ unit: "s" })),
        reason: known(text("Why it will not drive this machine, if so")),
      },
      closed,
    ),
    miner: Type.Object(
      {
        state: Type.Enum(["starting", "running", "silent", "waiting", "stopped"]),
        restarts: count("Since the guard was started"),
        reason: known(text("Why it was last restarted, or is not running")),
        uptimeS: known(Type.Number({ unit: "s" })),
      },
      closed,
    ),
    operator: Type.Object(
      { uptimeS: number("s", "Since this process began"), memoryBytes: number("B", "Resident") },
      closed,
    ),
  },
  closed,
);

export const summarySchema = Type.Object(
  {
    state: Type.Enum(machineStates),
    sentence: text("One sentence of truth, in English"),
    /** For readers in other languages: what the sentence was made of. */
    parts: Type.Array(
      Type.Object(
        {
          code: text("Which clause"),
          values: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const statusSchema = Type.Object(
  {
    unixSeconds: unixSeconds("When this was put together"),
    measuredAgoS: known(
      Type.Number({ unit: "s", description: "Age of what guard and miner last told" }),
    ),
    device: deviceSchema,
    unnamed: known(unnamedSchema),
    summary: summarySchema,
    problems: Type.Array(problemSchema),
    paused: Type.Boolean({ description: "The operator wants no hashing" }),
    identifying: Type.Boolean({
      description: "The lamp blinks so that somebody finds the machine",
    }),
    hashrate: Type.Object(
      {
        expectedHps: number("H/s", "Of all hashing boards at their clock"),
        nominalHps: number("H/s", "Of the whole machine as it is declared and set"),
        hashrateHps: ratesSchema,
      },
      closed,
    ),
    temperature: Type.Object(
      {
        hottestC: known(Type.Number({ unit: "°C", description: "Nearest to its limit" })),
        where: known(Type.String()),
      },
      closed,
    ),
    shares: sharesSchema,
    power: powerSchema,
    fans: fansSchema,
    boards: Type.Array(boardSchema),
    pools: Type.Array(poolSchema),
    processes: processesSchema,
  },
  closed,
);

export const chipSchema = Type.Object(
  {
    index: count("Position in the chain, from 0"),
    address: known(Type.Integer()),
    hashrateHps: ratesSchema,
    expectedHps: number("H/s", "At the board's clock"),
    /** Of the last 15 minutes against the expectation; null while that says nothing. */
    health: known(Type.Number({ minimum: 0 })),
  },
  closed,
);

export const eventSchema = Type.Object(
  {
    id: count("Grows with each event of this run of the operator process"),
    unixSeconds: unixSeconds("By the wall clock, which may be wrong"),
    uptimeS: number("s", "Of whoever told it, which is not"),
    what: text("Stable, e.g. trip, power-off, settings-changed"),
    severity: Type.Enum(["info", "warning", "error"]),
    where: text('"machine", "chain 1", "fan front", "miner", "guard", "operator"'),
    rule: text("Which rule acted"),
    measured: known(Type.Union([Type.Number(), Type.String()])),
    limit: known(Type.Union([Type.Number(), Type.String()])),
    action: text("What was done"),
    reason: text("The whole sentence"),
  },
  closed,
);

export type Rates = Static<typeof ratesSchema>;
export type Status = Static<typeof statusSchema>;
export type BoardStatus = Static<typeof boardSchema>;
export type PoolStatus = Static<typeof poolSchema>;
export type SensorStatus = Static<typeof sensorSchema>;
export type UnnamedMachine = NonNullable<Status["unnamed"]>;
export type Problem = Static<typeof problemSchema>;
export type WorkTally = Static<typeof workTallySchema>;
export type ChipStatus = Static<typeof chipSchema>;
export type DeviceEvent = Static<typeof eventSchema>;
export type MachineState = (typeof machineStates)[number];
export type Persona = Status["device"]["persona"];
