/**
 * Owns: which files `run` follows: the manifests that were named, the modules of their jobs, and what these import.
 * Does not own: which files a module imports (module-imports.ts), noticing that one was saved (file-follower.ts), what follows from it (run-command.ts).
 */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { StreamJob } from "../../crds/index.ts";
import type { Clock } from "../../base/index.ts";
import { FileFollower } from "./file-follower.ts";
import { manifestFiles, STDIN } from "./manifest-sources.ts";
import { ModuleImports } from "./module-imports.ts";

/** Files and folders as they were named; stdin is not followed. */
export function followManifests(
  sources: readonly string[],
  clock: Clock,
  onChange: () => void,
  onTrouble: (text: string) => void,
): FileFollower {
  const named = sources.filter((source) => source !== STDIN);
  // What cannot be looked at is looked at as a file: the follower says so, and looks on (FF3).
  const isFolder = (source: string): boolean => {
    try {
      return statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? false;
    } catch {
      return false;
    }
  };
  return new FileFollower({
    clock,
    files: () => named.flatMap((source) => (isFolder(source) ? manifestFiles(source) : [source])),
    folders: named.map((source) => (isFolder(source) ? source : dirname(resolve(source)))),
    onChange,
    onTrouble,
  });
}

/** `jobs` is asked at each look; `onSave` is called for each job whose module, or what that imports, was saved. */
export function followModules(
  jobs: () => readonly StreamJob[],
  clock: Clock,
  onSave: (file: string, job: StreamJob) => void,
  onTrouble: (text: string) => void,
): FileFollower {
  const imports = new ModuleImports();
  const filesOf = (job: StreamJob): readonly string[] => {
    const module = modulePath(job);
    return module === null ? [] : imports.filesOf(module);
  };
  const modules = (): readonly string[] => jobs().flatMap(filesOf);
  const known = new Set(modules());
  return new FileFollower({
    clock,
    files: modules,
    folders: [],
    onTrouble,
    onChange: (files) => {
      // A module that another manifest brought is new to this, and was not saved.
      const saved = files.filter((file) => known.has(file));
      for (const file of files) known.add(file);
      for (const job of jobs()) {
        const own = new Set(filesOf(job));
        const [first] = saved.filter((file) => own.has(file));
        // One line for a save of several files: there is one thing to do about it.
        if (first !== undefined) onSave(first, job);
      }
    },
  });
}

/** On this machine; null: it is somewhere else. */
function modulePath({ spec }: StreamJob): string | null {
  const { module } = spec.job;
  if (module === undefined) return null;
  if (!module.startsWith("file:")) return module;
  try {
    return fileURLToPath(module);
  } catch {
    return null; // no file of this machine (`file://job.ts`): the control plane says what is wrong with it
  }
}
