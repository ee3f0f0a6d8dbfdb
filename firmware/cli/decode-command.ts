/** The command `asicd decode`: explains recorded bytes. */
import { explainedChip, explainedChipNames } from "./chip-option.ts";
import { type Command, type CommandContext, exitCodes } from "./command.ts";
import { bytesOf, explain, formatExplanation } from "./decode.ts";
import type { ParsedArgs } from "./parse-args.ts";

export const decodeCommand: Command = {
  name: "decode",
  summary: "explain bytes of a chip's UART or of a Stratum V2 connection",
  usage: "[options] HEX...",
  description: `Explains commands, answers and jobs of BM13xx chips, or with --sv2 decrypted Stratum V2 frames: names, values, checksums.
Any number of frames may follow each other; bytes that belong to none are listed as skipped.

Exit code 1 when there is no frame in the bytes.`,
  positionals: "HEX...  the bytes, with or without spaces, colons and 0x",
  options: {
    chip: {
      type: "string",
      value: "NAME",
      description: `whose rules hold: ${explainedChipNames()}`,
      defaultText: "what the bytes tell",
    },
    sv2: { type: "boolean", description: "the bytes are Stratum V2 frames" },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    "asicd decode 55AA5109000840A8023003",
    "asicd decode --chip BM1362 AA556DB88EE10104035494",
  ],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  // Each argument may have its own 0x.
  const hex = args.positionals.map((word) => word.replace(/^0x/i, "")).join(" ");
  const chip = args.string("chip", undefined);
  const sv2 = args.flag("sv2");
  args.attempt("HEX", () => bytesOf("HEX", hex), undefined);
  if (chip !== undefined) args.attempt("--chip", () => explainedChip(chip), undefined);
  if (chip !== undefined && sv2)
    args.problem({
      path: "--chip",
      problem: "means nothing with --sv2",
      allowed: "one of the two",
    });
  args.finish();

  const explanation = explain(hex, { sv2, ...(chip === undefined ? {} : { chip }) });
  context.stdout(
    args.flag("json") ? `${JSON.stringify(explanation)}\n` : formatExplanation(explanation),
  );
  return explanation.parts.some(({ kind }) => kind !== "skipped") ? exitCodes.ok : exitCodes.failed;
}
