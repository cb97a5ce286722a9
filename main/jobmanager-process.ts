/**
 * Owns: the JobManager process of a local cluster: composes a JobManager, its REST, and the events for the runner.
 *
 * JOM1 Exit codes: 0 FINISHED or CANCELED, 1 FAILED, 3 fenced; both of the first only after `terminal` was told.
 * JOM2 When the job has ended, REST stays for those who wait for the path of a savepoint, at most LINGER_MS.
 */
import { sleep, systemClock, systemRandom } from "../base/index.ts";
import { type Ending, type JobControl, startJobManager } from "../runtime/jobmanager/index.ts";
import { type RestServer, startRest } from "../runtime/rest/index.ts";
import { JobObserver } from "./job-observer.ts";
import { exitCodes, type JobManagerConfig, type TerminalStatus } from "./process-messages.ts";
import { type RunnerLink, runChild } from "./runner-link.ts";

const LINGER_MS = 2000;
const HOST = "127.0.0.1";

await runChild<JobManagerConfig>("jobmanager", systemClock, run);

async function run(config: JobManagerConfig, link: RunnerLink): Promise<number> {
  const clock = systemClock;
  const { log } = link;
  const ending = Promise.withResolvers<Ending>();
  const jobManager = await startJobManager({
    job: { module: config.module, options: config.options, args: config.args, jobId: config.jobId },
    storeUri: config.storeUri,
    rpcHost: HOST,
    rpcPort: config.rpcPort,
    restore: config.restore,
    expectedTaskManagers: config.taskManagers,
    clock,
    random: systemRandom,
    log,
    onTerminal: ending.resolve,
  });
  const { restPort, version } = config;
  const rest = await startRest({
    host: HOST,
    port: restPort,
    control: jobManager,
    clock,
    random: systemRandom,
    log,
    version,
  });
  const observer = new JobObserver(jobManager, clock, (event) => void link.send({ kind: "event", event }));
  await link.send({ kind: "listening" });
  observer.start();
  link.onCancel(() => void jobManager.cancel());
  const how = await ending.promise;
  observer.stop();
  if (how !== "fenced") await farewell(how, jobManager, link, rest);
  await rest.close();
  return how === "fenced" ? exitCodes.fenced : how === "FAILED" ? exitCodes.failed : exitCodes.done;
}

/** JOM2 */
async function farewell(
  status: TerminalStatus,
  control: JobControl,
  link: RunnerLink,
  rest: RestServer,
): Promise<void> {
  const { failure, restarts } = control.job();
  const { latestCompleted } = control.checkpoints();
  const lastCheckpoint = latestCompleted === null || latestCompleted.discarded ? null : latestCompleted.externalPath;
  await link.send({
    kind: "terminal",
    status,
    restarts,
    failure: status === "FAILED" ? failure : null,
    lastCheckpoint,
  });
  await Promise.race([rest.outcomesTold(), sleep(systemClock, LINGER_MS)]);
}
