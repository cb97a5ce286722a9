/**
 * Owns: where StreamJob keeps what it writes on this machine.
 *
 *   <home>/jobs/<jobId>.json                 registry of jobs (job-registry.ts)
 *   <home>/checkpoints/default/<jobId>/      checkpoints, unless execution.checkpointing.dir is set
 *   <home>/savepoints/                       savepoints of module jobs, when neither the command nor the job names a folder
 *   <home>/logs/<jobId>/<process>.log        JSON lines of the job's processes
 *   <home>/control-plane/                    the embedded control plane: its objects, its pods' files and logs, its checkpoints
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { environmentVariable } from "../../base/index.ts";

export type HomeFolder = {
  readonly root: string;
  readonly jobs: string;
  readonly checkpoints: string;
  readonly savepoints: string;
  readonly controlPlane: string;
  logs(jobId: string): string;
};

/** Default: `$STREAMJOB_HOME`, else `$XDG_STATE_HOME/streamjob`, else `~/.local/state/streamjob`. Creates nothing. */
export function homeFolder(given?: string): HomeFolder {
  const root = resolve(given ?? environmentVariable("STREAMJOB_HOME") ?? stateFolder());
  return {
    root,
    jobs: join(root, "jobs"),
    checkpoints: join(root, "checkpoints"),
    savepoints: join(root, "savepoints"),
    controlPlane: join(root, "control-plane"),
    logs: (jobId) => join(root, "logs", jobId),
  };
}

/** What may be lost at any time: `$XDG_CACHE_HOME/streamjob`, else `~/.cache/streamjob`. */
export function cacheFolder(): string {
  const xdg = environmentVariable("XDG_CACHE_HOME");
  return join(xdg === undefined || xdg === "" ? join(homedir(), ".cache") : xdg, "streamjob");
}

function stateFolder(): string {
  const xdg = environmentVariable("XDG_STATE_HOME");
  return join(xdg === undefined || xdg === "" ? join(homedir(), ".local", "state") : xdg, "streamjob");
}
