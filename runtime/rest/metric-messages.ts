/**
 * Owns: metrics as Flink's REST shows them: lists of ids, values by id, values over subtasks.
 * Not here: names and values (metric-values.ts), Prometheus (prometheus-text.ts).
 *
 * MTM1 Without `get` there are ids alone. An id that is not there (yet) is left out of the answer; it is no error.
 */
import type { AggregatedMetricsMessage, MetricsMessage } from "../../contract/index.ts";
import type { CheckpointsView, JobView, VertexView } from "../jobmanager/index.ts";
import { jobValues, subtaskValues } from "./metric-values.ts";
import { RestError } from "./rest-error.ts";

/** `wanted`: the parameter `get`, ids with commas between them. */
export function jobMetricsMessage(
  job: JobView,
  checkpoints: CheckpointsView,
  wanted: string | undefined,
  nowMs: number,
): MetricsMessage {
  const values = jobValues(job, checkpoints, nowMs).map(({ name, value }) => [name, value] as const);
  return metricsMessage(new Map(values), wanted);
}

/** Of every subtask, as `<subtask>.<id>`. */
export function vertexMetricsMessage({ subtasks }: VertexView, wanted: string | undefined): MetricsMessage {
  const values = subtasks.flatMap((view) =>
    [...subtaskValues(view)].map(([id, value]) => [`${view.subtask}.${id}`, value] as const),
  );
  return metricsMessage(new Map(values), wanted);
}

/** Of one subtask, by its number. Errors: RestError 404. */
export function subtaskMetricsMessage(
  { id, subtasks }: VertexView,
  subtask: number,
  wanted: string | undefined,
): MetricsMessage {
  const view = subtasks.find((each) => each.subtask === subtask);
  if (view === undefined)
    throw new RestError(404, [`Vertex ${id} has no subtask ${subtask}: it has ${subtasks.length}.`]);
  return metricsMessage(subtaskValues(view), wanted);
}

/** The watermark of every subtask that has one. */
export function watermarksMessage(vertex: VertexView): MetricsMessage {
  const ids = vertex.subtasks.map(({ subtask }) => `${subtask}.currentInputWatermark`);
  return vertexMetricsMessage(vertex, ids.join(","));
}

/** As text: the parameters of the request. */
export type Aggregation = {
  readonly get: string | undefined;
  /** `min,max,avg,sum,skew`; default all. */
  readonly agg: string | undefined;
  /** `0,2-4`; default all. */
  readonly subtasks: string | undefined;
};

/** Errors: RestError 400. */
export function aggregatedMetricsMessage(
  { subtasks }: VertexView,
  { get, agg, subtasks: chosen }: Aggregation,
): AggregatedMetricsMessage {
  const isChosen = parseSubtasks(chosen);
  const aggregates = parseAggregates(agg);
  const values = subtasks.filter(({ subtask }) => isChosen(subtask)).map(subtaskValues);
  const ids = listOf(get);
  if (ids === null) return [...new Set(values.flatMap((each) => [...each.keys()]))].map((id) => ({ id }));
  return ids.flatMap((id) => {
    const given = values.flatMap((each) => each.get(id) ?? []);
    return given.length === 0 ? [] : [{ id, ...aggregates(given) }];
  });
}

function metricsMessage(values: ReadonlyMap<string, number>, wanted: string | undefined): MetricsMessage {
  const ids = listOf(wanted);
  if (ids === null) return [...values.keys()].map((id) => ({ id }));
  return ids.flatMap((id) => {
    const value = values.get(id);
    return value === undefined ? [] : [{ id, value: String(value) }];
  });
}

/** null: nothing was asked for. */
function listOf(text: string | undefined): readonly string[] | null {
  return text === undefined || text === "" ? null : text.split(",");
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

const AGGREGATES = {
  min: (values: readonly number[]) => Math.min(...values),
  max: (values: readonly number[]) => Math.max(...values),
  avg: mean,
  sum,
  skew,
} as const;
type AggregateName = keyof typeof AGGREGATES;

/** As Flink's: the average absolute deviation, in percent of the average, at most 100. */
function skew(values: readonly number[]): number {
  const average = mean(values);
  if (average === 0) return 0;
  return Math.min(100, (mean(values.map((value) => Math.abs(average - value))) / average) * 100);
}

function parseAggregates(
  text: string | undefined,
): (values: readonly number[]) => Partial<Record<AggregateName, number>> {
  const all = Object.keys(AGGREGATES) as AggregateName[];
  const names = (listOf(text) ?? all).map((word) => {
    const name = all.find((each) => each === word.toLowerCase());
    if (name !== undefined) return name;
    throw bad("agg", word, `has to be ${all.join(", ")}, with commas between them`);
  });
  return (values) => Object.fromEntries(names.map((name) => [name, AGGREGATES[name](values)]));
}

function parseSubtasks(text: string | undefined): (subtask: number) => boolean {
  const words = listOf(text);
  if (words === null) return () => true;
  const ranges = words.map((word) => {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(word) ?? [];
    if (first === undefined) throw bad("subtasks", word, "has to be numbers and ranges, such as 0,2-4");
    return { first: Number(first), last: Number(last) };
  });
  return (subtask) => ranges.some(({ first, last }) => first <= subtask && subtask <= last);
}

function bad(parameter: string, word: string, rule: string): RestError {
  return new RestError(400, [`Bad request: parameter "${parameter}" has "${word.slice(0, 64)}"; it ${rule}`]);
}
