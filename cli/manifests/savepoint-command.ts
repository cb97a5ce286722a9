/**
 * Owns: `streamjob savepoint` of a StreamJob: a snapshot object, and the wait until it is completed; and which kind of job a name means.
 * Does not own: savepoints of jobs that `run` runs from a module (steer-commands.ts).
 *
 * SV1 One word, two places: a name is looked for among the StreamJobs of the running control plane and among the jobs that were run from
 *     modules. Found in both, it is refused with how to say which.
 */
import {
  CLEANUP_FINALIZER,
  JOB_LABEL,
  readSnapshotStatus,
  STREAM_JOB_API_VERSION,
  type StreamJob,
  type StreamJobSnapshot,
} from "../../crds/index.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import { sleep, StreamError } from "../../base/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import { readRecords } from "../jobs/job-registry.ts";
import { mayRun } from "../jobs/job-triggers.ts";
import { savepointCommand } from "../jobs/steer-commands.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { type CommandContext, namespaceFlag } from "./command-context.ts";
import { delayOf } from "./in-the-way.ts";
import type { ClusterChoice } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";
import { findControlPlane, openCluster, openControlPlane } from "./open-control-plane.ts";
import { withAbsolutePath } from "./manifest-paths.ts";

const POLL_MS = 100;

export type SavepointRequest = {
  readonly job: string;
  readonly directory: string | null;
  /** null: not said. */
  readonly namespace: string | null;
  readonly timeoutMs: number;
  /** Only a StreamJob there can be meant. Absent: the control plane of the home folder, and jobs that were run from modules. */
  readonly cluster?: ClusterChoice;
};

/** Errors: JOB_NOT_FOUND, OBJECT_NOT_FOUND, JOB_STATE_CONFLICT, SAVEPOINT_FAILED. */
export async function savepointOfAny(
  home: HomeFolder,
  terminal: Terminal,
  request: SavepointRequest,
): Promise<ExitCode> {
  const { job: name, namespace, cluster } = request;
  if (cluster !== undefined) return savepointInCluster(cluster, terminal, request);
  const plane = namespace === null ? findControlPlane(home, terminal) : openControlPlane(home, terminal);
  if (plane === null) return savepointCommand(home, terminal, name, request.directory);
  try {
    const found = await plane.api.get("StreamJob", { namespace: namespace ?? "default", name });
    const records = readRecords(home).filter((record) => record.name === name || record.jobId.startsWith(name));
    const running = namespace === null ? records.find(mayRun) : undefined;
    if (found !== null && running !== undefined) {
      throw new StreamError(
        "REQUEST_INVALID",
        `"${name}" is a StreamJob of the control plane and also a job run from ${running.module}: for the StreamJob add -n default, for the other job use its id, ${running.jobId}`,
        { destiny: "terminal" },
      );
    }
    if (found === null && namespace === null && records.length > 0) {
      return await savepointCommand(home, terminal, name, request.directory);
    }
    const job = found ?? (await getNamed(plane.api, "StreamJob", name, namespace ?? "default"));
    return await savepointOfStreamJob({ ...plane, terminal }, job, request);
  } finally {
    plane.close();
  }
}

async function savepointInCluster(
  cluster: ClusterChoice,
  terminal: Terminal,
  request: SavepointRequest,
): Promise<ExitCode> {
  const opened = await openCluster(cluster, terminal);
  try {
    const job = await getNamed(opened.api, "StreamJob", request.job, request.namespace ?? opened.namespace);
    return await savepointOfStreamJob({ ...opened, terminal }, job, request);
  } finally {
    opened.close();
  }
}

async function savepointOfStreamJob(
  context: CommandContext,
  job: StreamJob,
  { directory, timeoutMs }: SavepointRequest,
): Promise<ExitCode> {
  const { terminal } = context;
  const { name } = job.metadata;
  const { active } = statusOf(job);
  if (active === undefined || active.ended !== null) {
    const how = active === undefined ? "does not run" : `has ended (${active.ended?.status})`;
    throw new StreamError(
      "JOB_STATE_CONFLICT",
      `StreamJob ${name} ${how}, so no savepoint can be taken: \`streamjob describe ${name}\` shows its state`,
      { destiny: "terminal" },
    );
  }
  const delay = delayOf(job);
  if (delay !== null) terminal.say(delay);
  const snapshot = await createSnapshot(context, job, directory);
  const { namespace, name: snapshotName } = snapshot.metadata;
  terminal.say(`Taking a savepoint of StreamJob ${name} as snapshot ${snapshotName}; the job keeps running.`);
  const { clock } = terminal;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const now = await getNamed(context.api, "StreamJobSnapshot", snapshotName, namespace);
    const read = readSnapshotStatus(now.status);
    const { phase, location, message } =
      read.kind === "read" ? read.status : { phase: "Failed", location: "", message: "its status cannot be read" };
    if (phase === "Completed") {
      terminal.out(`Savepoint completed. Path: ${location}`);
      terminal.say(`Another StreamJob can start from it with spec.restore.snapshot: ${snapshotName}`);
      return 0;
    }
    if (phase === "Failed")
      throw new StreamError(
        "SAVEPOINT_FAILED",
        `the savepoint of ${name} failed: ${message ?? "no reason was given"}; the job keeps running`,
        { destiny: "retry" },
      );
    if (clock.monotonicMs() > deadlineMs) {
      terminal.say(
        terminal.colors.red(
          `The savepoint is not complete yet${message === undefined ? "" : ` (${message})`}; it is still in progress: \`streamjob get snapshot ${snapshotName}${namespaceFlag(namespace)}\``,
        ),
      );
      return 1;
    }
    await sleep(clock, POLL_MS);
  }
}

/** `wc-20310401-120000`; a second one within that second gets a number. */
async function createSnapshot(
  { api, terminal, isLocal }: CommandContext,
  job: StreamJob,
  directory: string | null,
): Promise<StreamJobSnapshot> {
  const { namespace, name } = job.metadata;
  const time = new Date(terminal.clock.nowMs()).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  for (let number = 1; ; number++) {
    const snapshotName = `${name}-${time}${number === 1 ? "" : `-${number}`}`;
    const folder = directory === null || !isLocal ? directory : withAbsolutePath(directory, process.cwd());
    const path = folder === null ? null : `${folder.replace(/\/+$/, "")}/${snapshotName}`;
    try {
      return await api.create("StreamJobSnapshot", {
        apiVersion: STREAM_JOB_API_VERSION,
        kind: "StreamJobSnapshot",
        metadata: { namespace, name: snapshotName, labels: { [JOB_LABEL]: name }, finalizers: [CLEANUP_FINALIZER] },
        spec: { jobRef: { name }, origin: "manual", ...(path === null ? {} : { path }) },
      });
    } catch (error) {
      if (!isApiError(error, "AlreadyExists") || number > 100) throw error;
    }
  }
}
