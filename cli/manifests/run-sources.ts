/**
 * Owns: what `run` reads at each save: manifests, or one job module as the StreamJob that a cluster runs.
 * Does not own: the manifests' texts (manifest-sources.ts), the StreamJob of a module (inline-job.ts).
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type InlineJob, inlineManifest } from "./inline-job.ts";
import type { JobCommand } from "./manifest-command.ts";
import { type ManifestObject, type ManifestSet, readManifestSet } from "./manifest-set.ts";
import { type ReadSources, readSources, STDIN } from "./manifest-sources.ts";
import type { ManifestProblem } from "./manifest-text.ts";

/** Files as they are now; stdin is read once, by whoever begins. */
export function runSources({ sources, inline }: JobCommand<"runManifests">): ReadSources {
  if (inline !== undefined) return moduleSource(inline);
  return readSources(
    sources.filter((source) => source !== STDIN),
    Buffer.alloc(0),
  );
}

/** The same as objects; `isLocal` as in readManifestSet. */
export function runManifestSet(
  read: ReadSources,
  { namespace, inline }: JobCommand<"runManifests">,
  isLocal: boolean,
): ManifestSet {
  const set = readManifestSet(read, namespace, isLocal);
  if (inline === undefined) return set;
  // A place in the StreamJob is none in the module.
  const placeless = (problem: ManifestProblem): ManifestProblem => ({ ...problem, position: null });
  const objects = set.objects.map(
    (manifest): ManifestObject => ({ ...manifest, problem: (...of) => placeless(manifest.problem(...of)) }),
  );
  return { ...set, objects, problems: set.problems.map(placeless), warnings: set.warnings.map(placeless) };
}

function moduleSource(job: InlineJob): ReadSources {
  const file = job.module;
  const refused = (message: string): ReadSources => ({
    texts: [],
    problems: [{ file, position: null, field: "", message }],
  });
  let code: string;
  try {
    code = readFileSync(file, "utf8");
  } catch (error) {
    return refused(`cannot be read: ${(error as Error).message}`);
  }
  const manifest = inlineManifest(code, job);
  if (manifest.kind === "refused") return refused(manifest.message);
  return { texts: [{ file, folder: dirname(resolve(file)), text: manifest.text, isFromFolder: false }], problems: [] };
}
