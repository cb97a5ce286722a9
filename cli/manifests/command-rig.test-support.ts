/**
 * Owns: what tests of these commands share: an API server in memory, a terminal that keeps what was written, statuses as an operator
 * would write them.
 */
import {
  type Condition,
  readStreamJobStatus,
  type StoredStreamJobStatus,
  type StreamJob,
  type StreamJobConditionType,
} from "../../crds/index.ts";
import { type LocalApiServer, openLocalApiServer } from "../../embedded/api-server/index.ts";
import { seededRandom, systemClock } from "../../base/index.ts";
import type { IncarnationMessage } from "../../contract/index.ts";
import type { CommandContext } from "./command-context.ts";
import { FIELD_MANAGER } from "./open-control-plane.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

export const AT = "2031-04-01T12:00:00.000Z";

export type CommandRig = CommandContext & {
  readonly server: LocalApiServer;
  readonly out: string[];
  readonly said: string[];
  /** What the JobManager of every incarnation answers from now on; null: nothing. */
  jobManagerAnswers(message: Partial<IncarnationMessage> | null): void;
  /** How pods are reached from now on. */
  connectsBy(way: CommandContext["connect"]): void;
  /** As when what the command is piped into has ended. */
  closeReader(): void;
  /** Writes the status of a job as an operator would; `generation` defaults to the object's. */
  writeStatus(name: string, status: StoredStreamJobStatus): Promise<StreamJob>;
  get(name: string): Promise<StreamJob>;
};

/** By the JobManager of `activeOf`. */
const answerOfActive: IncarnationMessage = {
  jobId: "0".repeat(32),
  phase: "active",
  error: null,
  epoch: 1,
  taskManagers: 1,
  taskManagersReady: 1,
  activation: { activationId: "1".repeat(32), from: { kind: "none" }, predecessors: [], acceptedMs: Date.parse(AT) },
  job: null,
  lastCheckpoint: null,
  completedCheckpoints: 0,
  firstCheckpointMs: null,
  lastSavepoint: null,
  result: null,
  leftOut: [],
  version: "0.0.0",
};

export async function createRig(): Promise<CommandRig> {
  const server = await openLocalApiServer({ clock: systemClock, random: seededRandom(7), fieldManager: FIELD_MANAGER });
  const out: string[] = [];
  const said: string[] = [];
  const unread = Promise.withResolvers<void>();
  const terminal = testTerminal(out, said, {
    whenUnread: unread.promise,
    out: (line) => void out.push(...line.split("\n")),
    random: seededRandom(8),
  });
  const get = async (name: string): Promise<StreamJob> => {
    const job = await server.get("StreamJob", { namespace: "default", name });
    if (job === null) throw new Error(`there is no ${name}`);
    return job;
  };
  let connectTo: CommandContext["connect"] = async (host) => {
    throw new Error(`the test has no way to ${host}`);
  };
  let message: IncarnationMessage | null = null;
  return {
    api: server,
    jobManagers: {
      incarnation: async () =>
        message === null ? { kind: "unreachable", message: "it does not answer" } : { kind: "answer", value: message },
      trigger: async () => ({ kind: "unreachable", message: "it does not answer" }),
      preflight: async () => ({ kind: "unreachable", message: "it does not answer" }),
    },
    jobManagerAnswers: (given) => {
      message = given === null ? null : { ...answerOfActive, ...given };
    },
    server,
    connect: async (host, port) => connectTo(host, port),
    connectsBy: (way) => {
      connectTo = way;
    },
    terminal,
    isLocal: true,
    isAlive: () => true,
    out,
    said,
    closeReader: unread.resolve,
    get,
    writeStatus: async (name, status) => server.updateStatus("StreamJob", { ...(await get(name)), status }),
  };
}

export function manifest(name = "wc", spec: object = {}): string {
  const content = { job: { module: "/jobs/wc.ts" }, parallelism: 1, ...spec };
  return JSON.stringify({ apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name }, spec: content });
}

/** A status with these conditions True, Ready among them or False. */
export function statusWith(
  generation: number,
  parts: StoredStreamJobStatus,
  ...isTrue: (StreamJobConditionType | readonly [StreamJobConditionType, string, string])[]
): StoredStreamJobStatus {
  const given = isTrue.map((each) => (typeof each === "string" ? ([each, each, `${each} it is`] as const) : each));
  const types = given.map(([type]) => type);
  const others = (["Ready", "Stalled", "UpgradeBlocked"] as const).filter((type) => !types.includes(type));
  const conditions: Condition[] = [
    ...given.map(([type, reason, message]) => ({ type, status: "True" as const, reason, message })),
    ...others.map((type) => ({ type, status: "False" as const, reason: "Not", message: "" })),
  ].map((each) => ({ ...each, lastTransitionTime: AT, observedGeneration: generation }));
  const read = readStreamJobStatus({ observedGeneration: generation, ...parts, conditions });
  if (read.kind === "unreadable") throw new Error(JSON.stringify(read.issues));
  return read.status;
}

export function activeOf(revision: string, parts: object = {}): NonNullable<StoredStreamJobStatus["active"]> {
  return {
    incarnation: 1,
    jobId: "0".repeat(32),
    generation: 1,
    revision,
    storeUri: "file:///s/1",
    activationId: "1".repeat(32),
    startedAt: AT,
    firstCheckpointAt: AT,
    stableAt: null,
    restartsSeen: null,
    ended: null,
    ...parts,
  };
}

export function operationOf(parts: object): NonNullable<StoredStreamJobStatus["operation"]> {
  return {
    operationId: "a".repeat(32),
    kind: "upgrade",
    step: "Standby",
    attempt: 0,
    fromGeneration: 1,
    toGeneration: 2,
    from: 1,
    to: 2,
    revision: "wc-2",
    mode: "savepoint",
    standby: "warm",
    triggerId: "b".repeat(32),
    savepoint: null,
    restore: null,
    predecessors: [],
    activationId: "c".repeat(32),
    startedAt: AT,
    stepSince: AT,
    notBefore: null,
    message: "waiting",
    ...parts,
  };
}
