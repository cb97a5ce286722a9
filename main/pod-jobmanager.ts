/**
 * Owns: the JobManager process of an incarnation's pod: composes an incarnation and its REST.
 *
 * POJ1 It serves REST from the first moment, whatever comes of the job, and after its end (IC3).
 * POJ2 Exit code 3: another process of the same incarnation leads. Taken over by another incarnation it stays, and says so (IC4).
 */
import { systemClock, systemRandom } from "../base/index.ts";
import { type PodConfig, podVariables } from "../contract/index.ts";
import { startIncarnation } from "../runtime/jobmanager/index.ts";
import { openIdentity } from "../security/index.ts";
import { startRest } from "../runtime/rest/index.ts";
import { identityFolder } from "./pod-identity.ts";
import { runPod } from "./pod-process.ts";
import { exitCodes } from "./process-messages.ts";
import { readVersion } from "./package-version.ts";

export function runJobManager(): Promise<void> {
  return runPod("jobmanager", systemClock, async ({ config, log, address, onClose, exit }) => {
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
      job: { module: config.program.path, options: optionsOf(config), args: config.args, jobId: config.jobId },
      storeUri: config.storeUri,
      rpcHost: rpc.host,
      rpcPort: rpc.port,
      expectedTaskManagers: config.taskManagers,
      onFenced: () => exit(exitCodes.fenced),
    });
    const version = readVersion();
    const rest = await startRest({ ...ports, ...listen, security, control: incarnation, incarnation, version });
    onClose(async () => {
      await Promise.all([incarnation.close(), rest.close()]);
    });
    log.info({ rpcPort: incarnation.rpcPort, restPort: rest.port, jobId: config.jobId }, "this JobManager listens");
  });
}

/** As `-D` options; what the configuration names by itself is above its free options. */
function optionsOf(config: PodConfig): Readonly<Record<string, string>> {
  const named: Readonly<Record<string, string | number | null>> = {
    "pipeline.name": config.jobName,
    "parallelism.default": config.parallelism,
    "pipeline.max-parallelism": config.maxParallelism,
    "state.savepoints.dir": config.savepointDirectory,
  };
  const options = { ...config.options };
  for (const [name, value] of Object.entries(named)) if (value !== null) options[name] = String(value);
  return options;
}
