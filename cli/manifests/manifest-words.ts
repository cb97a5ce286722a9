/**
 * Owns: the words of the commands for StreamJobs: their arguments, flags and help.
 * Does not own: the other commands, and how a line of them is parsed (command-line.ts, the only caller).
 *
 * MW1 to CLI3 of command-line.ts hold here too.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type {
  ListFormat,
  ManifestCommand,
  ObjectWord,
  OutputFormat,
  ReportFormat,
  WaitMs,
} from "./manifest-command.ts";

type Found = (command: ManifestCommand) => void;
type Place = { namespace: string };
type Waiting = { wait?: true; timeout?: string };
export type Reported = { output: ReportFormat };
export type Listed = { output: ListFormat };

const WAIT_DEFAULT_MS = 300_000;
const JOB_HELP = "name of a StreamJob";
const SOURCES_HELP = "manifests: .yaml, .yml or .json files, folders of them, or - for stdin";

/** Names of modules that `run` runs itself; whatever else it is given is a manifest. */
export const isModuleName = (name: string): boolean => /\.(?:[cm]?[jt]s|sql)$/.test(name);

/** Adds all commands to the program. */
export function addManifestCommands(program: Command, found: Found): void {
  program
    .command("up")
    .description("run only the control plane, in the foreground, until Ctrl-C; add jobs with `apply`")
    .action(() => found({ kind: "up" }));
  addSending(program, found);
  addReading(program, found);
  addSteering(program, found);
}

/** `-n`. */
function namespaceOption(): Option {
  return new Option("-n, --namespace <name>", "namespace").default("default");
}

/** `--wait` and `--timeout`. */
function addWaiting(command: Command, what: string): Command {
  return command
    .option("--wait", `wait until ${what}, and show what happens`)
    .option("--timeout <duration>", "maximum time to wait, such as 90s (default: 5m); implies --wait");
}

async function waitMsOf(command: Command, { wait, timeout }: Waiting): Promise<WaitMs> {
  return (await durationOf(command, timeout)) ?? (wait === true ? WAIT_DEFAULT_MS : null);
}

/** `-o` of a command that shows a report. */
export function addReport(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "output format").choices(["text", "yaml", "json"]).default("text"),
  );
}

/** `-o` of a command that shows a list. */
export function addList(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "output format").choices(["text", "wide", "yaml", "json"]).default("text"),
  );
}

function addSending(program: Command, found: Found): void {
  const files = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument("[manifest...]", SOURCES_HELP)
      .addOption(
        new Option("-f, --filename <manifest>", "the same, as in kubectl").argParser(collect).default([], "none"),
      )
      .addOption(namespaceOption());
  const sourcesOf = (command: Command, names: readonly string[], flags: { filename: string[] }): readonly string[] => {
    const sources = [...names, ...flags.filename];
    if (sources.length === 0) command.error("error: no manifest given; specify files, folders, or - for stdin");
    return sources;
  };
  const apply = addWaiting(files("apply", "send manifests to the control plane"), "every job in them is ready");
  apply.action(async (names: string[], flags: Place & Waiting & { filename: string[] }) => {
    const sources = sourcesOf(apply, names, flags);
    found({ kind: "apply", sources, namespace: flags.namespace, waitMs: await waitMsOf(apply, flags) });
  });
  const diff = addReport(
    files("diff", "show what applying manifests would change, and its cost (exit code 1: there is a change)"),
  );
  diff.action((names: string[], flags: Place & Reported & { filename: string[] }) => {
    const { namespace, output } = flags;
    found({ kind: "diff", sources: sourcesOf(diff, names, flags), namespace, output });
  });
}

function addReading(program: Command, found: Found): void {
  const get = program
    .command("get")
    .description("show StreamJobs, or snapshots: get, get wc, get snapshots")
    .argument("[what]", "jobs, snapshots, or the name of a job")
    .argument("[name]", "of the job or snapshot")
    .addOption(
      new Option("-o, --output <format>", "output format")
        .choices(["table", "wide", "name", "yaml", "json"])
        .default("table"),
    )
    .option("-w, --watch", "keep showing changes")
    .option("-A, --all-namespaces", "in all namespaces")
    .addOption(namespaceOption());
  type GetFlags = Place & { output: OutputFormat; watch?: true; allNamespaces?: true };
  get.action((first: string | undefined, second: string | undefined, flags: GetFlags) => {
    const namespace = flags.allNamespaces === true ? null : flags.namespace;
    const { output, watch = false } = flags;
    found({ kind: "get", ...whichObject(get, first, second), namespace, output, watch });
  });
  const onJob = (name: string, description: string): Command =>
    program.command(name).description(description).argument("<job>", JOB_HELP).addOption(namespaceOption());
  const describe = addReport(onJob("describe", "show a StreamJob in full: spec, status, pods, snapshots, last events"));
  describe.action((job: string, { namespace, output }: Place & Reported) =>
    found({ kind: "describe", job: jobName(describe, job), namespace, output }),
  );
  const history = addList(
    onJob("history", "show what happened to a StreamJob, and the revisions to which `rollback` can go back"),
  );
  history.action((job: string, { namespace, output }: Place & Listed) =>
    found({ kind: "history", job: jobName(history, job), namespace, output }),
  );
  addLogs(program, found);
  addPortForward(program, found);
  const events = addList(
    program
      .command("events")
      .description("show the events of StreamJobs")
      .argument("[job]", JOB_HELP)
      .option("-w, --watch", "keep showing new events")
      .addOption(namespaceOption()),
  );
  events.action((job: string | undefined, { namespace, output, watch = false }: Place & Listed & { watch?: boolean }) =>
    found({ kind: "events", job: job === undefined ? null : jobName(events, job), namespace, watch, output }),
  );
}

function addLogs(program: Command, found: Found): void {
  type LogFlags = Place & { follow?: true; tail?: number; previous?: true };
  const logs = program
    .command("logs")
    .description("show the log of a pod of a StreamJob")
    .argument("<job>", JOB_HELP)
    .argument("[component]", "jobmanager, taskmanager-0, taskmanager-1, …, or a pod's name", "jobmanager")
    .option("-f, --follow", "keep showing new lines, including those of later incarnations")
    .option("--tail <n>", "only the newest n lines", count)
    .option("--previous", "the log of the container's previous instance")
    .addOption(namespaceOption());
  logs.action((job: string, component: string, { namespace, follow, tail, previous }: LogFlags) =>
    found({
      kind: "logs",
      job: jobName(logs, job),
      namespace,
      component,
      follow: follow ?? false,
      tailLines: tail ?? null,
      previous: previous ?? false,
    }),
  );
}

function addPortForward(program: Command, found: Found): void {
  const forward = program
    .command("port-forward")
    .description(
      "open the REST API of a StreamJob's JobManager on 127.0.0.1 until Ctrl-C; follows the job to its next JobManager",
    )
    .argument("<job>", JOB_HELP)
    .argument("[local-port]", "port on this machine (default: a free one)", localPort)
    .addOption(namespaceOption());
  forward.action((job: string, port: number | undefined, { namespace }: Place) =>
    found({ kind: "portForward", job: jobName(forward, job), port: port ?? null, namespace }),
  );
}

function addSteering(program: Command, found: Found): void {
  const onJob = (name: string, description: string): Command =>
    program.command(name).description(description).argument("<job>", JOB_HELP).addOption(namespaceOption());
  const changing = [
    ["suspend", "stop a StreamJob with a savepoint and keep its state", "it is suspended"],
    ["resume", "resume a suspended StreamJob from its state", "it is ready"],
    ["restart", "restart a StreamJob's pods, with a savepoint", "it is ready"],
  ] as const;
  for (const [kind, description, goal] of changing) {
    const command = addWaiting(onJob(kind, description), goal);
    command.action(async (job: string, flags: Place & Waiting) =>
      found({
        kind,
        job: jobName(command, job),
        namespace: flags.namespace,
        waitMs: await waitMsOf(command, flags),
      }),
    );
  }
  const rollback = addWaiting(
    onJob("rollback", "roll back to an earlier revision, with the current state"),
    "it runs",
  ).option("--to <revision>", "name, hash or number of a revision (default: the previous one that ran)");
  rollback.action(async (job: string, flags: Place & Waiting & { to?: string }) =>
    found({
      kind: "rollback",
      job: jobName(rollback, job),
      namespace: flags.namespace,
      to: flags.to ?? null,
      waitMs: await waitMsOf(rollback, flags),
    }),
  );
  const marking = [
    ["approve", "approve a change that waits for approval (upgrade.approval: manual)"],
    ["pause", "stop managing a StreamJob, including self-healing"],
    ["unpause", "manage a StreamJob again"],
  ] as const;
  for (const [kind, description] of marking) {
    const command = onJob(kind, description);
    command.action((job: string, { namespace }: Place) => found({ kind, job: jobName(command, job), namespace }));
  }
  const remove = program
    .command("delete")
    .description("delete a StreamJob, or a snapshot: delete wc, delete snapshot wc-1")
    .argument("<what>", "the name of a job; or: job, snapshot")
    .argument("[name]", "of the job or snapshot")
    .addOption(namespaceOption());
  addWaiting(remove, "it is gone").action(async (first: string, second: string | undefined, flags: Place & Waiting) => {
    const { what, name } = whichObject(remove, first, second);
    if (name === null) return remove.error(`error: name missing: delete ${first} <name>`);
    found({ kind: "delete", what, name, namespace: flags.namespace, waitMs: await waitMsOf(remove, flags) });
  });
}

const objectWords: Readonly<Record<string, ObjectWord>> = {
  job: "jobs",
  jobs: "jobs",
  streamjob: "jobs",
  streamjobs: "jobs",
  sj: "jobs",
  snapshot: "snapshots",
  snapshots: "snapshots",
  streamjobsnapshot: "snapshots",
  streamjobsnapshots: "snapshots",
  sjsnap: "snapshots",
};

/** `wc`, `job wc`, `snapshots`, `snapshot wc-1`, `snapshot/wc-1`. */
function whichObject(
  command: Command,
  first: string | undefined,
  second: string | undefined,
): { readonly what: ObjectWord; readonly name: string | null } {
  if (first === undefined) return { what: "jobs", name: null };
  const [word = "", name = second] = second === undefined ? first.split("/", 2) : [first];
  const what = Object.hasOwn(objectWords, word) ? objectWords[word] : undefined;
  if (what !== undefined) return { what, name: name ?? null };
  if (second !== undefined || first.includes("/")) {
    return command.error(`error: "${word}" is not a kind of object; use jobs or snapshots`);
  }
  return { what: "jobs", name: first };
}

/** `wc`, or as other commands print it and kubectl takes it: `streamjob/wc`. */
function jobName(command: Command, text: string): string {
  if (!text.includes("/")) return text;
  const { what, name } = whichObject(command, text, undefined);
  if (what === "jobs" && name !== null && name !== "") return name;
  return command.error(`error: ${text} is not a StreamJob; write its name, or streamjob/<name>`);
}

function collect(name: string, before: string[]): string[] {
  return [...before, name];
}

/** A flag's value such as 90s, in milliseconds; null: not given. Whoever writes 90 here does not mean 90 ms. */
export async function durationOf(command: Command, text: string | undefined): Promise<number | null> {
  if (text === undefined) return null;
  const { parseDuration } = await import("../../base/index.ts"); // CLI2
  const parsed = parseDuration(text);
  const hasUnit = !/^[0-9]+$/.test(text);
  if (parsed.kind === "duration" && hasUnit) return parsed.ms;
  const problem = parsed.kind === "invalid" ? parsed.problem : `the unit is missing; write "${text}s" or "${text}ms"`;
  return command.error(`error: option '--timeout <duration>' argument '${text}' is invalid. ${problem}`);
}

function localPort(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a port, from 1 to 65535.");
}

function count(text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0) return value;
  throw new InvalidArgumentError("It must be a whole number, 0 or more.");
}
