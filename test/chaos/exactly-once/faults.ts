/**
 * Owns: what is done to a running job and its servers: one function for each row of the fault matrix that this suite covers, but for those of
 * processes (process-faults.ts) and of the store (store-faults.ts), those for which the whole job is down (downtimes.ts), and those where one stands still at a failpoint (held.ts).
 *
 * XOF1 A fault undoes itself: when its function resolves, whoever was stopped goes on and a server that was killed serves again. Whether the
 *      job then comes back is the job's affair.
 */
import { type Random, sleep, systemClock } from "../../../base/index.ts";
import { killOthers } from "../../data/database.ts";
import { freezeServer, startServer, stopServer } from "../../environment/control.ts";
import type { RunningPart } from "../../environment/index.ts";
import type { JobRun } from "../../integration/job-run.ts";
import { processFaults, signal } from "../process-faults.ts";
import { type StoreFaultName, storeFaults } from "../store-faults.ts";
import type { Servers } from "./servers.ts";

export type Place = {
  readonly run: JobRun;
  readonly servers: Servers;
  readonly table: string;
  readonly random: Random;
};

type Fault = (place: Place) => Promise<void>;

/** Those of the store, at its proxy. */
const ofStore = Object.fromEntries(
  Object.entries(storeFaults).map(([name, fault]) => [
    name,
    ({ servers, random }: Place) => fault({ store: servers.store, random }),
  ]),
) as Record<StoreFaultName, Fault>;

export const faults = {
  ...processFaults,
  ...ofStore,
  "10 the broker is killed": ({ servers, random }) => killed(servers, servers.broker, random),
  "10 the broker is restarted": async ({ servers }) => {
    await stopServer(servers.broker);
    await startServer(servers.broker);
    await servers.whenServing();
  },
  "12 the broker answers late": ({ servers, random }) => frozen(servers.broker, random),
  // Whatever a checkpoint of that time says that the broker has, it has not.
  "12 the broker answers late, and all TaskManagers are killed meanwhile": ({ servers, random, run }) =>
    frozen(servers.broker, random, () => run.cluster.pids().taskManagers.forEach((pid) => signal(pid, "SIGKILL"))),
  "14 the database is killed": ({ servers, random }) => killed(servers, servers.mariadb, random),
  "14 the database answers late": ({ servers, random }) => frozen(servers.mariadb, random),
  "14 the sinks' connections break, and the database does not notice": ({ servers }) => {
    servers.databaseRelay.forsake();
    return Promise.resolve();
  },
  "15 somebody else ends the sinks' connections": ({ servers }) => killOthers(servers.query),
  "15 somebody else locks the table": async ({ servers, table, random }) => {
    // One connection: it has the lock until it ends.
    await servers.query(`lock tables ${table} write`, () => sleep(systemClock, 500 + random.next() * 2000));
  },
  "16 Redis is killed": ({ servers, random }) => killed(servers, servers.redis, random),
  "16 Redis is flushed": ({ servers }) => servers.flushCache(),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

async function killed(servers: Servers, server: RunningPart, random: Random): Promise<void> {
  await stopServer(server, "SIGKILL");
  await sleep(systemClock, random.next() * 1000);
  await startServer(server);
  await servers.whenServing();
}

/** `atLast`: before the server goes on. */
async function frozen(server: RunningPart, random: Random, atLast: () => void = () => undefined): Promise<void> {
  await freezeServer(server, "SIGSTOP");
  await sleep(systemClock, 500 + random.next() * 2000);
  atLast();
  await freezeServer(server, "SIGCONT");
}
