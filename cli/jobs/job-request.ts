/**
 * Owns: everything about a job that can be known to be wrong before a process is started.
 *
 * PF1 Nothing is started and nothing is written when the module, an option or the number of slots is wrong.
 */
import { resolve } from "node:path";
import { loadJobGraph } from "../../runtime/program/index.ts";
import { StreamError } from "../../base/index.ts";
import type { JobGraph } from "../../runtime/graph/index.ts";
import { childStoreUri } from "../../runtime/storage/index.ts";

export type JobRequest = {
  /** Path of the job module; relative ones are from the working directory. */
  readonly module: string;
  readonly args?: readonly string[];
  /** `-D` options. */
  readonly options?: Readonly<Record<string, string>>;
  /** The same as the option `parallelism.default`. */
  readonly parallelism?: number;
  /** The same as the option `pipeline.name`. */
  readonly name?: string;
};

export type LoadedJob = {
  readonly module: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly graph: JobGraph;
};

/** Errors: JOB_MODULE_INVALID, JOB_GRAPH_INVALID, OPTION_UNKNOWN, OPTION_INVALID. */
export async function loadJob(request: JobRequest): Promise<LoadedJob> {
  const options = { ...request.options };
  setOption(options, "parallelism.default", "-p", request.parallelism);
  setOption(options, "pipeline.name", "--name", request.name);
  const source = { module: resolve(request.module), options, args: request.args ?? [] };
  return { ...source, graph: await loadJobGraph(source) };
}

/**
 * Slots of each TaskManager: what was asked for, else as many as the widest vertex needs.
 * Errors: NOT_ENOUGH_SLOTS.
 */
export function slotsPerTaskManager(graph: JobGraph, taskManagers: number, asked: number | undefined): number {
  const needed = Math.max(1, ...graph.vertices.map((vertex) => vertex.parallelism));
  const slots = asked ?? Math.ceil(needed / taskManagers);
  if (slots * taskManagers >= needed) return slots;
  throw new StreamError(
    "NOT_ENOUGH_SLOTS",
    `the job needs ${needed} slots, and ${taskManagers} TaskManagers with ${slots} slots have ${slots * taskManagers}. ` +
      "Raise --slots or --task-managers, or lower the parallelism.",
    { destiny: "terminal" },
  );
}

/** Store URI of the job's own root: `<execution.checkpointing.dir, else fallback>/default/<jobId>`. Errors: OPTION_INVALID. */
export function checkpointRootOf(graph: JobGraph, fallbackFolder: string, jobId: string): string {
  return childStoreUri(graph.configuration.checkpoints.directory ?? fallbackFolder, "default", jobId);
}

/** The job's options, with a folder for savepoints that name none, unless the job has one itself. */
export function withSavepointFolder({ graph, options }: LoadedJob, folder: string): Readonly<Record<string, string>> {
  if (graph.configuration.savepointDirectory !== null) return options;
  return { ...options, "execution.checkpointing.savepoint-dir": folder };
}

function setOption(
  options: Record<string, string>,
  name: string,
  flag: string,
  value: number | string | undefined,
): void {
  if (value === undefined) return;
  if (options[name] !== undefined && options[name] !== String(value)) {
    throw new StreamError(
      "OPTION_INVALID",
      `${flag} ${value} and -D ${name}=${options[name]} contradict each other; set only one of them`,
      {
        destiny: "terminal",
      },
    );
  }
  options[name] = String(value);
}
