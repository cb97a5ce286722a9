/**
 * Owns: `streamjob completion <shell>`: the script by which a shell completes commands, flags, their values and names of jobs.
 * Called by: command-line.ts, whose words it is made of. Pure.
 *
 * COM1 Made from the commands as they are declared: nothing is listed a second time.
 * COM2 Names of jobs are asked for when the key is pressed; where nobody answers there are none.
 */
import type { Argument, Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What prints the names that a command's `<job>` may be, one a line. */
const MODULE_JOBS = `streamjob list 2>/dev/null | awk 'NR > 1 { print $2 }'`;
const STREAM_JOBS = `streamjob get 2>/dev/null | awk 'NR > 1 { print $1 }'`;
const ofModules = new Set(["stop", "cancel", "checkpoint"]);
const isJobName = (argument: Argument): boolean => argument.name() === "job" || argument.name() === "what";

type Words = { readonly name: string; readonly flags: readonly string[]; readonly jobs: string | null };

/** To be read by the shell: `source <(streamjob completion bash)`. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = program.commands.map(wordsOf);
  switch (shell) {
    case "bash":
      return bash(commands, program);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands, program)}`;
    case "fish":
      return fish(program);
  }
}

function wordsOf(command: Command): Words {
  const name = command.name();
  const takesJob = command.registeredArguments.some(isJobName);
  const jobs = ofModules.has(name)
    ? MODULE_JOBS
    : name === "savepoint"
      ? `{ ${STREAM_JOBS}; ${MODULE_JOBS}; }`
      : STREAM_JOBS;
  return { name, flags: [...command.options.flatMap(flagsOf), "--help"], jobs: takesJob ? jobs : null };
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined && flag !== null);
}

function bash(commands: readonly Words[], program: Command): string {
  const names = [...commands.map(({ name }) => name), "--help", "--version"].join(" ");
  const ofValues = program.commands.flatMap((command) =>
    command.options.flatMap((option) => {
      const patterns = flagsOf(option).map((flag) => `"${command.name()} ${flag}"`);
      return option.argChoices === undefined
        ? []
        : [`    ${patterns.join("|")}) words="${option.argChoices.join(" ")}" ;;`];
    }),
  );
  const ofCommands = commands.map(({ name, flags, jobs }) => {
    const jobWords = jobs === null ? "" : ` [[ $current == -* ]] || words="$(${jobs})";`;
    return `    ${name}) words="${flags.join(" ")}";${jobWords} ;;`;
  });
  return `_streamjob() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) command="$word"; break ;; esac
  done
  case "$command" in
    "") words="${names}" ;;
${ofCommands.join("\n")}
  esac
  case "$command $before" in
${ofValues.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _streamjob streamjob
`;
}

function fish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const { name, jobs } = wordsOf(command);
    const within = `complete -c streamjob -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c streamjob -n __fish_use_subcommand -f -a ${name} -d ${quoted(command.description())}`,
      ...command.options.map((option) => `${within}${fishOption(option)}`),
      ...(jobs === null ? [] : [`${within} -f -a ${quoted(`(${jobs})`)}`]),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function fishOption({ short, long, required, argChoices, description }: Option): string {
  const parts = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(required ? ["-r"] : []),
    ...(argChoices === undefined ? [] : [`-f -a ${quoted(argChoices.join(" "))}`]),
  ];
  return ` ${parts.join(" ")} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
