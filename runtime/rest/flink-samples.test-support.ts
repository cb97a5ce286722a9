/**
 * Owns: for tests: one answer or more of every route, with the name that Flink gives to the route.
 * Called by: flink-messages.test.ts, bench/flink/rest-messages.ts.
 */
import { nextTurn } from "../../base/index.ts";
import {
  DONE_TRIGGER,
  FAILED_TRIGGER,
  JOB,
  post,
  RUNNING_TRIGGER,
  SINK,
  SOURCE,
  start,
} from "./hand-written-control.test-support.ts";

/** `route`: method and path, `:` for each parameter. */
export type Sample = { readonly route: string; readonly body: unknown };

const calls: readonly (readonly [path: string, init?: RequestInit])[] = [
  ["/overview"],
  ["/config"],
  ["/taskmanagers"],
  ["/jobs"],
  ["/jobs/overview"],
  [`/jobs/${JOB}`],
  [`/jobs/${JOB}/status`],
  [`/jobs/${JOB}/plan`],
  [`/jobs/${JOB}/vertices/${SOURCE}/backpressure`],
  [`/jobs/${JOB}/execution-result`],
  [`/jobs/${JOB}/exceptions`],
  [`/jobs/${JOB}/metrics`],
  [`/jobs/${JOB}/metrics?get=numRestarts`],
  [`/jobs/${JOB}/vertices/${SINK}/metrics`],
  [`/jobs/${JOB}/vertices/${SINK}/metrics?get=0.count__words.orders`],
  [`/jobs/${JOB}/vertices/${SINK}/watermarks`],
  [`/jobs/${JOB}/vertices/${SINK}/subtasks/0/metrics`],
  [`/jobs/${JOB}/vertices/${SINK}/subtasks/0/metrics?get=numRecordsIn`],
  [`/jobs/${JOB}/vertices/${SINK}/subtasks/metrics`],
  [`/jobs/${JOB}/vertices/${SINK}/subtasks/metrics?get=numRecordsIn`],
  [`/jobs/${JOB}/checkpoints`],
  [`/jobs/${JOB}/checkpoints/config`],
  ...[1, 2, 3, 4].map((id) => [`/jobs/${JOB}/checkpoints/details/${id}`] as const),
  ...[RUNNING_TRIGGER, DONE_TRIGGER, FAILED_TRIGGER].flatMap((trigger) => [
    [`/jobs/${JOB}/checkpoints/${trigger}`] as const,
    [`/jobs/${JOB}/savepoints/${trigger}`] as const,
  ]),
  [`/jobs/${JOB}/savepoints`, post({ "target-directory": "/s", "cancel-job": false, formatType: "NATIVE" })],
  [`/jobs/${JOB}/stop`, post({ targetDirectory: "/s", drain: true })],
  [`/jobs/${JOB}/checkpoints`, post({ checkpointType: "FULL" })],
  ["/savepoint-disposal", post({ "savepoint-path": "/gone" })],
  [`/jobs/${JOB}?mode=cancel`, { method: "PATCH" }],
  [`/jobs/${JOB}/execution-result`],
];

const routeOf = (method: string, path: string): string =>
  `${method} ${path.split("?")[0]?.replace(/(?<=\/)[0-9a-f]{32}(?=\/|$)|(?<=\/(?:details|subtasks)\/)\d+/g, ":")}`;

/** Answers of a JobManager whose job is made up; a refusal is none. */
export async function sampleAnswers(): Promise<readonly Sample[]> {
  const { url, be } = await start();
  const samples: Sample[] = [];
  const ask = async (path: string, init: RequestInit = {}): Promise<Record<string, unknown>> => {
    const response = await fetch(url + path, init);
    const body = (await response.json()) as Record<string, unknown>;
    if (response.ok) samples.push({ route: routeOf(init.method ?? "GET", path), body });
    return body;
  };
  for (const [path, init] of calls) {
    const { "request-id": trigger } = await ask(path, init);
    if (path !== "/savepoint-disposal") continue;
    await ask(`${path}/${String(trigger)}`);
    await nextTurn();
    await ask(`${path}/${String(trigger)}`); // by now it has failed
  }
  for (const status of ["FAILED", "FINISHED"] as const) {
    be(status);
    for (const path of ["/jobs/overview", `/jobs/${JOB}`, `/jobs/${JOB}/execution-result`]) await ask(path);
  }
  return samples;
}

/** Whether a field, `a.b` or `a[].b`, is there in every object of the answer that could have it. */
export function hasField(body: unknown, path: string): boolean {
  const has = (value: unknown, steps: readonly string[]): boolean => {
    const [step = "", ...rest] = steps;
    if (Array.isArray(value)) return value.every((each) => has(each, steps));
    if (typeof value !== "object" || value === null) return true; // there is no such object
    if (rest.length === 0) return step in value;
    return !(step in value) || has((value as Record<string, unknown>)[step], rest);
  };
  return has(body, path.replaceAll("[]", "").split("."));
}
