/**
 * Owns: the TaskManager process of an incarnation's pod: composes a TaskManager.
 *
 * POT1 It looks for its JobManager without end, and is ended by nobody but who runs the pod.
 * POT2 Its id is the pod's name and a word of its own: a process that was stopped and replaced under the same name is another one.
 */
import { jobId, systemClock, systemRandom, taskManagerId } from "../base/index.ts";
import { podVariables } from "../contract/index.ts";
import { startTaskManager } from "../runtime/taskmanager/index.ts";
import { identityFolder } from "./pod-identity.ts";
import { runPod } from "./pod-process.ts";

export function runTaskManager(): Promise<void> {
  return runPod("taskmanager", systemClock, async ({ config, log, address, variable, onClose }) => {
    const host = variable(podVariables.podIp);
    const folder = identityFolder([host]);
    const jobManager = address(podVariables.jobManager);
    const id = `${variable(podVariables.podName)}.${systemRandom.hex(3)}`;
    const taskManager = await startTaskManager({
      jobId: jobId(config.jobId),
      taskManagerId: taskManagerId(id),
      host,
      jobManagerHost: jobManager.host,
      jobManagerPort: jobManager.port,
      slots: config.slots,
      clock: systemClock,
      identity: folder === null ? null : { folder, encryptsData: true },
      log: log.child({ taskManagerId: id }),
    });
    onClose(() => taskManager.close());
  });
}
