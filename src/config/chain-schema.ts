/** A bare hash chain, which something else powers, cools and watches. */
import Type from "typebox";

/** Objects take no unknown keys: a mistyped one would silently leave its default in force. */
const closed = { additionalProperties: false } as const;
/** All of asicd. */
const onProgram = { restart: "program" } as const;

const fastBaudSchema = Type.Object(
  {
    register: Type.String({
      pattern: "^0x[0-9a-fA-F]{1,8}$",
      title: "Register",
      ...onProgram,
      description: "What the chips get written into their baud register 0x28, e.g. 0x11300000",
    }),
    hostBaud: Type.Integer({
      minimum: 9_600,
      maximum: 6_250_000,
      unit: "baud",
      title: "Rate",
      ...onProgram,
      description: "Rate of the UART afterwards",
    }),
  },
  {
    ...closed,
    ...onProgram,
    title: "A rate of one's own",
    description: "What chips and UART are set to",
  },
);

export const chainSchema = Type.Object(
  {
    uart: Type.String({
      minLength: 1,
      title: "UART",
      ...onProgram,
      description: "Serial device, e.g. /dev/ttyS1",
    }),
    chip: Type.String({
      title: "Chip",
      ...onProgram,
      description: "What the chain is made of, e.g. BM1362",
    }),
    chips: Type.Integer({
      minimum: 1,
      maximum: 256,
      unit: "chips",
      title: "Chips",
      ...onProgram,
      description: "How many there are",
    }),
    layout: Type.Optional(
      Type.Enum(["single", "s19jpro", "s19xp", "s19kpro", "s21", "s21pro", "s21xp"], {
        title: "Layout",
        ...onProgram,
        description:
          "How the chain is brought up: as a board with one or a few chips, or as this machine; absent: by chip and number",
      }),
    ),
    frequencyMHz: Type.Optional(
      Type.Number({
        minimum: 50,
        maximum: 1_000,
        unit: "MHz",
        title: "Frequency",
        ...onProgram,
        description: "Hash clock",
      }),
    ),
    ticketDifficulty: Type.Integer({
      minimum: 1,
      maximum: 2 ** 24,
      default: 256,
      title: "Ticket difficulty",
      ...onProgram,
      description: "Chips report only hashes of at least this difficulty; a power of two",
    }),
    fastBaud: Type.Optional(
      Type.Union(
        [
          Type.Literal(false, { title: "As after reset", description: "Stays at 115200 baud" }),
          fastBaudSchema,
        ],
        {
          title: "Fast baud",
          ...onProgram,
          description:
            "Rate after bring-up; false keeps 115200; absent: as the chain's stock firmware",
        },
      ),
    ),
    addressInterval: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        title: "Address interval",
        ...onProgram,
        description: "Step between chip addresses",
      }),
    ),
    chipsPerDomain: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        unit: "chips",
        title: "Chips per domain",
        ...onProgram,
        description: "Size of a voltage domain",
      }),
    ),
    experimental: Type.Boolean({
      default: false,
      title: "Experimental",
      ...onProgram,
      description: "Drive a chip for which the evidence is thin; the error tells why it is",
    }),
    acceptFewerChips: Type.Boolean({
      default: false,
      title: "Accept fewer chips",
      ...onProgram,
      description:
        "Hash with the chips that answer when some are missing, instead of giving the chain up",
    }),
  },
  { ...closed, ...onProgram, title: "Chain", description: "Chips on one UART" },
);
