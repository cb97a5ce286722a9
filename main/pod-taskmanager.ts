/**
 * Owns: the TaskManager process of an incarnation's pod: composes a TaskManager.
 *
 * POT1 It looks for its JobManager without end, and is ended by nobody but who runs the pod.
 * POT2 Its id is the pod's name and a word of its own: a process that was stopped and replaced under the same name is another one.
 */
import type { Verdict } from "../base/endpoints.ts";
import {
  addThreadFigures,
  environmentVariable,
  jobId,
  type MetricsPage,
  systemClock,
  systemRandom,
  taskManagerId,
} from "../base/index.ts";
import { podVariables } from "../contract/index.ts";
import { startTaskManager, type TaskManagerView } from "../runtime/taskmanager/index.ts";
import { identityFolder } from "./pod-identity.ts";
import { memorySettings } from "../settings/index.ts";
import { bad, good } from "./pod-endpoints.ts";
import { memoryOfPod } from "./process-memory.ts";
import { runPod } from "./pod-process.ts";
import { exitCodes } from "./process-messages.ts";

/** A thread that does not answer for so long, or a JobManager that is missing for so long, is worth a look. */
const UNHEALTHY_MS = 30_000;

export function runTaskManager(): Promise<void> {
  return runPod("taskmanager", systemClock, async ({ config, log, address, variable, onEnd, onServe, exit }) => {
    const given = memorySettings(config.options);
    const told = environmentVariable(podVariables.memoryMiB);
    const isAlone = environmentVariable(podVariables.leash) === undefined;
    const memory = memoryOfPod({ slots: config.slots, given, told, isAlone }, log);
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
      memory,
      clock: systemClock,
      identity: folder === null ? null : { folder, options: config.options },
      log: log.child({ taskManagerId: id }),
    });
    onServe({
      readiness: () => readinessOf(taskManager.view()),
      health: () => healthOf(taskManager.view()),
      metrics: (page) => addMetrics(page, taskManager.view()),
    });
    void taskManager.done.catch((error: unknown) => {
      log.error({ err: error }, "the TaskManager cannot go on; whoever runs the pod starts it again");
      exit(exitCodes.crashed);
    });
    onEnd({ leave: () => taskManager.leave(), close: () => taskManager.close() });
  });
}

function readinessOf({ isListening }: TaskManagerView): Verdict {
  return isListening ? good("its slots listen") : bad("a slot's thread is being started");
}

function healthOf({ slots, unheardMs }: TaskManagerView): Verdict {
  const silent = slots.filter(({ silentMs }) => silentMs > UNHEALTHY_MS).map(({ slot }) => slot);
  if (silent.length > 0) return bad(`the threads of these slots do not answer: ${silent.join(", ")}`);
  return unheardMs > UNHEALTHY_MS ? bad("it has no JobManager") : good("ok");
}

function addMetrics(page: MetricsPage, { slots, isRegistered }: TaskManagerView): void {
  const add = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void =>
    page.add({ name: `streamjob_taskmanager_${name}`, kind: "gauge", help }, labels, value);
  add("registered", "1 while it is registered with its JobManager.", isRegistered ? 1 : 0);
  add("slots", "Slots.", slots.length);
  for (const { slot, tasks, figures } of slots) {
    const thread = `slot-${slot}`;
    add("tasks", "Tasks in a slot.", tasks, { thread });
    if (figures === null) continue;
    add("network_segments_used", "Network buffers of 32 KiB in use.", figures.segments.lent, { thread });
    add("network_segments_max", "Network buffers that there may be.", figures.segments.max, { thread });
    addThreadFigures(page, thread, figures.thread);
  }
}
