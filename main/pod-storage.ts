/**
 * Owns: the process of a clean-up pod: it deletes what it was told to, tells what there is, or settles what a job has left, says how that
 * went, and ends.
 * Called by: pod-main.ts. Who runs it: the operator's pod (operator/engine-native/storage-pod.ts).
 *
 * PSTO1 Exit code 0: all of it is gone. Else its last log line says why not; whoever made the pod decides whether to try again.
 * PSTO2 It ends by itself: within TIME_MAX_MS, on SIGTERM, and with its leash. Cut off anywhere the task may be carried out again.
 */
import {
  createLog,
  environmentVariable,
  type JobId,
  jobId,
  type Log,
  StreamError,
  systemClock,
} from "../base/index.ts";
import {
  podVariables,
  STORAGE_REPORT_VERSION,
  STORAGE_TASK_VERSION,
  type StorageReportMessage,
  type StorageTaskMessage,
  storageTaskSchema,
} from "../contract/index.ts";
import { collectGarbage, disposeSavepoint, eraseStore, takeInventory } from "../runtime/checkpoint/index.ts";
import { defaultConfiguration, parseOptions } from "../runtime/graph/index.ts";
import { openStore, useS3Settings } from "../runtime/storage/index.ts";
import { parsePodSetting } from "./pod-settings.ts";
import { exitCodes } from "./process-messages.ts";
import { historyIn } from "./incarnation-history.ts";
import { settleTransactions } from "./pod-settlement.ts";
import { reportLine } from "./storage-report.ts";

const TIME_MAX_MS = 10 * 60_000;
/** Kubelets keep the last 2 KiB. */
const REASON_MAX = 1000;

export async function runStorage(): Promise<void> {
  const log = createLog({
    process: "storage",
    pid: process.pid,
    pod: environmentVariable(podVariables.podName) ?? null,
  });
  const fail = (error: unknown): never => {
    log.error({ err: error }, "the clean-up failed");
    // PSTO1. With its stack a line may be longer than what a kubelet keeps of a log.
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, REASON_MAX);
    log.error({ reason }, "the clean-up failed");
    process.exit(exitCodes.refused);
  };
  endWith(log);
  systemClock.after(TIME_MAX_MS, () => fail(new Error(`it has not ended within ${TIME_MAX_MS / 60_000} minutes`)));
  try {
    const { task, options } = readStorageTask(environmentVariable(podVariables.storageTask) ?? "null");
    useS3Settings({ ...defaultConfiguration().s3, ...parseOptions(options).s3 });
    await carryOut(task, log);
  } catch (error) {
    fail(error);
  }
  process.exit(exitCodes.done);
}

/** PSTO2 */
function endWith(log: Log): void {
  const end = (): never => {
    log.error({}, "the clean-up was ended before it was done");
    process.exit(exitCodes.orphaned);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  if (environmentVariable(podVariables.leash) !== "stdin") return;
  process.stdin.on("end", end);
  process.stdin.on("error", end);
  process.stdin.resume();
}

/** Errors: OPTION_INVALID, FORMAT_TOO_NEW. */
export function readStorageTask(text: string): StorageTaskMessage {
  return parsePodSetting(storageTaskSchema, STORAGE_TASK_VERSION, text, `the variable ${podVariables.storageTask}`);
}

async function carryOut(task: StorageTaskMessage["task"], log: Log): Promise<void> {
  if (task.kind === "settle") return settleTransactions(log);
  if (task.kind === "inspect") return inspect(task);
  if (task.kind === "dispose") {
    await dispose(task.location);
    log.info({ location: task.location }, "the savepoint is deleted");
    return;
  }
  const ids: readonly JobId[] = task.jobIds.map((id) => jobId(id));
  for (const folder of task.folders) {
    for (const id of ids) {
      const store = await openStore(`${folder}/${id}`);
      const { objects, bytes } = await eraseStore(store, id, systemClock);
      if (objects > 0) log.info({ storeUri: store.uri, objects, bytes }, "the store is deleted");
    }
  }
}

type Inspection = Extract<StorageTaskMessage["task"], { kind: "inspect" }>;

async function inspect({ folders, jobIds, named, approved }: Inspection): Promise<void> {
  const options = { named, historyIn, jobIds: new Set(jobIds) };
  if (approved === null) {
    for (const place of await takeInventory(folders, options))
      report({ version: STORAGE_REPORT_VERSION, kind: "place", place });
  } else {
    const stores = await Promise.all(folders.flatMap((folder) => approved.map((id) => openStore(`${folder}/${id}`))));
    const uris = new Set(stores.map(({ uri }) => uri));
    for (const removed of await collectGarbage(folders, { ...options, approved: uris, clock: systemClock }))
      report({ version: STORAGE_REPORT_VERSION, kind: "removed", removed });
  }
  report({ version: STORAGE_REPORT_VERSION, kind: "end" });
}

/** Past the log, whatever its level: it is what the pod was made for. */
function report(message: StorageReportMessage): void {
  process.stdout.write(`${reportLine(message)}\n`);
}

/** One that is not there has been deleted by an earlier try. */
async function dispose(location: string): Promise<void> {
  try {
    await disposeSavepoint(location);
  } catch (error) {
    if (!(error instanceof StreamError) || error.code !== "SAVEPOINT_NOT_FOUND") throw error;
  }
}
