/**
 * Owns: how a job module, or a script of SQL, becomes a graph: find, import, build.
 * Does not own: the settings' layers; see runtime/api/build.ts (BU1).
 * Called by: the JobManager, every TaskManager slot, the CLI; each loads the module by itself.
 *
 * LOA2 Node imports a module once per process: a process that has loaded a job goes on with that version of the file.
 * LOA3 Whatever is wrong with the module is JOB_MODULE_INVALID with file and line, and its own error as the cause; errors of the
 *     job API (JOB_GRAPH_INVALID, OPTION_*) come through as they are.
 */
import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";
import { basename, extname, isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { StreamError } from "../../base/index.ts";
import { buildStreamGraph, isJob, type Job } from "../api/engine.ts";
import { buildJobGraph, type JobGraph, parseOptions, type StreamGraph } from "../graph/index.ts";
import { codePlace } from "./code-place.ts";
import { provideStreamjobModules } from "./module-resolution.ts";

/** A job module and what it is started with. */
export type ModuleSource = {
  /** Absolute path. */
  readonly module: string;
  /** `-D` options. */
  readonly options: Readonly<Record<string, string>>;
  readonly args: readonly string[];
};

/**
 * Loads the module and builds its job graph.
 * `storedMaxParallelism`: vertex index -> that of the state to be restored (SP-8).
 * Errors: as loadStreamGraph; STATE_INCOMPATIBLE.
 */
export async function loadJobGraph(
  source: ModuleSource,
  storedMaxParallelism: readonly (number | undefined)[] = [],
): Promise<JobGraph> {
  return buildJobGraph(await loadStreamGraph(source), { storedMaxParallelism });
}

/** Loads the module and builds its stream graph. Errors: JOB_MODULE_INVALID, JOB_GRAPH_INVALID, OPTION_UNKNOWN, OPTION_INVALID. */
export async function loadStreamGraph(source: ModuleSource): Promise<StreamGraph> {
  // Before the module, which may take long to load: a misspelt option is the likelier mistake.
  parseOptions(source.options);
  const job = await findJob(source.module);
  try {
    return await buildStreamGraph(job, {
      options: source.options,
      args: source.args,
      defaultName: basename(source.module, extname(source.module)),
    });
  } catch (error) {
    if (error instanceof StreamError) throw error;
    throw moduleError(source.module, "its build function threw", error);
  }
}

async function findJob(module: string): Promise<Job> {
  if (!isAbsolute(module)) throw invalidModule(`the job module's path ${module} is not absolute; give the whole path`);
  const file = await stat(module).catch((error: unknown) => {
    throw invalidModule(`there is no job module at ${module}; check the path`, error);
  });
  if (!file.isFile()) throw invalidModule(`${module} is not a file; name the job's module, such as ${module}/job.ts`);
  if (extname(module) === ".sql") return readScript(module);
  provideStreamjobModules();
  const exported = await importModule(module);
  if (isJob(exported)) return exported;
  throw invalidModule(
    exported === undefined
      ? `${module} has no default export; write: export default job((env) => { … })`
      : `${module}: the default export is not a job; make it with job(…): export default job((env) => { … })`,
  );
}

/** The planner is loaded for scripts only: other jobs need not wait for it. */
async function readScript(path: string): Promise<Job> {
  const { sqlJob } = await import("../table/index.ts");
  const bytes = await readFile(path);
  if (!isUtf8(bytes)) throw invalidModule(`the script ${path} is not UTF-8; save it as UTF-8`);
  return sqlJob(bytes.toString("utf8"), basename(path));
}

async function importModule(module: string): Promise<unknown> {
  try {
    const namespace: { readonly default?: unknown } = await import(pathToFileURL(module).href);
    return namespace.default;
  } catch (error) {
    if (error instanceof StreamError) throw error;
    throw moduleError(module, "it failed while it was loaded", error);
  }
}

function moduleError(module: string, what: string, error: unknown): StreamError {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const place = error instanceof Error ? (codePlace(error.stack ?? "", module) ?? module) : module;
  return invalidModule(`the job module cannot be used: ${what}, at ${place}: ${reason}`, error);
}

function invalidModule(message: string, cause?: unknown): StreamError {
  return new StreamError("JOB_MODULE_INVALID", message, {
    destiny: "terminal",
    ...(cause === undefined ? {} : { cause }),
  });
}
