/**
 * Owns: what is done to a running job and its servers: one function for each row of the fault matrix that this suite covers.
 *
 * XOF1 A fault undoes itself: when its function resolves, whoever was stopped goes on and a server that was killed serves again. Whether the
 *      job then comes back is the job's affair.
 */
import { type Random, sleep, systemClock } from "../../../base/index.ts";
import { killOthers } from "../../data/database.ts";
import { freezeServer, startServer, stopServer } from "../../environment/control.ts";
import type { JobRun } from "../../integration/job-run.ts";
import type { Servers } from "./servers.ts";

export type Place = {
  readonly run: JobRun;
  readonly servers: Servers;
  readonly table: string;
  readonly random: Random;
};

type Fault = (place: Place) => Promise<void>;

/** A process that stands still for less is not taken for dead. */
const HEARTBEAT_MS = 2500;

export const faults = {
  "1 a TaskManager is killed": async ({ run, random }) => {
    const { taskManagers } = run.cluster.pids();
    kill(taskManagers[Math.floor(random.next() * taskManagers.length)], "SIGKILL");
  },
  "1 all TaskManagers are killed": async ({ run }) => {
    for (const pid of run.cluster.pids().taskManagers) kill(pid, "SIGKILL");
  },
  "2 the JobManager is killed": async ({ run }) => kill(run.cluster.pids().jobManager, "SIGKILL"),
  "4 the JobManager stands still": async ({ run, random }) => {
    await standStill([run.cluster.pids().jobManager], HEARTBEAT_MS * (0.2 + random.next()));
  },
  "5 a TaskManager stands still until another has taken over, and goes on": async ({ run, random }) => {
    const { taskManagers } = run.cluster.pids();
    await standStill([taskManagers[Math.floor(random.next() * taskManagers.length)]], HEARTBEAT_MS * 2);
  },
  "10 the broker is killed": async ({ servers, random }) => {
    await stopServer(servers.broker, "SIGKILL");
    await sleep(systemClock, random.next() * 1000);
    await startServer(servers.broker);
    await servers.whenServing();
  },
  "10 the broker is restarted": async ({ servers }) => {
    await stopServer(servers.broker);
    await startServer(servers.broker);
    await servers.whenServing();
  },
  "12 the broker answers late": async ({ servers, random }) => {
    await freezeServer(servers.broker, "SIGSTOP");
    await sleep(systemClock, 500 + random.next() * 2000);
    await freezeServer(servers.broker, "SIGCONT");
  },
  "14 the database is killed": async ({ servers, random }) => {
    await stopServer(servers.mariadb, "SIGKILL");
    await sleep(systemClock, random.next() * 1000);
    await startServer(servers.mariadb);
    await servers.whenServing();
  },
  "14 the database answers late": async ({ servers, random }) => {
    await freezeServer(servers.mariadb, "SIGSTOP");
    await sleep(systemClock, 500 + random.next() * 2000);
    await freezeServer(servers.mariadb, "SIGCONT");
  },
  "15 somebody else ends the sinks' connections": ({ servers }) => killOthers(servers.query),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

async function standStill(pids: readonly (number | null | undefined)[], ms: number): Promise<void> {
  for (const pid of pids) kill(pid, "SIGSTOP");
  await sleep(systemClock, ms);
  for (const pid of pids) kill(pid, "SIGCONT");
}

/** No pid, or none any more: it is down already. */
function kill(pid: number | null | undefined, signal: NodeJS.Signals): void {
  if (typeof pid !== "number") return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
