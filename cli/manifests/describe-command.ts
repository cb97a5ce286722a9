/**
 * Owns: `streamjob describe`: all about one StreamJob on one page.
 */
import { formatDuration } from "../../base/index.ts";
import {
  JOB_LABEL,
  readSnapshotStatus,
  type StreamJob,
  type StreamJobSnapshot,
  type StreamJobStatus,
  withDefaults,
  validateStreamJob,
  type ResolvedSpec,
} from "../../crds/index.ts";
import type { Event, Pod } from "../../operator/kubernetes/api/index.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import { incarnationOf } from "../../operator/engine/index.ts";
import { showAsValue } from "../terminal/report.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { EVENT_HEADINGS, eventRow, eventsOf } from "./event-list.ts";
import { ageText, bytesText } from "./job-facts.ts";
import { isReadyPod, podRestarts, podsOf, podState, shortName } from "./job-pods.ts";
import { type LiveFacts, liveFactsOf } from "./live-facts.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed, listAll, readable } from "./named-objects.ts";

const EVENTS_SHOWN_MAX = 10;

/** Errors: OBJECT_NOT_FOUND, STATUS_UNREADABLE. */
export async function describeCommand(context: CommandContext, command: JobCommand<"describe">): Promise<ExitCode> {
  const { api, terminal } = context;
  const job = await getNamed(api, "StreamJob", command.job, command.namespace);
  const { namespace, name } = job.metadata;
  const [live, pods, events, snapshots] = await Promise.all([
    liveFactsOf(context, job),
    podsOf(api, job),
    eventsOf(api, name, namespace),
    listAll(api, "StreamJobSnapshot", { namespace }),
  ]);
  const status = statusOf(job);
  const { columns } = terminal;
  const nowMs = terminal.clock.nowMs();
  const own = snapshots.filter(
    ({ metadata, spec }) => metadata.labels?.[JOB_LABEL] === name || spec.jobRef.name === name,
  );
  const isShown = await showAsValue(terminal, command.output, () => ({
    job: readable(job),
    runs: { parallelism: live.parallelism },
    lastCheckpoint: live.lastCheckpoint,
    isCheckpointCurrent: live.isCheckpointCurrent,
    pods: pods.map(readable),
    snapshots: own.map(readable),
    events: events.map(readable),
  }));
  if (isShown) return 0;
  const sections = [
    linesOf(about(job, status, live, nowMs), columns),
    section("Spec", specLines(job), columns),
    section("Operation", operationLines(status, nowMs), columns),
    section("Conditions", conditionLines(status, nowMs), columns),
    section("Pods", podLines(pods, status, nowMs), columns),
    section("Snapshots", snapshotLines(own, nowMs), columns),
    section("Events", eventLines(events, nowMs), columns),
  ];
  terminal.out(
    sections
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join("\n"))
      .join("\n\n"),
  );
  return 0;
}

/** A table, its last column wrapped to the terminal's width; or lines as they are. */
type Block = { readonly rows: readonly (readonly string[])[] } | { readonly lines: readonly string[] };

function linesOf(block: Block, columns: number | null): readonly string[] {
  return "lines" in block ? block.lines : formatTable(block.rows, columns);
}

function section(title: string, block: Block, columns: number | null): string[] {
  const lines = linesOf(block, columns === null ? null : columns - 2);
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

/** `name   value` in two columns; rows without a value are left out. */
function facts(rows: readonly (readonly [string, string | null])[]): Block {
  return { rows: rows.filter(([, value]) => value !== null).map(([name, value]) => [`${name}:`, value ?? ""]) };
}

function about(job: StreamJob, status: StreamJobStatus, live: LiveFacts, nowMs: number): Block {
  const { name, namespace, generation = 0, creationTimestamp, deletionTimestamp } = job.metadata;
  const { active, phase, restarts, lastSavepoint, resume, stable } = status;
  const { lastCheckpoint, parallelism } = live;
  const asOf = live.isCheckpointCurrent
    ? ""
    : " (from the status: its JobManager does not answer, so there may be a newer one)";
  const lag = status.observedGeneration < generation ? `, observed up to ${status.observedGeneration}` : "";
  return facts([
    ["Name", name],
    ["Namespace", namespace],
    ["State", phase],
    [
      "Created",
      creationTimestamp === undefined ? null : `${creationTimestamp} (${ageText(creationTimestamp, nowMs)} ago)`,
    ],
    ["Deleted", deletionTimestamp === undefined ? null : `requested at ${deletionTimestamp}`],
    ["Generation", `${generation}${lag}`],
    [
      "Runs",
      active === undefined
        ? null
        : `generation ${active.generation} as incarnation ${active.incarnation}, revision ${active.revision}${parallelism === null ? "" : `, parallelism ${parallelism}`}${active.ended === null ? "" : ` (${active.ended.status})`}`,
    ],
    ["Job id", status.jobId ?? null],
    ["Restarts", active === undefined ? null : String(restarts)],
    ["Stable", stable === undefined ? null : `generation ${stable.generation}, revision ${stable.revision}`],
    ["Failed", status.failed === undefined ? null : `generation ${status.failed.generation}: ${status.failed.reason}`],
    [
      "Last checkpoint",
      lastCheckpoint === null
        ? null
        : `${lastCheckpoint.id}, ${ageText(lastCheckpoint.time, nowMs)} ago, ${bytesText(lastCheckpoint.sizeBytes)}, ${lastCheckpoint.path}${asOf}`,
    ],
    [
      "Last savepoint",
      lastSavepoint === undefined
        ? null
        : `${lastSavepoint.name}, ${ageText(lastSavepoint.time, nowMs)} ago, ${lastSavepoint.path}`,
    ],
    [
      "Resumes from",
      resume === undefined
        ? null
        : resume.kind === "none"
          ? "nothing; it never ran"
          : resume.kind === "path"
            ? resume.path
            : (resume.savepoint ?? `the newest state in ${resume.storeUri}`),
    ],
  ]);
}

function specLines(job: StreamJob): Block {
  const validated = validateStreamJob(job);
  if (validated.kind === "invalid")
    return { lines: ["is invalid:", ...validated.issues.map(({ path, message }) => `${path} ${message}`)] };
  const spec = withDefaults(job.spec);
  const { checkpoints, upgrade } = spec;
  return facts([
    ["Wanted", spec.state],
    ["Job", programText(spec)],
    ["Arguments", spec.job.args.length === 0 ? null : spec.job.args.map((text) => JSON.stringify(text)).join(" ")],
    ["Image", spec.image],
    [
      "Parallelism",
      `${spec.parallelism}${spec.maxParallelism === null ? "" : `, at most ${spec.maxParallelism}`}, on ${spec.taskManager.replicas} TaskManager${spec.taskManager.replicas === 1 ? "" : "s"} with ${spec.taskManager.slots} slot${spec.taskManager.slots === 1 ? "" : "s"}`,
    ],
    [
      "Checkpoints",
      `every ${formatDuration(checkpoints.intervalMs)}, ${checkpoints.mode}, ${checkpoints.retainCount} kept`,
    ],
    [
      "Savepoints",
      spec.savepoints.schedule === null
        ? null
        : `scheduled "${spec.savepoints.schedule}" (UTC), ${spec.savepoints.retainCount} kept`,
    ],
    ["Restart", spec.restart.kind],
    [
      "On failure",
      spec.recovery.onFailed === "never" ? "stays FAILED" : `restarted, at most ${spec.recovery.attemptsMax} times`,
    ],
    [
      "Upgrade",
      `by ${upgrade.mode}, ${upgrade.standby}, ${upgrade.rollback ? "rolled back on failure" : "not rolled back"}, approval ${upgrade.approval}`,
    ],
  ]);
}

const lineCount = (text: string): number => text.trimEnd().split("\n").length;

function programText({ job: { source } }: ResolvedSpec): string {
  switch (source.kind) {
    case "module":
      return source.path;
    case "configMap":
      return `${source.key} of ConfigMap ${source.name}`;
    case "inline":
      return `inline, ${lineCount(source.text)} lines`;
    case "sql":
      return `SQL, ${lineCount(source.text)} lines`;
  }
}

function operationLines({ operation }: StreamJobStatus, nowMs: number): Block {
  if (operation === undefined) return { lines: [] };
  const { kind, step, attempt, fromGeneration, toGeneration, from, to, savepoint } = operation;
  const incarnations =
    from === null ? `to incarnation ${to}` : to === null ? `of incarnation ${from}` : `incarnation ${from} to ${to}`;
  const generations =
    fromGeneration === null || fromGeneration === toGeneration
      ? `generation ${toGeneration}`
      : `generation ${fromGeneration} to ${toGeneration}`;
  return facts([
    ["What", `${kind}, ${generations}, ${incarnations}`],
    ["Since", `${operation.startedAt} (${ageText(operation.startedAt, nowMs)} ago)`],
    ["Step", `${step}, for ${ageText(operation.stepSince, nowMs)}${attempt === 0 ? "" : `, attempt ${attempt + 1}`}`],
    ["Waits for", operation.message],
    [
      "Savepoint",
      savepoint === null ? null : savepoint.path === null ? `in progress, target ${savepoint.target}` : savepoint.path,
    ],
    ["Not before", operation.notBefore],
  ]);
}

function conditionLines({ conditions }: StreamJobStatus, nowMs: number): Block {
  if (conditions.length === 0) return { lines: [] };
  const rows = conditions.map(({ type, status, lastTransitionTime, reason, message }) => [
    type,
    status,
    ageText(lastTransitionTime, nowMs),
    reason,
    message,
  ]);
  return { rows: [["TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"], ...rows] };
}

function podLines(pods: readonly Pod[], { active }: StreamJobStatus, nowMs: number): Block {
  if (pods.length === 0) return { lines: [] };
  const rows = pods.map((pod) => {
    const incarnation = incarnationOf(pod);
    return [
      incarnation === null ? "-" : `${incarnation}${incarnation === active?.incarnation ? " (active)" : ""}`,
      shortName(pod),
      isReadyPod(pod) ? "True" : "False",
      String(podRestarts(pod)),
      ageText(pod.metadata.creationTimestamp, nowMs),
      podState(pod),
    ];
  });
  return { rows: [["INCARNATION", "POD", "READY", "RESTARTS", "AGE", "STATE"], ...rows] };
}

function snapshotLines(snapshots: readonly StreamJobSnapshot[], nowMs: number): Block {
  if (snapshots.length === 0) return { lines: [] };
  const rows = snapshots.map(({ metadata, spec, status }) => {
    const read = readSnapshotStatus(status);
    const [phase, place] =
      read.kind === "read"
        ? [read.status.phase, read.status.location ?? read.status.message ?? "-"]
        : ["unreadable", "-"];
    return [metadata.name, spec.origin ?? "manual", phase, ageText(metadata.creationTimestamp, nowMs), place];
  });
  return { rows: [["NAME", "ORIGIN", "STATE", "AGE", "LOCATION"], ...rows] };
}

function eventLines(events: readonly Event[], nowMs: number): Block {
  if (events.length === 0) return { lines: [] };
  const rows = events.slice(-EVENTS_SHOWN_MAX).map((event) => eventRow(event, nowMs));
  return { rows: [EVENT_HEADINGS, ...rows] };
}
