/**
 * Owns: `streamjob diff`: what applying manifests would change, what that costs and what will happen; nothing is sent.
 *
 * DIC1 Exit codes are those of `kubectl diff`: 0 no change, 1 a change, and more than 1 (2) when that could not be
 *     found out, whatever the reason; main.ts sees to it.
 * DIC2 Compared is with what runs: a spec that was never rolled out cannot make a change look cheaper than it is.
 * DIC3 What happens is what the operator's own decision says of the changed object, not a retelling of it.
 */
import { type StreamJob, type StreamJobSpec, type StreamJobStatus, validateStreamJob } from "../../crds/index.ts";
import type { ConfigMap, KubernetesApi, Kinds } from "../../operator/kubernetes/api/index.ts";
import { nativeEngine } from "../../operator/engine-native/index.ts";
import { preview, runtimePart, statusOf } from "../../operator/reconcile/index.ts";
import { showAsValue } from "../terminal/report.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import { readNamed, refuseProblems } from "./apply-command.ts";
import { outlookOf } from "./change-outlook.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { conditionOf } from "./job-facts.ts";
import { findOut, type Found } from "./known-job.ts";
import type { JobCommand } from "./manifest-command.ts";
import type { ManifestKind, ManifestObject } from "./manifest-set.ts";
import type { ManifestProblem } from "./manifest-text.ts";
import { stateOutlook } from "./manifest-scripts.ts";
import { listAll } from "./named-objects.ts";
import { previewApply } from "./preview.ts";
import { changedValues, diffSpecs } from "./spec-diff.ts";

type Report = {
  readonly isChange: boolean;
  readonly lines: readonly string[];
  /** Of a changed spec, for programs. */
  readonly details?: {
    readonly cost: string;
    readonly fields: readonly object[];
    readonly outlook: readonly string[];
    /** Of a changed script of SQL: what becomes of the state of each of its operators. */
    readonly state?: readonly string[];
  };
};

const change = (...lines: readonly string[]): Report => ({ isChange: true, lines });
const same = (...lines: readonly string[]): Report => ({ isChange: false, lines });

/** Errors: MANIFEST_INVALID. */
export async function diffCommand(
  context: CommandContext,
  { sources, namespace, output }: JobCommand<"diff">,
): Promise<ExitCode> {
  const { api, terminal } = context;
  const set = await readNamed(terminal, sources, namespace, context.isLocal);
  const problems: ManifestProblem[] = [];
  const reports: (readonly [ManifestObject, Report])[] = [];
  for (const manifest of set.objects) {
    const { kind, name } = manifest;
    const live: Kinds[ManifestKind] | null = await api.get(kind, { namespace: manifest.namespace, name });
    const applied = await previewApply(manifest, live, terminal);
    if (applied.kind === "refused") problems.push(...applied.problems);
    else reports.push([manifest, await reportOf(context, live, applied.object)]);
  }
  refuseProblems(problems, false);
  const isShown = await showAsValue(terminal, output, () => ({ items: reports.map(valueOf) }));
  for (const [manifest, { isChange, lines }] of isShown ? [] : reports) {
    const title = titleOf(manifest);
    terminal.out(isChange ? `${title}:` : `${title}: no change`);
    for (const line of lines) terminal.out(line === "" ? "" : `  ${line}`);
  }
  return reports.some(([, { isChange }]) => isChange) ? 1 : 0;
}

/** `lines`: what a person would be shown. */
function valueOf([{ kind, namespace, name }, { isChange, lines, details }]: readonly [ManifestObject, Report]): object {
  return { kind, namespace, name, isChange, ...details, lines };
}

function titleOf({ kind, namespace, name }: ManifestObject): string {
  return `${kind.toLowerCase()}/${name}${namespaceFlag(namespace)}`;
}

async function reportOf(
  context: CommandContext,
  live: Kinds[ManifestKind] | null,
  next: Kinds[ManifestKind],
): Promise<Report> {
  switch (next.kind) {
    case "StreamJob":
      return jobReport(context, live as StreamJob | null, next);
    case "StreamJobSnapshot":
      return live === null
        ? change("new: a savepoint is taken as soon as the job runs")
        : plainReport(live, next, "a completed savepoint does not change");
    case "ConfigMap": {
      const follows = await configMapOutlook(context.api, next);
      return live === null ? change("new") : plainReport(live, next, follows);
    }
  }
}

async function jobReport(context: CommandContext, live: StreamJob | null, next: StreamJob): Promise<Report> {
  if (live === null) return change("new", ...bullets((await outlook(context, live, next)).lines));
  const labels = metadataChanges(live, next);
  const isSameSpec = changedValues(live.spec, next.spec).length === 0;
  const status = statusOf(live);
  if (isSameSpec && labels.length === 0) return same(...bullets(pendingOf(status)));
  const { lines: follows, known } = await outlook(context, live, next);
  if (isSameSpec) return change(...labels, ...bullets(follows));
  const base = comparedSpec(live, status, known.revisions);
  if (validateStreamJob({ ...live, spec: base.spec }).kind === "invalid") {
    // Nothing can be said of its costs; what changes and what happens can.
    const rows = changedValues(base.spec, next.spec).map(({ field, from, to }) => `${field}: ${from} -> ${to}`);
    return change(...rows, "- the previous spec was invalid, so costs cannot be compared", ...bullets(follows));
  }
  const { fields, cost } = diffSpecs(base.spec, next.spec);
  const rows = fields.map(({ field, from, to, cost: each, why }) => [field, from, "->", to, each, why]);
  const state = await stateOutlook(base.spec, next.spec);
  const lines = [
    ...(base.note === null ? [] : [base.note]),
    ...formatTable([["FIELD", "FROM", "", "TO", "COST", "WHY"], ...rows]),
    ...labels,
    "",
    `Cost: ${cost}. What happens:`,
    ...bullets(follows),
    ...(state.length === 0 ? [] : ["", "State of the script's operators:", ...bullets(state)]),
  ];
  const details = { cost, fields, outlook: follows, ...(state.length === 0 ? {} : { state }) };
  return { isChange: true, lines, details };
}

/** What the operator would decide, in words. */
async function outlook(
  context: CommandContext,
  live: StreamJob | null,
  next: StreamJob,
): Promise<{ readonly lines: readonly string[]; readonly known: Found["known"] }> {
  const { known, notes } = await findOut(context, live, next);
  const lines = outlookOf(next, preview(known, nativeEngine, context.terminal.clock.nowMs()));
  return { lines: [...lines, ...notes], known };
}

/** What was applied before and is not so yet. */
function pendingOf(status: StreamJobStatus): readonly string[] {
  const conditions = (["Stalled", "UpgradeBlocked"] as const).map((type) => conditionOf(status, type));
  const [trouble] = conditions.filter((condition) => condition?.status === "True");
  if (trouble !== undefined && trouble !== null) return [trouble.message];
  return status.operation === undefined ? [] : [`${status.operation.kind} in progress: ${status.operation.message}`];
}

type Compared = { readonly spec: StreamJobSpec; readonly note: string | null };

/** DIC2 */
function comparedSpec(live: StreamJob, { active }: StreamJobStatus, revisions: Found["known"]["revisions"]): Compared {
  if (active === undefined || active.generation === live.metadata.generation) return { spec: live.spec, note: null };
  const running = revisions.find(({ name }) => name === active.revision);
  if (running === undefined || changedValues(running.spec, runtimePart(live.spec)).length === 0) {
    return { spec: live.spec, note: null };
  }
  const kept = Object.entries(live.spec).filter(([field]) => !Object.hasOwn(runtimePart(live.spec), field));
  const spec = { ...running.spec, ...Object.fromEntries(kept) } as StreamJobSpec;
  const note = `compared with the running generation ${active.generation}; generation ${live.metadata.generation} is not rolled out`;
  return { spec, note };
}

function plainReport(live: Kinds[ManifestKind], next: Kinds[ManifestKind], follows: string): Report {
  const contents = (object: Kinds[ManifestKind]): object =>
    object.kind === "ConfigMap"
      ? { data: object.data ?? {}, immutable: object.immutable ?? false }
      : { spec: object.spec };
  const rows = [...changedValues(contents(live), contents(next)).map(changeRow), ...metadataChanges(live, next)];
  return rows.length === 0 ? same() : change(...rows, `- ${follows}`);
}

function metadataChanges(live: Kinds[ManifestKind], next: Kinds[ManifestKind]): string[] {
  const own = ({ metadata }: Kinds[ManifestKind]) => ({
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  });
  return changedValues(own(live), own(next)).map(changeRow);
}

const changeRow = ({ field, from, to }: { field: string; from: string; to: string }): string =>
  `${field}: ${from} -> ${to}`;

/** What a job is made of is read when its pods start. */
async function configMapOutlook(api: KubernetesApi, { metadata }: ConfigMap): Promise<string> {
  const jobs = (await listAll(api, "StreamJob", { namespace: metadata.namespace }))
    .filter(({ spec }) => spec.job.configMap?.name === metadata.name)
    .map((job) => job.metadata.name);
  if (jobs.length === 0) return "no StreamJob loads its module from it";
  const commands = jobs.map((job) => `\`streamjob restart ${job}${namespaceFlag(metadata.namespace)}\``);
  return `only pods that start from now on load it; to roll it out: ${commands.join(", ")}`;
}

function bullets(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line}`);
}
