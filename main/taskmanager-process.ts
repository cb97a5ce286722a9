/**
 * Owns: the TaskManager process of a local cluster: composes a TaskManager and ends with it.
 */
import { jobId, systemClock, taskManagerId } from "../base/index.ts";
import { memoryBesideOthers } from "./process-memory.ts";
import { startTaskManager } from "../runtime/taskmanager/index.ts";
import { exitCodes, type TaskManagerConfig } from "./process-messages.ts";
import { runChild } from "./runner-link.ts";

await runChild<TaskManagerConfig>("taskmanager", systemClock, async (config, link) => {
  const taskManager = await startTaskManager({
    jobId: jobId(config.jobId),
    taskManagerId: taskManagerId(config.taskManagerId),
    host: "127.0.0.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: config.jobManagerPort,
    slots: config.slots,
    memory: memoryBesideOthers(config.slots, config.memory),
    clock: systemClock,
    log: link.log.child({ taskManagerId: config.taskManagerId }),
  });
  await link.send({ kind: "listening" });
  link.onLetGo(() => taskManager.close());
  await taskManager.done;
  return exitCodes.done;
});
