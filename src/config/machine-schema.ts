/** The whole machine: what the guard powers, cools and watches. */
import Type from "typebox";

/** Objects take no unknown keys: a mistyped one would silently leave its default in force. */
const closed = { additionalProperties: false } as const;
/** All of asicd. */
const onProgram = { restart: "program" } as const;

const temperatureLimits = (title: string, description: string) =>
  Type.Object(
    {
      targetC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Target",
        description: "What the fans aim at",
      }),
      hotC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Hot",
        description: "From here the clock slows down",
      }),
      dangerousC: Type.Number({
        minimum: 20,
        maximum: 110,
        unit: "°C",
        title: "Dangerous",
        description: "From here power goes off; never above what the machine's declaration allows",
      }),
    },
    { ...closed, title, description },
  );

const modeText = {
  title: "Mode",
  description: "auto: to the target temperature; manual: a fixed duty; immersion: no fans",
} as const;

export const machineSchema = Type.Object(
  {
    board: Type.Optional(
      Type.String({
        title: "Machine",
        ...onProgram,
        maxLength: 64,
        description: "Name of the machine, as asicd probe lists them; absent: what is detected",
      }),
    ),
    voltageV: Type.Optional(
      Type.Number({
        minimum: 0.5,
        maximum: 60,
        unit: "V",
        title: "Voltage",
        description:
          "What the chains are fed with, on your word: needed with board where no voltage is known for certain",
      }),
    ),
    frequencyMHz: Type.Optional(
      Type.Number({
        minimum: 56.25,
        maximum: 1_000,
        unit: "MHz",
        title: "Frequency",
        description: "Hash clock",
      }),
    ),
    fans: Type.Union(
      [
        Type.Object(
          { mode: Type.Enum(["auto", "immersion"], modeText) },
          { ...closed, title: "By itself", description: "auto or immersion" },
        ),
        Type.Object(
          {
            mode: Type.Literal("manual", modeText),
            dutyPercent: Type.Number({
              minimum: 0,
              maximum: 100,
              unit: "%",
              title: "Duty",
              description: "Of full speed",
            }),
          },
          { ...closed, title: "Manual", description: "A fixed duty" },
        ),
      ],
      {
        default: { mode: "auto" },
        title: "Fans",
        description:
          "auto: to the target temperature; manual: a fixed duty, full speed all the same when it gets hot; immersion: no fans",
      },
    ),
    limits: Type.Optional(
      Type.Object(
        {
          board: Type.Optional(temperatureLimits("Boards", "Sensors on the boards")),
          chip: Type.Optional(temperatureLimits("Chips", "Sensors in or at the chips")),
          regulator: Type.Optional(
            temperatureLimits("Regulators", "Sensors at the voltage regulators"),
          ),
        },
        { ...closed, title: "Limits", description: "Lower limits than the machine's own" },
      ),
    ),
    experimental: Type.Boolean({
      default: false,
      title: "Experimental",
      ...onProgram,
      description: "Drive chips for which the evidence is thin; the log says why it is",
    }),
  },
  {
    ...closed,
    title: "Machine",
    description: "A whole machine, which asicd powers, cools and watches; instead of chains",
  },
);
