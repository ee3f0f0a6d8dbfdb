/** The command `asicd completion`: shell scripts made from the same tables that parse the command line. */
import { type Command, exitCodes } from "../command.ts";
import { commonOptions } from "../parse-args.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** `loadCommands` gives every command of the program; this one is added. */
export function completionCommand(loadCommands: () => Promise<readonly Command[]>): Command {
  const command: Command = {
    name: "completion",
    summary: "print a script that completes commands and options in your shell",
    usage: "bash|zsh|fish",
    description: "Prints the script; the examples show where it goes.",
    positionals: "the shell: bash, zsh or fish",
    options: {},
    examples: [
      "asicd completion bash > /etc/bash_completion.d/asicd",
      'asicd completion zsh > "$' + '{fpath[1]}/_asicd"',
      "asicd completion fish > ~/.config/fish/completions/asicd.fish",
    ],
    async run(args, context) {
      const [word = "", ...more] = args.positionals;
      const shell = shells.find((known) => known === word);
      if (shell === undefined || more.length > 0)
        args.problem({ path: "shell", problem: "is needed, once", allowed: shells.join(", ") });
      args.finish();
      context.stdout(scripts[shell ?? "bash"]([...(await loadCommands()), command]));
      return exitCodes.ok;
    },
  };
  return command;
}

const scripts: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** "create|list|revoke [NAME]": what the first argument can be. */
function verbsOf({ usage }: Command): readonly string[] {
  return /^[a-z-]+(\|[a-z-]+)+/.exec(usage)?.[0].split("|") ?? [];
}

function optionsOf({ options }: Command) {
  return Object.entries({ ...options, ...commonOptions }).map(([name, spec]) => ({
    name,
    takesValue: spec.type === "string",
    takesFile: spec.type === "string" && /^(FILE|DIR|SOCKET|PATH)$/.test(spec.value ?? ""),
    text: spec.description,
  }));
}

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const options = optionsOf(command);
    const words = [...verbsOf(command), ...options.map(({ name }) => `--${name}`)];
    const files = options.filter(({ takesFile }) => takesFile).map(({ name }) => `--${name}`);
    const values = options
      .filter(({ takesValue, takesFile }) => takesValue && !takesFile)
      .map(({ name }) => `--${name}`);
    return [
      `    ${command.name})`,
      ...(files.length === 0
        ? []
        : [`      case $before in ${files.join("|")}) compopt -o default; return ;; esac`]),
      ...(values.length === 0 ? [] : [`      case $before in ${values.join("|")}) return ;; esac`]),
      `      words="${words.join(" ")}" ;;`,
    ].join("\n");
  });
  const names = commands.map(({ name }) => name).join(" ");
  return `# bash completion for asicd
_asicd() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} help --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) words="${names}" ;;
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _asicd asicd
`;
}

function zshScript(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  const cases = commands.map((command) => {
    const specs = optionsOf(command).map(({ name, takesValue, takesFile, text }) => {
      const value = takesFile ? ":file:_files" : takesValue ? ":value: " : "";
      return `      '--${name}[${zshText(text)}]${value}'`;
    });
    const verbs = verbsOf(command);
    const first = verbs.length === 0 ? [] : [`      '1:what:(${verbs.join(" ")})'`];
    return `    ${command.name}) _arguments \\\n${[...first, ...specs].join(" \\\n")} ;;`;
  });
  return `#compdef asicd
_asicd() {
  local -a commands
  commands=(
${list.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
    help) _describe command commands ;;
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_asicd" ]; then _asicd "$@"; else compdef _asicd asicd; fi
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    return [
      `complete -c asicd -n __fish_use_subcommand -a ${command.name} -d '${fishText(command.summary)}'`,
      ...verbsOf(command).map((verb) => `complete -c asicd ${when} -a ${verb}`),
      ...optionsOf(command).map(({ name, takesValue, takesFile, text }) => {
        const value = takesFile ? " -r -F" : takesValue ? " -x" : "";
        return `complete -c asicd ${when} -l ${name}${value} -d '${fishText(text)}'`;
      }),
    ];
  });
  return `# fish completion for asicd\ncomplete -c asicd -f\n${lines.join("\n")}\n`;
}

/** Inside single quotes; brackets and colons divide its specifications. */
function zshText(text: string): string {
  return text.replaceAll("'", "’").replace(/[[\]:\\]/g, (char) => `\\${char}`);
}

function fishText(text: string): string {
  return text.replaceAll("'", "’").replaceAll("\\", "\\\\");
}
