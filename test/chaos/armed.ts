/**
 * Owns: failpoints at which somebody dies or stands still in a job that runs in processes of this machine: which it can reach, and how often; as words and for the processes.
 * Called by: the suites that run by seeds (exactly-once, sql), and what their runs have come to.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../base/index.ts";
import { type FailpointName, failpointNames } from "../../runtime/failures/index.ts";
import type { JobRun, RunOptions } from "../integration/job-run.ts";

export type Armed = {
  readonly name: FailpointName;
  readonly action: "kill" | "stop";
  /** At which time it is reached. */
  readonly hit: number;
};

/** Of the first start of the JobManager, and of each TaskManager. */
export type ArmedProcesses = { readonly jobManager: Armed | null; readonly taskManagers: readonly (Armed | null)[] };

/** Reached only by incarnations, as in a cluster (test/integration/activation.test.ts tries them). */
const ofIncarnations: readonly FailpointName[] = [
  "jm:before-activation",
  "jm:after-activation",
  "jm:before-predecessor-fence",
];
/** Reached once by a JobManager, so at its first time. */
const reachedOnce: readonly FailpointName[] = [
  "jm:after-epoch-claim",
  "jm:after-fence",
  "jm:before-result",
  "jm:after-result",
];
/** What wins or loses exactly-once: between the manifest and the commit of the sinks. */
export const betweenManifestAndCommit: readonly FailpointName[] = [
  "jm:after-manifest",
  "tm:before-commit",
  "tm:before-commit",
  "tm:before-commit",
  "tm:after-commit",
];
/** Where to stand still means something to others: before and after each write that makes a checkpoint or a commit. */
export const worthHolding: readonly FailpointName[] = [
  "jm:before-manifest",
  "jm:after-manifest",
  "jm:before-commit-marker",
  "tm:after-snapshot",
  "tm:before-ack",
];

/** Every failpoint that a job of these suites can reach. */
export const reachable = failpointNames.filter((name) => !ofIncarnations.includes(name));
export const ofTaskManager = (name: FailpointName): boolean => name.startsWith("tm:");

/** `most`: it is reached for the last time that counts; `once`: more that this job reaches a single time. */
export function armedAt(
  random: Random,
  {
    name,
    action,
    most,
    once = [],
  }: Omit<Armed, "hit"> & { readonly most: number; readonly once?: readonly FailpointName[] },
): Armed {
  const isOnce = reachedOnce.includes(name) || once.includes(name);
  return { name, action, hit: isOnce ? 1 : 1 + Math.floor(random.next() * most) };
}

/** As STREAMJOB_FAILPOINTS has it. */
const armedText = (armed: Armed | null): string | undefined =>
  armed === null ? undefined : `${armed.name}=${armed.action}@${armed.hit}`;

/** As a job is started with them. */
export function failpointsOf({ jobManager, taskManagers }: ArmedProcesses): NonNullable<RunOptions["failpoints"]> {
  const text = armedText(jobManager);
  return { ...(text === undefined ? {} : { jobManager: text }), taskManagers: taskManagers.map(armedText) };
}

/** In words. */
export function describeArmed({ jobManager, taskManagers }: ArmedProcesses): readonly string[] {
  const of = (who: string, armed: Armed | null): string[] =>
    armed === null ? [] : [`${who} ${armed.action} at ${armed.name}@${armed.hit}`];
  return [...of("JM", jobManager), ...taskManagers.flatMap((armed, index) => of(`TM ${index + 1}`, armed))];
}

/** Where somebody died or stood still, from the logs: a process says so just before. */
export function failpointsReached(runs: readonly JobRun[]): string[] {
  return runs.flatMap(({ logFolder }) => {
    const names = existsSync(logFolder) ? readdirSync(logFolder) : [];
    const texts = names.map((name) => readFileSync(join(logFolder, name), "utf8"));
    return texts.flatMap((text) =>
      [...text.matchAll(/^failpoint (\S+): (?:kill|stop)$/gm)].map((match) => match[1] as string),
    );
  });
}
