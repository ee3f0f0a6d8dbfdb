/** The command `asicd update`; what it does is loaded when it is used. */
import type { Command } from "../cli/command.ts";

const DEFAULT_CONFIG = "/etc/asicd.jsonc";

export const updateCommand: Command = {
  name: "update",
  summary: "install another version, which stays only if it proves itself",
  usage: "FILE [options] | --status | --return | --confirm | --activate NAME",
  positionals: "FILE: asicd-<version>-linux-<target>.update, or an image for OpenWrt's sysupgrade",
  description: `The file is checked in full, laid beside the version that runs, and started. When guard, API and boards are not well within ten
minutes, or it cannot even start, the version before comes back by itself, with its settings. Nothing is lost when power
fails meanwhile. Without --yes it says what would change and asks; without a terminal it changes nothing.`,
  options: {
    check: { type: "boolean", description: "say what would change, and change nothing" },
    yes: { type: "boolean", description: "do not ask" },
    "allow-downgrade": {
      type: "boolean",
      description: "also take the same or an older version",
    },
    "stage-only": { type: "boolean", description: "lay it beside, and start it another time" },
    activate: {
      type: "string",
      value: "NAME",
      description: "start what was laid beside; NAME as --status shows it",
    },
    "no-restart": {
      type: "boolean",
      description: "let the version that runs go on until somebody restarts it",
    },
    status: { type: "boolean", description: "which versions are here, and which of them runs" },
    return: { type: "boolean", description: "go back to the version before, and its settings" },
    confirm: { type: "boolean", description: "the version on trial stays: you have looked at it" },
    config: {
      type: "string",
      value: "FILE",
      description: "the settings that asicd run has",
      defaultText: DEFAULT_CONFIG,
    },
    socket: {
      type: "string",
      value: "FILE",
      description: "Unix socket of the asicd that runs",
      defaultText: "operator.sock in its runtime folder",
    },
    json: { type: "boolean", description: "JSON for scripts" },
  },
  examples: [
    "asicd update asicd-0.2.0-linux-armv7.update",
    "asicd update --check asicd-0.2.0-linux-armv7.update",
    "asicd update --status",
  ],
  async run(args, context) {
    const verbs = ["status", "return", "confirm"] as const;
    const chosen = verbs.filter((verb) => args.flag(verb));
    const activate = args.string("activate", undefined);
    const file = args.positionals[0];
    const wishes = {
      file: file ?? "",
      tree: activate ?? "",
      check: args.flag("check"),
      yes: args.flag("yes"),
      allowDowngrade: args.flag("allow-downgrade"),
      noRestart: args.flag("no-restart"),
      stageOnly: args.flag("stage-only"),
      configFile: args.string("config", context.env["ASICD_CONFIG"] ?? DEFAULT_CONFIG),
      socket: args.string("socket", undefined),
      json: args.flag("json"),
      root: context.env["ASICD_ROOT"] ?? "",
    };
    const given = chosen.length + args.positionals.length + (activate === undefined ? 0 : 1);
    if (given !== 1)
      args.problem({
        path: "update",
        problem: given === 0 ? "what is to be done?" : "can do one thing at a time",
        allowed: updateCommand.usage,
      });
    args.finish();
    const { performUpdate } = await import("./perform-update.ts");
    const verb = chosen[0] ?? (activate === undefined ? "install" : "activate");
    return performUpdate({ ...wishes, verb }, context);
  },
};
