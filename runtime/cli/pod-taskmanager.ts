/**
 * Owns: the TaskManager process of an incarnation's pod: composes a TaskManager.
 *
 * PT1 It looks for its JobManager without end, and is ended by nobody but who runs the pod.
 */
import { systemClock, taskManagerId } from "../base/index.ts";
import { podVariables } from "../contract/index.ts";
import { startTaskManager } from "../taskmanager/index.ts";
import { runPod } from "./pod-process.ts";

export function runTaskManager(): Promise<void> {
  return runPod("taskmanager", systemClock, async ({ config, log, address, variable, onClose }) => {
    const jobManager = address(podVariables.jobManager);
    const id = variable(podVariables.podName);
    const taskManager = await startTaskManager({
      taskManagerId: taskManagerId(id),
      host: variable(podVariables.podIp),
      jobManagerHost: jobManager.host,
      jobManagerPort: jobManager.port,
      slots: config.slots,
      clock: systemClock,
      log: log.child({ taskManagerId: id }),
    });
    onClose(() => taskManager.close());
  });
}
