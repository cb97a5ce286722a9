/**
 * Owns: how a job module, or a script of SQL, becomes a graph: find, import, build.
 * Does not own: the settings' layers; see runtime/api/build.ts (BU1).
 * Called by: the JobManager, every TaskManager slot, the CLI; each loads the module by itself.
 *
 * LOA2 Node imports a module once per process: a process that has loaded a job goes on with that version of the file. A shell, whose person edits modules of functions
 *     while it runs, imports each version of such a file; what that imports is loaded once.
 * LOA3 Whatever is wrong with the module is JOB_MODULE_INVALID with file and line, and its own error as the cause; errors of the
 *     job API (JOB_GRAPH_INVALID, OPTION_*) come through as they are.
 * LOA4 A module, and its build function, have `pipeline.load-timeout`, which only options can set: the code is not there yet (load-limit.ts).
 */
import { isUtf8 } from "node:buffer";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatDuration, StreamError, thrownText } from "../../base/index.ts";
import { buildStreamGraph, isJob, type Job } from "../api/engine.ts";
import { buildJobGraph, defaultConfiguration, type JobGraph, parseOptions, type StreamGraph } from "../graph/index.ts";
import type { FunctionSource, LoadModule } from "../table/engine.ts";
import { codePlace } from "./code-place.ts";
import { settledWithin } from "./load-limit.ts";
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
  const { loadTimeoutMs = LOAD_TIMEOUT_MS } = parseOptions(source.options);
  const job = await findJob(source.module, loadTimeoutMs);
  const building = buildStreamGraph(job, {
    options: source.options,
    args: source.args,
    defaultName: basename(source.module, extname(source.module)),
  });
  try {
    return await inTime(building, { module: source.module, what: "its build function", limitMs: loadTimeoutMs });
  } catch (error) {
    if (error instanceof StreamError) throw error;
    throw moduleError(source.module, "its build function threw", error);
  }
}

async function findJob(module: string, loadTimeoutMs: number): Promise<Job> {
  if (!isAbsolute(module)) throw invalidModule(`the job module's path ${module} is not absolute; give the whole path`);
  const file = await stat(module).catch((error: unknown) => {
    throw invalidModule(`there is no job module at ${module}; check the path`, error);
  });
  if (!file.isFile()) throw invalidModule(`${module} is not a file; name the job's module, such as ${module}/job.ts`);
  if (extname(module) === ".sql") return readScript(module, loadTimeoutMs);
  provideStreamjobModules();
  const exported = await importModule(module, loadTimeoutMs);
  if (isJob(exported)) return exported;
  throw invalidModule(
    exported === undefined
      ? `${module} has no default export; write: export default job((env) => { … })`
      : `${module}: the default export is not a job; make it with job(…): export default job((env) => { … })`,
  );
}

/** The planner is loaded for scripts only: other jobs need not wait for it. */
async function readScript(path: string, loadTimeoutMs: number): Promise<Job> {
  const { sqlJob } = await import("../table/index.ts");
  const bytes = await readFile(path);
  if (!isUtf8(bytes)) throw invalidModule(`the script ${path} is not UTF-8; save it as UTF-8`);
  return sqlJob(bytes.toString("utf8"), basename(path), modulesBeside(dirname(path), { loadTimeoutMs }));
}

/** The functions that a script in that folder makes, loaded. What is wrong with them is found when the script is looked at. */
export async function scriptFunctions(text: string, folder: string): Promise<FunctionSource> {
  const { functionModules } = await import("../table/engine.ts");
  return functionModules(text, modulesBeside(folder));
}

/**
 * Modules of functions of a script in that folder: files, by their paths from there.
 * `followsEdits`: a file that has changed is loaded again (LOA2). Errors: JOB_MODULE_INVALID, with the line that failed.
 */
export function modulesBeside(
  folder: string,
  { followsEdits = false, loadTimeoutMs = LOAD_TIMEOUT_MS } = {},
): LoadModule {
  return async (specifier) => {
    if (!/^(?:\.{1,2}\/|\/|file:)/.test(specifier))
      throw invalidModule(`${specifier} is no path; write './${specifier}' for a file beside the script`);
    const path = specifier.startsWith("file:") ? fileURLToPath(specifier) : resolve(folder, specifier);
    const file = await stat(path).catch((error: unknown) => {
      throw invalidModule(`there is no file ${path}`, error);
    });
    if (!file.isFile()) throw invalidModule(`${path} is not a file`);
    provideStreamjobModules();
    try {
      const version = followsEdits ? `?version=${file.mtimeMs}-${file.size}` : "";
      return await importNamespace(path, { limitMs: loadTimeoutMs, version });
    } catch (error) {
      if (error instanceof StreamError && error.code === "JOB_MODULE_INVALID") throw error;
      throw invalidModule(failureText(path, FAILED_LOADING, error), error);
    }
  };
}

const LOAD_TIMEOUT_MS = defaultConfiguration().loadTimeoutMs;

function importNamespace(
  module: string,
  { limitMs, version = "" }: { readonly limitMs: number; readonly version?: string },
): Promise<Readonly<Record<string, unknown>>> {
  const loading = import(pathToFileURL(module).href + version) as Promise<Readonly<Record<string, unknown>>>;
  return inTime(loading, { module, what: "a top-level `await` of it, or of what it imports,", limitMs });
}

/** LOA4 */
function inTime<R>(
  loading: Promise<R>,
  { module, what, limitMs }: { readonly module: string; readonly what: string; readonly limitMs: number },
): Promise<R> {
  return settledWithin(loading, limitMs, (why) =>
    invalidModule(
      why === "never"
        ? `${module} never becomes a job: ${what} waits for something that cannot come any more, as nothing is open that could bring it`
        : `${module} has not become a job within ${formatDuration(limitMs)}: ${what} still waits. Mend it, or raise pipeline.load-timeout (-D, or \`config\` of a manifest)`,
    ),
  );
}

async function importModule(module: string, limitMs: number): Promise<unknown> {
  try {
    return (await importNamespace(module, { limitMs }))["default"];
  } catch (error) {
    if (error instanceof StreamError) throw error;
    throw moduleError(module, FAILED_LOADING, error);
  }
}

const FAILED_LOADING = "it failed while it was loaded";

const moduleError = (module: string, what: string, error: unknown): StreamError =>
  invalidModule(`the job module cannot be used: ${failureText(module, what, error)}`, error);

function failureText(module: string, what: string, error: unknown): string {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : thrownText(error);
  const place = error instanceof Error ? (codePlace(error.stack ?? "", module) ?? module) : module;
  return `${what}, at ${place}: ${reason}`;
}

function invalidModule(message: string, cause?: unknown): StreamError {
  return new StreamError("JOB_MODULE_INVALID", message, {
    destiny: "terminal",
    ...(cause === undefined ? {} : { cause }),
  });
}
