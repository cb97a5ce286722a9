/**
 * Owns: the words of the command line: from arguments to a command, or to a message about what is wrong with them.
 * Not here: what commands do.
 *
 * CLI1 Parsing does nothing else: it reads no file and starts nothing.
 * CLI2 What is needed to show help is loaded, and nothing of the engine: it has to be there before a person wonders. What a value needs (a
 *     duration) is loaded when it is given.
 * CLI3 `-n` is the namespace and `-p` the parallelism, in every command.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { completionScript, type Shell, shells } from "./terminal/completion.ts";
import type { LocalClusterOptions } from "./jobs/cluster-options.ts";
import type { ClusterChoice, ListFormat, ManifestCommand, ReportFormat } from "./manifests/manifest-command.ts";
import {
  addList,
  addManifestCommands,
  addReport,
  durationOf,
  isModuleName,
  type Listed,
  type Reported,
} from "./manifests/manifest-words.ts";
import type { JobRequest } from "./jobs/job-request.ts";
import type { SqlCommand } from "./jobs/sql-command.ts";
import { type OutputFormat, outputFormats } from "./sql/sql-words.ts";
import type { StorageCommand } from "./jobs/storage-command.ts";
import type { TxnsCommand } from "./jobs/txns-command.ts";
import { addTransactions } from "./jobs/txns-words.ts";

export type ParsedCommand =
  | { readonly kind: "run"; readonly options: LocalClusterOptions }
  | { readonly kind: "explain"; readonly request: JobRequest; readonly output: ReportFormat }
  | { readonly kind: "list"; readonly output: ListFormat }
  | {
      readonly kind: "savepoint";
      readonly job: string;
      readonly directory: string | null;
      /** null: not said, so that a job that `run` runs itself may be meant as well. */
      readonly namespace: string | null;
      /** Of a StreamJob's savepoint. */
      readonly timeoutMs: number;
      /** Absent: not a cluster. */
      readonly cluster?: ClusterChoice;
    }
  | { readonly kind: "stop"; readonly job: string; readonly drain: boolean; readonly directory: string | null }
  | { readonly kind: "cancel"; readonly job: string }
  | { readonly kind: "checkpoint"; readonly job: string }
  | StorageCommand
  | TxnsCommand
  | SqlCommand
  /** About StreamJobs and their control plane. */
  | {
      readonly kind: "manifests";
      readonly command: ManifestCommand;
      /** Absent: the control plane on this machine. */
      readonly cluster?: ClusterChoice;
    }
  /** `--help`, `--version`, or bad usage: everything there is to say has been written. */
  | { readonly kind: "exit"; readonly exitCode: 0 | 2 };

export type TextOutput = { readonly out: (text: string) => void; readonly err: (text: string) => void };

type JobFlags = { parallelism?: number; define: Record<string, string>; name?: string };
type RunFlags = JobFlags & {
  taskManagers?: number;
  slots?: number;
  fromSavepoint?: string;
  allowNonRestoredState?: true;
  restPort?: number;
  rpcPort?: number;
  namespace?: string;
  image?: string;
  rm?: true;
};

const SAVEPOINT_TIMEOUT_MS = 600_000;

/** `args`: without the program's own name. `isPlugin`: as `kubectl streamjob`, for the cluster of kubectl. */
export async function parseCommandLine(
  args: readonly string[],
  version: string,
  output: TextOutput,
  isPlugin = false,
): Promise<ParsedCommand> {
  let parsed: ParsedCommand = { kind: "exit", exitCode: 2 };
  const name = isPlugin ? "kubectl streamjob" : "streamjob";
  const program = createProgram({ name, version, isPlugin }, output, (command) => (parsed = command));
  let isNamespaceGiven = false;
  program.hook("preAction", (_program, command) => {
    isNamespaceGiven = command.getOptionValueSource("namespace") === "cli";
  });
  try {
    await program.parseAsync(args, { from: "user" });
    const { kubeconfig, context } = program.opts<ClusterFlags>();
    if (kubeconfig !== undefined || context !== undefined || isPlugin) {
      return inCluster(program, parsed, {
        kubeconfig: kubeconfig ?? null,
        context: context ?? null,
        isNamespaceGiven,
      });
    }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "exit", exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  return parsed;
}

type ClusterFlags = { kubeconfig?: string; context?: string };

/** Errors: of commander, for a command that is about this machine. */
function inCluster(program: Command, parsed: ParsedCommand, cluster: ClusterChoice): ParsedCommand {
  if (parsed.kind === "exit") return parsed;
  const isLocal = parsed.kind === "manifests" && parsed.command.kind === "up";
  const isForStreamJobs = parsed.kind === "manifests" || parsed.kind === "savepoint" || parsed.kind === "storage";
  if (isForStreamJobs && !isLocal) return { ...parsed, cluster };
  return program.error(
    "error: this command is about jobs and the control plane on this machine; in a cluster use run, apply, get, describe, logs, events, savepoint and the others for StreamJobs",
  );
}

type ProgramFacts = { readonly name: string; readonly version: string; readonly isPlugin: boolean };

function createProgram(
  { name, version, isPlugin }: ProgramFacts,
  output: TextOutput,
  found: (command: ParsedCommand) => void,
): Command {
  const program = new Command(name)
    .description("Runs and manages stateful stream jobs.")
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showHelpAfterError(`(${name} --help shows all commands and options)`)
    .option(
      "--kubeconfig <file>",
      "kubeconfig of a cluster (without it and --context: the control plane of this machine)",
    )
    .option("--context <name>", "context of the kubeconfig (default: its current one)")
    .addHelpText(
      "after",
      "\nExit codes: 0 finished, stopped or cancelled as requested; 1 failed (diff: there is a change); 2 bad usage, nothing was started (diff: it failed).",
    );
  const isInCluster = (): boolean => {
    const { kubeconfig, context } = program.opts<ClusterFlags>();
    return isPlugin || kubeconfig !== undefined || context !== undefined;
  };
  addRun(program, isInCluster, found);
  addExplain(program, found);
  const job = "<job>";
  const jobHelp = "id, unique prefix of an id, or name of a running job";
  addList(program.command("list"))
    .description("list the jobs that were started here from a module; `get` lists those from manifests")
    .action(({ output }: Listed) => found({ kind: "list", output }));
  const savepoint = program
    .command("savepoint")
    .description("take a savepoint and wait for it; the job keeps running")
    .argument(job, `name of a StreamJob; for a job run from a module: ${jobHelp}`)
    .argument(
      "[directory]",
      "target directory (default: the savepoint directory of the job, or savepoints in the home folder)",
    )
    .option("-n, --namespace <name>", "namespace of the StreamJob (default: default)")
    .option("--timeout <duration>", "maximum time to wait for a StreamJob's savepoint (default: 10m)");
  savepoint.action(
    async (reference: string, directory: string | undefined, flags: { namespace?: string; timeout?: string }) =>
      found({
        kind: "savepoint",
        job: reference,
        directory: directory ?? null,
        namespace: flags.namespace ?? null,
        timeoutMs: (await durationOf(savepoint, flags.timeout)) ?? SAVEPOINT_TIMEOUT_MS,
      }),
  );
  program
    .command("stop")
    .description("take a savepoint and stop the job")
    .argument(job, jobHelp)
    .argument(
      "[directory]",
      "where to (default: execution.checkpointing.savepoint-dir of the job, else savepoints in the home folder)",
    )
    .option(
      "-d, --drain",
      "first fire all windows and timers, as if the input had ended; do not resume from such a savepoint",
    )
    .option(
      "-p, --savepoint-path <directory>",
      "where to (default: execution.checkpointing.savepoint-dir of the job, else savepoints in the home folder)",
    )
    .action((job: string, directory: string | undefined, flags: { drain?: true; savepointPath?: string }) =>
      found({ kind: "stop", job, drain: flags.drain ?? false, directory: directory ?? flags.savepointPath ?? null }),
    );
  program
    .command("cancel")
    .description("cancel the job immediately, without a savepoint")
    .argument(job, jobHelp)
    .action((reference: string) => found({ kind: "cancel", job: reference }));
  program
    .command("checkpoint")
    .description("take a checkpoint now")
    .argument(job, jobHelp)
    .action((reference: string) => found({ kind: "checkpoint", job: reference }));
  addStorage(program, found);
  addTransactions(program, found);
  addSql(program, found);
  addManifestCommands(program, (command) => found({ kind: "manifests", command }));
  program
    .command("completion")
    .description("print a shell completion script: source <(streamjob completion bash)")
    .addArgument(new Argument("<shell>", "yours").choices(shells))
    .action((shell: Shell) => {
      output.out(completionScript(shell, program));
      found({ kind: "exit", exitCode: 0 });
    });
  return program;
}

function addRun(program: Command, isInCluster: () => boolean, found: (command: ParsedCommand) => void): void {
  const command = program
    .command("run")
    .description("run a job in the foreground: a module, or StreamJobs from manifests; saving a manifest applies it")
    .usage(
      "<job.ts> [options] [-- args...]\n       streamjob run <manifest...>   (.yaml, .yml or .json files, folders, or - for stdin)",
    );
  addJobOptions(command)
    .option("--task-managers <n>", "TaskManager processes (default: 1)", wholeNumber(1, 1000))
    .option("--slots <n>", "slots per TaskManager (default: as many as the job needs)", wholeNumber(1, 1000))
    .option(
      "-s, --from-savepoint <path|job>",
      "start from a savepoint or checkpoint, or from the newest one of a job that has ended",
    )
    .option("--allow-non-restored-state", "skip state of the savepoint that no operator of the job restores")
    .option(
      "--rest-port <port>",
      "port of the JobManager's REST on 127.0.0.1 (default: a free one)",
      wholeNumber(1, 65_535),
    )
    .option("--rpc-port <port>", "port for the TaskManagers on 127.0.0.1 (default: a free one)", wholeNumber(1, 65_535))
    .option("-n, --namespace <name>", "namespace for manifests that set none (default: default)")
    .option("--image <image>", "in a cluster: image of a job module (default: the operator's)")
    .option("--rm", "in a cluster: delete at the end what this command created")
    .action((module: string, args: string[], flags: RunFlags) => {
      const isCluster = isInCluster();
      if (flags.rm === true && !isCluster)
        command.error("error: --rm is for a cluster; nothing outlives a local run but state");
      if (!isModuleName(module)) return found(runManifests(command, [module, ...args], flags));
      if (isCluster) return found(runInline(command, module, args, flags));
      if (flags.image !== undefined) command.error("error: --image is for a cluster; locally the module runs as it is");
      if (flags.namespace !== undefined)
        command.error(
          "error: -n is the namespace of manifests, and a job module has none; to skip state of a savepoint use --allow-non-restored-state",
        );
      if (flags.allowNonRestoredState === true && flags.fromSavepoint === undefined) {
        command.error("error: --allow-non-restored-state requires -s, the savepoint to start from");
      }
      const restore =
        flags.fromSavepoint === undefined ? undefined : restoreOf(flags.fromSavepoint, flags.allowNonRestoredState);
      found({
        kind: "run",
        options: {
          ...jobRequest(module, args, flags),
          ...present("taskManagers", flags.taskManagers),
          ...present("slots", flags.slots),
          ...present("restPort", flags.restPort),
          ...present("rpcPort", flags.rpcPort),
          ...present("restore", restore),
        },
      });
    });
}

/** In a cluster a module is run as a StreamJob. */
function runInline(command: Command, module: string, args: readonly string[], flags: RunFlags): ParsedCommand {
  if (flags.restPort !== undefined || flags.rpcPort !== undefined)
    command.error(
      "error: --rest-port and --rpc-port are for a local run; `streamjob port-forward` opens REST of a job in a cluster",
    );
  const { name = null, image = null, define, fromSavepoint } = flags;
  const inline = {
    module,
    name,
    image,
    args,
    options: define,
    ...present("parallelism", flags.parallelism),
    ...present("taskManagers", flags.taskManagers),
    ...present("slots", flags.slots),
    ...present(
      "restore",
      fromSavepoint === undefined
        ? undefined
        : { path: fromSavepoint, allowNonRestoredState: flags.allowNonRestoredState ?? false },
    ),
  };
  return { kind: "manifests", command: { ...runCommand([module], flags), inline } };
}

function runCommand(sources: readonly string[], { namespace, rm }: RunFlags) {
  return {
    kind: "runManifests",
    sources,
    namespace: namespace ?? "default",
    ...present("removes", rm),
  } as const;
}

/** What is a flag for a module is a field of a manifest. */
const fieldsOfFlags: Readonly<Partial<Record<keyof RunFlags, readonly [flag: string, field: string]>>> = {
  parallelism: ["-p", "spec.parallelism"],
  name: ["--name", "metadata.name"],
  taskManagers: ["--task-managers", "spec.taskManager.replicas"],
  slots: ["--slots", "spec.taskManager.slots"],
  fromSavepoint: ["-s", "spec.restore.path"],
  allowNonRestoredState: ["--allow-non-restored-state", "spec.restore.allowNonRestoredState"],
  restPort: ["--rest-port", ""],
  rpcPort: ["--rpc-port", ""],
  image: ["--image", "spec.image"],
};

function runManifests(command: Command, sources: readonly string[], flags: RunFlags): ParsedCommand {
  const module = sources.find(isModuleName);
  if (module !== undefined) {
    command.error(`error: ${module} is a job module and ${sources[0]} is not; run one module, or manifests`);
  }
  if (Object.keys(flags.define).length > 0)
    command.error("error: -D is for a job module; set spec.config in the manifest");
  for (const [name, [flag, field]] of Object.entries(fieldsOfFlags)) {
    if (flags[name as keyof RunFlags] === undefined) continue;
    command.error(
      `error: ${flag} is for a job module; ${field === "" ? "ports are chosen automatically for manifests" : `set ${field} in the manifest`}`,
    );
  }
  return { kind: "manifests", command: runCommand(sources, flags) };
}

function addStorage(program: Command, found: (command: ParsedCommand) => void): void {
  const storage = program
    .command("storage")
    .description("look at where state is stored, and delete what nothing needs");
  const about = (command: Command): Command =>
    addList(
      command
        .argument("<place>", "a folder (./name, /name), s3://bucket/prefix, or the name of a StreamJob")
        .option(
          "-n, --namespace <name>",
          "namespace of the StreamJob (default: default); of the StreamJobs that are asked about a location (default: all)",
        ),
    );
  type Flags = Listed & { namespace?: string; dryRun?: true; yes?: true };
  const add = (command: Command, verb: StorageCommand["verb"]): Command =>
    about(command).action((place: string, { output, namespace, dryRun, yes }: Flags) =>
      found({
        kind: "storage",
        verb,
        place: placeOf(place),
        namespace: namespace ?? null,
        output,
        isDryRun: dryRun ?? false,
        isApproved: yes ?? false,
      }),
    );
  const list = storage
    .command("list")
    .description(
      "list stores and savepoints below a location, or the stores of a StreamJob: what is deleted of each, when and why; deletes nothing",
    );
  add(list, "list");
  const collect = storage
    .command("gc")
    .description("delete what nothing can need: state that a later incarnation has replaced, files of no checkpoint")
    .option("--dry-run", "only show what would go")
    .option("-y, --yes", "do not ask");
  add(collect, "gc");
}

function addSql(program: Command, found: (command: ParsedCommand) => void): void {
  program
    .command("sql")
    .description(
      "run SQL statements, of a terminal, a pipe or a file, and show their results; or check a script, or show its plan",
    )
    .argument("[file]", "the script, such as job.sql, or - for stdin; without it: a shell, or what a pipe has")
    .argument("[args...]", "of a job module, with --declarations")
    .addOption(
      new Option("--output <format>", "how results look").choices(outputFormats).default("table").conflicts(["check"]),
    )
    .option("-p, --parallelism <n>", "parallelism of the jobs that run statements", wholeNumber(1, 32_768))
    .addOption(new Option("--check", "only check the script").conflicts(["explain"]))
    .option("--print", "show each statement in normal form, as it is understood")
    .addOption(new Option("--explain", "show the plan: which operators run, and what each emits").conflicts(["print"]))
    .addOption(new Option("--json", "show the plan as JSON").implies({ explain: true }).conflicts(["print"]))
    .addOption(
      new Option("--svg", "show the plan as a picture").implies({ explain: true }).conflicts(["print", "json"]),
    )
    .addOption(
      new Option(
        "--compare <before>",
        "what of the state of another script, or of its plan as JSON, this one takes over, and why not the rest",
      ).conflicts(["check", "print", "explain", "json", "svg"]),
    )
    .addOption(
      new Option(
        "--declarations",
        "the rows of the tables, views and queries of a script or a job module, as a module of TypeScript",
      ).conflicts(["check", "print", "explain", "json", "svg", "compare"]),
    )
    .action((file: string | undefined, args: string[], flags: SqlFlags, command: Command) => {
      const { check, print, explain, json, svg, compare, declarations, output, parallelism } = flags;
      if (declarations === true) {
        if (file === undefined) return command.error("error: name the script, or the job module");
        return found({ kind: "sql", shows: "declarations", file, args });
      }
      if (args.length > 0) return command.error(`error: one script at a time, and ${args.join(" ")} is more`);
      const isLook = check === true || explain === true || print === true || compare !== undefined;
      if (!isLook) {
        const jobs = parallelism === undefined ? {} : { parallelism };
        found({ kind: "sql", shows: "results", file: file ?? null, format: output, ...jobs });
        return;
      }
      if (file === undefined) return command.error("error: name the script, or - for stdin");
      if (compare !== undefined) return found({ kind: "sql", file, shows: "problems", comparedWith: compare });
      const shows =
        json === true
          ? "json"
          : svg === true
            ? "svg"
            : explain === true
              ? "plan"
              : print === true
                ? "statements"
                : "problems";
      found({ kind: "sql", file, shows });
    });
}

type SqlFlags = {
  readonly check?: true;
  readonly print?: true;
  readonly explain?: true;
  readonly json?: true;
  readonly svg?: true;
  readonly compare?: string;
  readonly declarations?: true;
  readonly output: OutputFormat;
  readonly parallelism?: number;
};

/** A bare word is a StreamJob, as everywhere; a folder is written as one. */
function placeOf(text: string): StorageCommand["place"] {
  const [, job] = /^(?:streamjobs?|sj|jobs?)\/([^/]+)$/.exec(text) ?? [];
  if (job !== undefined) return { kind: "job", job };
  return /[/\\:]|^\.+$/.test(text) ? { kind: "location", location: text } : { kind: "job", job: text };
}

function addExplain(program: Command, found: (command: ParsedCommand) => void): void {
  const command = program
    .command("explain")
    .description("show a job's graph: its tasks, operators and uids; runs nothing");
  addReport(addJobOptions(command)).action((module: string, args: string[], flags: JobFlags & Reported) =>
    found({ kind: "explain", request: jobRequest(module, args, flags), output: flags.output }),
  );
}

function addJobOptions(command: Command): Command {
  return command
    .argument("<module>", "the job module, such as job.ts")
    .argument("[args...]", "arguments for the job, after --")
    .option(
      "-p, --parallelism <n>",
      "parallelism of operators that do not set their own (default: 1)",
      wholeNumber(1, 32_768),
    )
    .option("--name <name>", "the job's name")
    .addOption(
      new Option("-D, --define <key=value>", "set an option of the job; can be repeated")
        .argParser(addDefinition)
        .default({}, "none"),
    );
}

function jobRequest(module: string, args: readonly string[], flags: JobFlags): JobRequest {
  return {
    module,
    args,
    options: flags.define,
    ...present("parallelism", flags.parallelism),
    ...present("name", flags.name),
  };
}

function restoreOf(path: string, allowNonRestoredState: true | undefined): NonNullable<LocalClusterOptions["restore"]> {
  return { path, allowNonRestoredState: allowNonRestoredState ?? false };
}

/** A property that is not there when its value is undefined. */
function present<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]: V });
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function addDefinition(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write key=value.");
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  if (Object.hasOwn(before, key) && before[key] !== value)
    throw new InvalidArgumentError(`${key} is given twice, with different values.`);
  // Computed in a literal it is an own property, also when it is called __proto__: the job's options refuse it by name.
  return { ...before, [key]: value };
}
