/**
 * Owns: the examples that need a server: which servers, which topics, and what is run, in order.
 * Called by: example.ts.
 */
import type { Environment } from "../test/environment/environment.ts";
import { kafkaPart } from "../test/environment/kafka.ts";
import { mariadbPart } from "../test/environment/mariadb.ts";
import { redisPart } from "../test/environment/redis.ts";

export type Step =
  /** Run by streamjob to its end, with the servers as options. `says`: a line of stdout before it. */
  | {
      readonly kind: "job";
      readonly file: string;
      readonly args?: readonly string[];
      readonly takesArguments?: true;
      readonly says?: string;
    }
  /** Run by Node to its end, with the servers as arguments. */
  | { readonly kind: "script"; readonly file: string }
  /** Run by Node beside the steps after it. The first line that it prints is an address, which later jobs are given as this option. */
  | { readonly kind: "serve"; readonly file: string; readonly as: string }
  /** A job that runs beside the steps after it, until `stop` or `kill`. */
  | { readonly kind: "start"; readonly file: string }
  /** Stops the job of this name with a savepoint. */
  | { readonly kind: "stop"; readonly job: string }
  /** SIGKILL to all processes of the started job, at once. */
  | { readonly kind: "kill" };

/** Addresses of servers by the option that jobs take them by. */
export type Servers = Readonly<Record<string, string>>;

export type Example = {
  readonly servers: (environment: Environment) => Promise<Servers>;
  /** Made anew, empty, with this many partitions. */
  readonly topics?: Readonly<Record<string, number>>;
  readonly steps: readonly Step[];
};

const redis = async (environment: Environment): Promise<Servers> => {
  const { host, port } = await environment.start(redisPart);
  return { server: `redis://${host}:${port}` };
};
const mysql = async (environment: Environment): Promise<Servers> => {
  const { host, port, user, password, database } = await environment.start(mariadbPart);
  return { server: `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}` };
};
const kafka = async (environment: Environment): Promise<Servers> => {
  const { bootstrap } = await environment.start(kafkaPart);
  return { brokers: bootstrap };
};

export const examples: Readonly<Record<string, Example>> = {
  "12-async-redis": {
    servers: redis,
    steps: [
      { kind: "job", file: "fill.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
    ],
  },
  "13-mysql-word-count": {
    servers: mysql,
    steps: [
      { kind: "script", file: "setup.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
      { kind: "script", file: "show.ts" },
    ],
  },
  "14-socket-to-kafka": {
    servers: kafka,
    topics: { shouts: 1 },
    steps: [
      { kind: "serve", file: "lines.ts", as: "socket" },
      { kind: "job", file: "job.ts", takesArguments: true },
      { kind: "job", file: "show.ts" },
    ],
  },
  "15-kafka-read-committed": {
    servers: kafka,
    topics: { orders: 1 },
    steps: [
      { kind: "start", file: "write.ts" },
      {
        kind: "job",
        file: "read.ts",
        args: ["--isolation", "read_uncommitted", "--until", "3"],
        says: "The transaction is open:",
      },
      { kind: "job", file: "read.ts", args: ["--isolation", "read_committed"] },
      { kind: "kill" },
      { kind: "start", file: "write.ts" },
      {
        kind: "job",
        file: "read.ts",
        // Three records, the mark that they are aborted, and three again.
        args: ["--isolation", "read_uncommitted", "--until", "7"],
        says: "The writer was killed and started again:",
      },
      { kind: "job", file: "read.ts", args: ["--isolation", "read_committed"] },
      { kind: "stop", job: "write-orders" },
      {
        kind: "job",
        file: "read.ts",
        args: ["--isolation", "read_committed"],
        says: "The writer was stopped with a savepoint:",
      },
    ],
  },
  "16-kafka-to-mysql": {
    servers: async (environment) => ({ ...(await kafka(environment)), ...(await mysql(environment)) }),
    topics: { lines: 2 },
    steps: [
      { kind: "job", file: "fill.ts" },
      { kind: "script", file: "setup.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
      { kind: "script", file: "show.ts" },
    ],
  },
  "19-kafka-sql": {
    servers: kafka,
    topics: { clicks: 1, minutes: 1, pages: 1 },
    steps: [
      { kind: "job", file: "fill.ts" },
      { kind: "job", file: "job.ts", takesArguments: true },
      { kind: "job", file: "show.ts" },
    ],
  },
};
