/**
 * Owns: `streamjob completion <shell>`: the script by which a shell completes commands, flags, their values and names of jobs.
 * Called by: command-line.ts, whose words it is made of. Pure.
 *
 * COM1 Made from the commands as they are declared: nothing is listed a second time.
 * COM2 Names of jobs are asked for when the key is pressed, of the cluster and namespace that the line names; those of contexts and namespaces of
 *     kubectl, where it is there. Where nobody answers there are none.
 */
import type { Argument, Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What prints the names that a command's `<job>` may be, one a line. */
const MODULE_JOBS = `streamjob list 2>/dev/null | awk 'NR > 1 { print $2 }'`;
const STREAM_JOBS = (flags: string): string => `streamjob get -o name ${flags} 2>/dev/null | sed 's|^.*/||'`;
const BASH_FLAGS = `"\${cluster[@]}" "\${place[@]}"`;
const FISH_FLAGS = "(__streamjob_flags --kubeconfig --context -n --namespace)";
const CONTEXTS = (flags: string): string => `kubectl config get-contexts -o name ${flags} 2>/dev/null`;
const NAMESPACES = (flags: string): string => `kubectl get namespaces -o name ${flags} 2>/dev/null | sed 's|^.*/||'`;
const ofModules = new Set(["stop", "cancel", "checkpoint"]);
const isJobName = (argument: Argument): boolean => argument.name() === "job" || argument.name() === "what";

type Words = { readonly name: string; readonly flags: readonly string[]; readonly jobs: string | null };

/** To be read by the shell: `source <(streamjob completion bash)`. */
export function completionScript(shell: Shell, program: Command): string {
  const commands = program.commands.map((command) => wordsOf(command, BASH_FLAGS));
  switch (shell) {
    case "bash":
      return bash(commands, program);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands, program)}`;
    case "fish":
      return fish(program);
  }
}

/** `flags`: of the cluster and namespace, as the shell has them. */
function wordsOf(command: Command, flags: string): Words {
  const name = command.name();
  const takesJob = command.registeredArguments.some(isJobName);
  const jobs = ofModules.has(name)
    ? MODULE_JOBS
    : name === "savepoint"
      ? `{ ${STREAM_JOBS(flags)}; ${MODULE_JOBS}; }`
      : STREAM_JOBS(flags);
  return { name, flags: [...command.options.flatMap(flagsOf), "--help"], jobs: takesJob ? jobs : null };
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined && flag !== null);
}

function bash(commands: readonly Words[], program: Command): string {
  const names = [...commands.map(({ name }) => name), ...program.options.flatMap(flagsOf), "--help"].join(" ");
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
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" index
  local -a cluster=() place=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
      --kubeconfig|--context) cluster+=("\${COMP_WORDS[index]}" "\${COMP_WORDS[index+1]}"); ((index++)) ;;
      -n|--namespace) place+=(-n "\${COMP_WORDS[index+1]}"); ((index++)) ;;
      -*) ;;
      *) [[ -n $command ]] || command="\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$command" in
    "") words="${names}" ;;
${ofCommands.join("\n")}
  esac
  case "$command $before" in
${ofValues.join("\n")}
  esac
  case "$before" in
    --context) words="$(${CONTEXTS('"${cluster[@]:0:2}"')})" ;;
    -n|--namespace) words="$(${NAMESPACES('"${cluster[@]}"')})" ;;
    --kubeconfig) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _streamjob streamjob
`;
}

/** Flags of the line that were given a value, with it. */
const FISH_FUNCTION = `function __streamjob_flags
  set -l words (commandline -opc)
  for index in (seq (count $words))
    if contains -- $words[$index] $argv; and test $index -lt (count $words)
      echo -- $words[$index]
      echo -- $words[(math $index + 1)]
    end
  end
end`;

function fish(program: Command): string {
  const cluster = "(__streamjob_flags --kubeconfig --context)";
  const values: Readonly<Record<string, string>> = {
    "--context": CONTEXTS("(__streamjob_flags --kubeconfig)"),
    "--namespace": NAMESPACES(cluster),
  };
  const option = (each: Option): string => fishOption(each, values[each.long ?? ""]);
  const lines = program.commands.flatMap((command) => {
    const { name, jobs } = wordsOf(command, FISH_FLAGS);
    const within = `complete -c streamjob -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c streamjob -n __fish_use_subcommand -f -a ${name} -d ${quoted(command.description())}`,
      ...command.options.map((each) => `${within}${option(each)}`),
      ...(jobs === null ? [] : [`${within} -f -a ${quoted(`(${jobs})`)}`]),
    ];
  });
  const ofProgram = program.options.map((each) => `complete -c streamjob${option(each)}`);
  return `${[FISH_FUNCTION, ...ofProgram, ...lines].join("\n")}\n`;
}

/** `words`: what prints the values that it may have; undefined: its choices, or any. */
function fishOption({ short, long, required, argChoices, description }: Option, words?: string): string {
  const parts = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(required ? ["-r"] : []),
    ...(argChoices === undefined ? [] : [`-f -a ${quoted(argChoices.join(" "))}`]),
    ...(words === undefined ? [] : [`-f -a ${quoted(`(${words})`)}`]),
  ];
  return ` ${parts.join(" ")} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
