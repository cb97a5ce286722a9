/**
 * Owns: the JobManager process of an incarnation's pod: composes an incarnation and its REST.
 *
 * POJ1 It serves REST from the first moment, whatever comes of the job, and after its end (IC3).
 * POJ2 Exit code 3: another process of the same incarnation leads. Taken over by another incarnation it stays, and says so (IC4).
 */
import type { Verdict } from "../base/endpoints.ts";
import { type MetricsPage, systemClock, systemRandom } from "../base/index.ts";
import { podVariables } from "../contract/index.ts";
import { type Incarnation, startIncarnation } from "../runtime/jobmanager/index.ts";
import { addJobMetrics, startRest } from "../runtime/rest/index.ts";
import { openIdentity } from "../security/index.ts";
import { identityFolder } from "./pod-identity.ts";
import { bad, good } from "./pod-endpoints.ts";
import { runPod } from "./pod-process.ts";
import { jobOptionsOf } from "./pod-settings.ts";
import { exitCodes } from "./process-messages.ts";
import { readVersion } from "./package-version.ts";

export function runJobManager(): Promise<void> {
  return runPod("jobmanager", systemClock, async ({ config, log, address, onEnd, onServe, exit }) => {
    const rpc = address(podVariables.rpcListen);
    const listen = address(podVariables.restListen);
    const ports = { clock: systemClock, random: systemRandom, log };
    const folder = identityFolder([rpc.host, listen.host]);
    const identity = folder === null ? null : openIdentity(folder, ports);
    const expected = { jobId: config.jobId, role: "taskmanager" } as const;
    const security = identity === null ? null : { ...ports, identity, expected };
    const incarnation = await startIncarnation({
      ...ports,
      security,
      job: { module: config.program.path, options: jobOptionsOf(config), args: config.args, jobId: config.jobId },
      storeUri: config.storeUri,
      savepointPrefixes: config.savepointPrefixes ?? null,
      rpcHost: rpc.host,
      rpcPort: rpc.port,
      expectedTaskManagers: config.taskManagers,
      onFenced: () => exit(exitCodes.fenced),
    });
    const version = readVersion();
    const rest = await startRest({ ...ports, ...listen, security, control: incarnation, incarnation, version });
    onEnd({
      leave: () => incarnation.leave(),
      close: async () => {
        await Promise.all([incarnation.close(), rest.close()]);
      },
    });
    onServe({
      readiness: () => good("its ports listen"),
      health: () => healthOf(incarnation),
      metrics: (page) => addMetrics(page, incarnation),
    });
    log.info({ rpcPort: incarnation.rpcPort, restPort: rest.port, jobId: config.jobId }, "this JobManager listens");
  });
}

function healthOf(incarnation: Incarnation): Verdict {
  const { phase, error } = incarnation.incarnation();
  if (phase === "refused") return bad("the incarnation cannot run its job");
  return error?.code === "FENCED" ? bad("another incarnation has taken over") : good(`the incarnation is ${phase}`);
}

function addMetrics(page: MetricsPage, incarnation: Incarnation): void {
  const { taskManagers, taskManagersReady, phase } = incarnation.incarnation();
  const count = (name: string, help: string, value: number): void =>
    page.add({ name: `streamjob_jobmanager_${name}`, kind: "gauge", help }, {}, value);
  count("numRegisteredTaskManagers", "TaskManagers that are registered.", taskManagers);
  count("numReadyTaskManagers", "TaskManagers all of whose slots have loaded the job.", taskManagersReady);
  // Before that there is no job to measure.
  if (phase === "loading" || phase === "refused") return;
  const nowMs = systemClock.nowMs();
  addJobMetrics(page, { job: incarnation.job(), checkpoints: incarnation.checkpoints(), nowMs });
}
