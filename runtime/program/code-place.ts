/**
 * Owns: finding the line of a job's code that an error came from.
 * Called by: the loader, and slots for errors that no operator has caught.
 */
import { fileURLToPath } from "node:url";

/** Frames in these folders are the engine's; examples and a user's job lie elsewhere, also in this repository. */
const ENGINE_FOLDERS = ["base", "contract", "security", "runtime"].map((name) =>
  fileURLToPath(new URL(`../../${name}/`, import.meta.url)),
);

/** Files of a ConfigMap lie in a folder of their version, behind links with the names that people know. */
const VOLUME_VERSION = /\/\.\.[^/]+\//;

/**
 * `file:line` of the first place of `module` that a stack names, else of the first file that is neither the engine's nor a
 * package's, else of the first that is not the engine's; undefined when there is none.
 */
export function codePlace(stack: string, module?: string): string | undefined {
  const ofUrls = [...stack.matchAll(/file:\/\/(\/[^\s():]+):(\d+)/g)].map(([, path, line]) => ({
    // Without the version that a shell has asked for (load.ts).
    path: decodeURI(path ?? "").replace(/\?.*$/, ""),
    line,
  }));
  // Syntax errors begin with a line `/path/job.ts:3`; modules that are required have frames `at f (/path/x.cjs:3:1)`.
  const ofPaths = [...stack.matchAll(/^(\/.+):(\d+)$/gm), ...stack.matchAll(/\((\/[^\s():]+):(\d+):\d+\)/g)].map(
    ([, path, line]) => ({ path, line }),
  );
  const places = [...ofPaths, ...ofUrls]
    .filter(({ path = "" }) => !ENGINE_FOLDERS.some((folder) => path.startsWith(folder)))
    .map(({ path = "", line }) => ({ path: path.replace(VOLUME_VERSION, "/"), line }));
  const place =
    places.find(({ path }) => path === module) ??
    places.find(({ path }) => !path.includes("/node_modules/")) ??
    places[0];
  return place === undefined ? undefined : `${place.path}:${place.line}`;
}
