/**
 * Owns: reading what a pod's container wrote, for the API server's `logs`.
 * Called by: the in-memory API server, which has it injected.
 */
import { ApiError, type LogOptions, type Pod } from "../../operator/kubernetes/api/index.ts";
import { readContainerLog } from "./container-log.ts";
import { containerLogPath } from "./pod-worker.ts";

/** Newest last. Errors: BadRequest for a container that the pod has not, or a previous instance that there was not. */
export type PodLogs = (pod: Pod, options: LogOptions) => Promise<string>;

/** Reads below the folders that `folderOf` names. */
export function podLogs(folderOf: (pod: Pod) => string): PodLogs {
  return async (pod, options) => {
    const { name } = pod.metadata;
    const containers = pod.spec.containers.map((container) => container.name);
    const container = options.container ?? containers[0] ?? "";
    if (!containers.includes(container)) {
      throw new ApiError(
        "BadRequest",
        `container ${container} is not valid for pod ${name}: it has ${containers.join(", ")}`,
      );
    }
    const isPrevious = options.previous === true;
    const text = await readContainerLog(containerLogPath(folderOf(pod), container), isPrevious);
    if (text === null && isPrevious) {
      throw new ApiError("BadRequest", `previous terminated container "${container}" in pod "${name}" not found`);
    }
    return lastLines(text ?? "", options.tailLines);
  };
}

function lastLines(text: string, count: number | undefined): string {
  if (count === undefined) return text;
  if (count <= 0) return "";
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const lines = body.split("\n");
  return text.slice(lines.slice(0, -count).reduce((length, line) => length + line.length + 1, 0));
}
