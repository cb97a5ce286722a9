/**
 * Owns: a job module, or a script of SQL, as the StreamJob that a cluster can run without an image of its own: its text inline, flags as fields. Pure.
 * Does not own: reading the file (run-sources.ts), what else may be wrong with the StreamJob (manifest-set.ts).
 *
 * INJ1 What the pods would not find is refused here, by name: files that are imported by a path, packages that the operator's image lacks.
 *     With an image of the person's own, packages are that image's matter.
 */
import { isBuiltin } from "node:module";
import { basename } from "node:path";
import { STREAM_JOB_API_VERSION } from "../../crds/index.ts";

/** What `run job.ts` says about the job beside the module. */
export type InlineJob = {
  readonly module: string;
  /** null: the file's name. */
  readonly name: string | null;
  /** null: the operator's. */
  readonly image: string | null;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly parallelism?: number;
  readonly taskManagers?: number;
  readonly slots?: number;
  readonly restore?: { readonly path: string; readonly allowNonRestoredState: boolean };
};

export type InlineManifest =
  | { readonly kind: "manifest"; readonly text: string }
  | { readonly kind: "refused"; readonly message: string };

/** At the beginning of a statement, so that words in texts and comments do not count; types alone are not loaded. */
const STATEMENT = /^[ \t]*(?:import|export)\b(?!\s+type\b)[^"'`;]*?["']([^"'\n]+)["']/gm;
const CALL = /\bimport\s*\(\s*["']([^"'\n]+)["']/g;

/** `CREATE FUNCTION mask AS './functions.ts#mask'`. */
const FUNCTION = /\bFUNCTION\s[^;']*?\bAS\s+'([^'#\n]+)(?:#[^'\n]*)?'/gi;
const PATH = /^(?:\.{0,2}\/|file:)/;

export function inlineManifest(text: string, job: InlineJob): InlineManifest {
  const isSql = job.module.endsWith(".sql");
  const message = isSql ? refusalOfScript(text) : refusalOf(text, job.image !== null);
  if (message !== null) return { kind: "refused", message };
  const { image, args, options, parallelism, taskManagers, slots, restore } = job;
  const taskManager = {
    ...(taskManagers === undefined ? {} : { replicas: taskManagers }),
    ...(slots === undefined ? {} : { slots }),
  };
  const spec = {
    ...(image === null ? {} : { image }),
    job: { [isSql ? "sql" : "inline"]: text, ...(args.length === 0 ? {} : { args }) },
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(Object.keys(taskManager).length === 0 ? {} : { taskManager }),
    ...(restore === undefined ? {} : { restore }),
    ...(Object.keys(options).length === 0 ? {} : { config: options }),
  };
  const metadata = { name: job.name ?? nameOf(job.module) };
  return {
    kind: "manifest",
    text: JSON.stringify({ apiVersion: STREAM_JOB_API_VERSION, kind: "StreamJob", metadata, spec }),
  };
}

/** `jobs/Word_count.ts` is `word-count`. */
function nameOf(module: string): string {
  return basename(module)
    .replace(/\.(?:[cm]?[jt]s|sql)$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** INJ1, of functions in files. */
function refusalOfScript(text: string): string | null {
  const files = [...new Set([...text.matchAll(FUNCTION)].map(([, file = ""]) => file))].filter((file) =>
    PATH.test(file),
  );
  return files.length === 0 ? null : refusalOfFiles("has functions in", files);
}

const refusalOfFiles = (what: string, files: readonly string[]): string =>
  `${what} ${files.join(", ")}, and a cluster gets this one file: put the files into a ConfigMap (job.configMap) or an image (job.module), and run a manifest`;

/** INJ1. null: pods find all that it imports. */
function refusalOf(text: string, hasImage: boolean): string | null {
  const imported = [...new Set([...text.matchAll(STATEMENT), ...text.matchAll(CALL)].map(([, name = ""]) => name))];
  const files = imported.filter((name) => PATH.test(name));
  if (files.length > 0) return refusalOfFiles("imports", files);
  if (hasImage) return null;
  const missing = imported.filter((name) => !isBuiltin(name) && !/^streamjob(?:\/|$)/.test(name));
  if (missing.length === 0) return null;
  return `imports ${missing.join(", ")}, which the operator's image does not have: name one that has it with --image`;
}
