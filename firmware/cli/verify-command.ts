/** The command `asicd verify`: judges a nonce that a chip reported. */
import { explainedChip, explainedChipNames } from "./chip-option.ts";
import { type Command, type CommandContext, exitCodes } from "./command.ts";
import { bytesOf } from "./decode.ts";
import type { ParsedArgs } from "./parse-args.ts";
import { formatVerdict, verifyAnswer } from "./verify.ts";

export const verifyCommand: Command = {
  name: "verify",
  summary: "rebuild the header behind a chip's answer and judge its hash",
  usage: "--job HEX --response HEX [--chip NAME] [options]",
  description: `Takes a full-header job as it was sent and a nonce answer as it was received, hashes the header that they make, and prints
hash, difficulty and verdict.

Exit code 1 when the answer is not good.`,
  options: {
    job: { type: "string", value: "HEX", description: "the job frame, 88 bytes" },
    response: { type: "string", value: "HEX", description: "the answer frame, 9 or 11 bytes" },
    chip: {
      type: "string",
      value: "NAME",
      description: `whose rules hold: ${explainedChipNames()}`,
      defaultText: "what the job ids tell",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  // A share that a Bitaxe Gamma found and a pool accepted, as published in mujina's test data.
  examples: [
    "asicd verify --job 55aa2156680100000000043a0217d76854685519a7cb044f88726355919e61a98bcf71a0c28795ea54db8c36414b06ddf5f00000000000000000965201001d3996bca3f4670dfcd4f201c162b96dfd55646b00000020721c --response aa554c0352750cd205a29c",
  ],
  run,
};

async function run(args: ParsedArgs, context: CommandContext): Promise<number> {
  args.require("job", "response");
  const jobHex = args.string("job", undefined);
  const responseHex = args.string("response", undefined);
  const chip = args.string("chip", undefined);
  if (jobHex !== undefined) args.attempt("--job", () => bytesOf("--job", jobHex), undefined);
  if (responseHex !== undefined)
    args.attempt("--response", () => bytesOf("--response", responseHex), undefined);
  if (chip !== undefined) args.attempt("--chip", () => explainedChip(chip), undefined);
  args.finish();

  const verdict = verifyAnswer({
    jobHex: jobHex ?? "",
    responseHex: responseHex ?? "",
    ...(chip === undefined ? {} : { chip }),
  });
  context.stdout(args.flag("json") ? `${JSON.stringify(verdict)}\n` : formatVerdict(verdict));
  return verdict.verdict === "good" ? exitCodes.ok : exitCodes.failed;
}
