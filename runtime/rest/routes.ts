/**
 * Owns: the list of routes and what each does with the JobControl.
 * Not here: HTTP itself (application.ts, server.ts), the shape of messages (job-messages.ts, checkpoint-messages.ts).
 *
 * ROU1 A route that changes something is marked `mutates`: it leaves a line in the log (SEC-23).
 * ROU2 No route takes code (SEC-10).
 */
import { type Clock, isHex32, type Log, PROMETHEUS_CONTENT_TYPE, type Random } from "../../base/index.ts";
import {
  type ActivationAnswer,
  type ActivationConflict,
  activationRequestSchema,
  checkpointRequestSchema,
  collectionRequestSchema,
  disposalRequestSchema,
  type IncarnationMessage,
  type JobIdsMessage,
  type JobPlanMessage,
  type JobStatusMessage,
  type PreflightAnswer,
  preflightRequestSchema,
  savepointRequestSchema,
  stopRequestSchema,
  type TriggerResponseMessage,
} from "../../contract/index.ts";
import type {
  IncarnationControl,
  JobControl,
  JobView,
  SavepointRequest,
  TriggerAnswer,
  VertexView,
} from "../jobmanager/index.ts";
import {
  checkpointConfigMessage,
  checkpointStatusMessage,
  checkpointsMessage,
  savepointStatusMessage,
  statisticsMessage,
} from "./checkpoint-messages.ts";
import { Disposals } from "./disposals.ts";
import {
  backpressureMessage,
  dashboardConfigMessage,
  exceptionsMessage,
  executionResultMessage,
  isTerminal,
  jobDetailsMessage,
  jobsOverviewMessage,
  overviewMessage,
  planMessage,
  taskManagersMessage,
} from "./job-messages.ts";
import {
  aggregatedMetricsMessage,
  jobMetricsMessage,
  subtaskMetricsMessage,
  vertexMetricsMessage,
  watermarksMessage,
} from "./metric-messages.ts";
import { prometheusText } from "./prometheus-text.ts";
import { readMessage } from "./request-body.ts";
import { RestError, refusal } from "./rest-error.ts";

export type RouteRequest = {
  /** A parameter of the path. */
  param(name: string): string;
  query(name: string): string | undefined;
  readonly raw: Request;
};
type Answer =
  | { readonly status: 200 | 202 | 409; readonly body: object }
  /** No JSON. */
  | { readonly status: 200; readonly text: string; readonly contentType: string };
export type Route = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** With `:name` for parameters; served under `/v1` too. */
  readonly path: string;
  readonly mutates: boolean;
  readonly handle: (request: RouteRequest) => Answer | Promise<Answer>;
};

export type RouteContext = {
  readonly control: JobControl;
  /** Default null: no operator has a say here. */
  readonly incarnation?: IncarnationControl | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  /** A trigger was accepted; its outcome has been told. */
  readonly onAccepted: (triggerId: string) => void;
  readonly onTold: (triggerId: string) => void;
};

const EXCEPTIONS_MAX = 20;

/** Every route. */
export function createRoutes(context: RouteContext): readonly Route[] {
  return [
    ...clusterRoutes(context),
    ...incarnationRoutes(context),
    ...jobRoutes(context),
    ...metricRoutes(context),
    ...checkpointRoutes(context),
    ...triggerRoutes(context),
  ];
}

const ok = (body: object): Answer => ({ status: 200, body });
const get = (path: string, handle: Route["handle"]): Route => ({ method: "GET", path, mutates: false, handle });
const post = (path: string, handle: Route["handle"]): Route => ({ method: "POST", path, mutates: true, handle });

function clusterRoutes({ control, version }: RouteContext): Route[] {
  return [
    get("/overview", () => ok(overviewMessage(control.job(), control.taskManagers(), version))),
    get("/config", () => ok(dashboardConfigMessage(version))),
    get("/taskmanagers", () => ok(taskManagersMessage(control.job(), control.taskManagers()))),
  ];
}

function incarnationRoutes({ incarnation = null, version, random, log }: RouteContext): Route[] {
  if (incarnation === null) return [];
  const collections = new Disposals((storeUri) => incarnation.collect(storeUri), random, log);
  const activate = async ({ raw }: RouteRequest): Promise<Answer> => {
    const request = await readMessage(raw, activationRequestSchema);
    const outcome = await incarnation.activate(request);
    if (outcome.kind === "accepted") {
      return ok({ activationId: request.activationId } satisfies ActivationAnswer);
    }
    const body: ActivationConflict =
      outcome.kind === "taken"
        ? {
            errors: [`This incarnation was activated before, by activation ${outcome.activationId}.`],
            activationId: outcome.activationId,
          }
        : { errors: [outcome.reason], activationId: null };
    return { status: 409, body };
  };
  return [
    get("/streamjob/incarnation", () => ok({ ...incarnation.incarnation(), version } satisfies IncarnationMessage)),
    {
      method: "POST",
      path: "/streamjob/preflight",
      mutates: false,
      handle: async ({ raw }) => {
        const { from } = await readMessage(raw, preflightRequestSchema);
        return ok((await incarnation.preflight(from)) satisfies PreflightAnswer);
      },
    },
    { method: "PUT", path: "/streamjob/activation", mutates: true, handle: activate },
    post("/streamjob/collections", async ({ raw }) => {
      const { storeUri, triggerId } = await readMessage(raw, collectionRequestSchema);
      return ok({ "request-id": collections.start(storeUri, triggerId) } satisfies TriggerResponseMessage);
    }),
    get("/streamjob/collections/:triggerId", (request) => {
      const triggerId = hexParam(request, "triggerId");
      const status = collections.status(triggerId);
      if (status === null) throw unknownTrigger("collection", triggerId);
      return ok(status);
    }),
  ];
}

function jobRoutes({ control, clock }: RouteContext): Route[] {
  const job = (request: RouteRequest): JobView => jobOf(control, request);
  return [
    get("/jobs", () =>
      ok({ jobs: [{ id: control.job().jobId, status: control.job().status }] } satisfies JobIdsMessage),
    ),
    get("/jobs/overview", () => ok(jobsOverviewMessage(control.job(), clock.nowMs()))),
    get("/jobs/:jobId", (request) => ok(jobDetailsMessage(job(request), clock.nowMs()))),
    get("/jobs/:jobId/status", (request) => ok({ status: job(request).status } satisfies JobStatusMessage)),
    get("/jobs/:jobId/plan", (request) => ok({ plan: planMessage(job(request)) } satisfies JobPlanMessage)),
    get("/jobs/:jobId/vertices/:vertexId/backpressure", (request) =>
      ok(backpressureMessage(vertexOf(control, request), clock.nowMs())),
    ),
    get("/jobs/:jobId/execution-result", (request) => ok(executionResultMessage(job(request)))),
    get("/jobs/:jobId/exceptions", (request) => {
      job(request);
      return ok(exceptionsMessage(control.exceptions(), countQuery(request, "maxExceptions", EXCEPTIONS_MAX)));
    }),
    { method: "PATCH", path: "/jobs/:jobId", mutates: true, handle: (request) => cancel(control, request) },
  ];
}

function metricRoutes({ control, clock, incarnation = null }: RouteContext): Route[] {
  const page = get("/metrics", () => ({
    status: 200,
    text: prometheusText(control.job(), control.checkpoints(), clock.nowMs()),
    contentType: PROMETHEUS_CONTENT_TYPE,
  }));
  return [
    // A pod has a port for it that can do nothing else (SEC-24).
    ...(incarnation === null ? [page] : []),
    get("/jobs/:jobId/metrics", (request) =>
      ok(jobMetricsMessage(jobOf(control, request), control.checkpoints(), request.query("get"), clock.nowMs())),
    ),
    get("/jobs/:jobId/vertices/:vertexId/metrics", (request) =>
      ok(vertexMetricsMessage(vertexOf(control, request), request.query("get"))),
    ),
    get("/jobs/:jobId/vertices/:vertexId/watermarks", (request) => ok(watermarksMessage(vertexOf(control, request)))),
    get("/jobs/:jobId/vertices/:vertexId/subtasks/:subtask/metrics", (request) => {
      const subtask = wholeNumber(request.param("subtask"), "subtask", 0);
      return ok(subtaskMetricsMessage(vertexOf(control, request), subtask, request.query("get")));
    }),
    get("/jobs/:jobId/vertices/:vertexId/subtasks/metrics", (request) => {
      const vertex = vertexOf(control, request);
      const [ids, agg, subtasks] = ["get", "agg", "subtasks"].map((name) => request.query(name));
      return ok(aggregatedMetricsMessage(vertex, { get: ids, agg, subtasks }));
    }),
  ];
}

function checkpointRoutes({ control, clock, onTold }: RouteContext): Route[] {
  return [
    get("/jobs/:jobId/checkpoints", (request) => {
      jobOf(control, request);
      return ok(checkpointsMessage(control.checkpoints(), clock.nowMs()));
    }),
    get("/jobs/:jobId/checkpoints/config", (request) => ok(checkpointConfigMessage(jobOf(control, request)))),
    get("/jobs/:jobId/checkpoints/details/:checkpointId", (request) => {
      const job = jobOf(control, request);
      const id = wholeNumber(request.param("checkpointId"), "checkpointId", 0);
      const { history, latestCompleted, latestSavepoint, latestFailed } = control.checkpoints();
      const found = [...history, latestCompleted, latestSavepoint, latestFailed].find((view) => view?.id === id);
      if (!found) throw new RestError(404, [`Could not find checkpointing statistics for checkpoint ${id}.`]);
      return ok(statisticsMessage(found, job.vertices, clock.nowMs()));
    }),
    get("/jobs/:jobId/checkpoints/:triggerId", (request) => {
      jobOf(control, request);
      const triggerId = hexParam(request, "triggerId");
      const state = control.trigger(triggerId);
      if (state === null) throw unknownTrigger("checkpoint", triggerId);
      if (state.kind !== "inProgress") onTold(triggerId);
      return ok(checkpointStatusMessage(state));
    }),
  ];
}

function triggerRoutes(context: RouteContext): Route[] {
  const { control, onTold } = context;
  const disposals = new Disposals((location) => control.disposeSavepoint(location), context.random, context.log);
  const accept = (answer: TriggerAnswer): Answer => {
    if (answer.kind === "refused") throw refusal(answer.error);
    context.onAccepted(answer.triggerId);
    return { status: 202, body: { "request-id": answer.triggerId } satisfies TriggerResponseMessage };
  };
  return [
    post("/jobs/:jobId/savepoints", async (request) => {
      jobOf(control, request);
      const body = await readMessage(request.raw, savepointRequestSchema);
      if (body["cancel-job"] === true) {
        throw new RestError(400, [
          'Bad request: field "cancel-job" is not supported; use POST /jobs/:id/stop, which stops the job with a savepoint',
        ]);
      }
      const target = targetOf(body["target-directory"], body.targetPath);
      return accept(control.triggerSavepoint({ kind: "savepoint", ...target, triggerId: body.triggerId ?? null }));
    }),
    post("/jobs/:jobId/stop", async (request) => {
      jobOf(control, request);
      const body = await readMessage(request.raw, stopRequestSchema);
      const kind = body.drain === true ? "drain" : "stop";
      const target = targetOf(body.targetDirectory, body.targetPath);
      return accept(control.triggerSavepoint({ kind, ...target, triggerId: body.triggerId ?? null }));
    }),
    get("/jobs/:jobId/savepoints/:triggerId", (request) => {
      jobOf(control, request);
      const triggerId = hexParam(request, "triggerId");
      const state = control.trigger(triggerId);
      if (state === null) throw unknownTrigger("savepoint", triggerId);
      if (state.kind !== "inProgress") onTold(triggerId);
      return ok(savepointStatusMessage(state));
    }),
    post("/jobs/:jobId/checkpoints", async (request) => {
      jobOf(control, request);
      const body = await readMessage(request.raw, checkpointRequestSchema);
      return accept(control.triggerCheckpoint(body.triggerId ?? null));
    }),
    post("/savepoint-disposal", async (request) => {
      const body = await readMessage(request.raw, disposalRequestSchema);
      return ok({ "request-id": disposals.start(body["savepoint-path"], body.triggerId ?? null) });
    }),
    get("/savepoint-disposal/:triggerId", (request) => {
      const triggerId = hexParam(request, "triggerId");
      const status = disposals.status(triggerId);
      if (status === null) throw unknownTrigger("disposal", triggerId);
      return ok(status);
    }),
  ];
}

/** Errors: RestError 400 when both are given. */
function targetOf(
  directory: string | null = null,
  path: string | null = null,
): Pick<SavepointRequest, "targetDirectory" | "targetPath"> {
  if (directory !== null && path !== null) {
    throw new RestError(400, [
      'Bad request: field "targetPath" is the folder of the savepoint itself; do not specify a directory as well',
    ]);
  }
  return { targetDirectory: directory, targetPath: path };
}

function cancel(control: JobControl, request: RouteRequest): Answer {
  const job = jobOf(control, request);
  const mode = request.query("mode") ?? "cancel";
  if (mode !== "cancel")
    throw new RestError(400, [`Bad request: parameter "mode" is "${mode}"; only "cancel" is supported`]);
  const discard = request.query("discard") === "true";
  if (isTerminal(job.status) || control.cancel({ discard }) === "alreadyTerminal") {
    throw new RestError(409, [
      `Job ${job.jobId} cannot be cancelled: it has already reached the terminal state ${control.job().status}.`,
    ]);
  }
  return { status: 202, body: {} };
}

function jobOf(control: JobControl, request: RouteRequest): JobView {
  const id = hexParam(request, "jobId");
  const job = control.job();
  if (job.jobId !== id) throw new RestError(404, [`Job ${id} not found: this JobManager runs ${job.jobId}.`]);
  return job;
}

function vertexOf(control: JobControl, request: RouteRequest): VertexView {
  const { vertices, jobId } = jobOf(control, request);
  const id = hexParam(request, "vertexId");
  const vertex = vertices.find((view) => view.id === id);
  if (vertex === undefined) throw new RestError(404, [`Job ${jobId} has no vertex ${id}.`]);
  return vertex;
}

function hexParam(request: RouteRequest, name: string): string {
  const text = request.param(name);
  if (!isHex32(text)) {
    throw new RestError(400, [`Bad request: ${name} "${text.slice(0, 64)}" must be 32 lower-case hexadecimal digits`]);
  }
  return text;
}

function countQuery(request: RouteRequest, name: string, absent: number): number {
  const text = request.query(name);
  return text === undefined ? absent : wholeNumber(text, name, 1);
}

function wholeNumber(text: string, name: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < least)
    throw new RestError(400, [`Bad request: ${name} "${text.slice(0, 64)}" must be a whole number, ${least} or more`]);
  return value;
}

function unknownTrigger(what: string, triggerId: string): RestError {
  return new RestError(404, [`There is no ${what} operation with triggerId=${triggerId}.`]);
}
