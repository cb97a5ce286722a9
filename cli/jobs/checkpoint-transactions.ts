/**
 * Owns: which transactions of Kafka sinks a checkpoint or savepoint names: those are to be committed, all others are not.
 * Called by: txns-command.ts.
 */
import { StreamError } from "../../base/index.ts";
import {
  assertReadable,
  chainOf,
  type Manifest,
  type OperatorState,
  readLog,
  readSavepoint,
} from "../../runtime/checkpoint/index.ts";
import { kafkaTransactionType } from "../../runtime/connectors/kafka/administration.ts";
import { t, type ValueOf } from "../../runtime/record/index.ts";
import { createOperatorStateBackend, type StateReader } from "../../runtime/state/index.ts";
import { openStore, verifiedRead } from "../../runtime/storage/index.ts";

export type NamedTransaction = ValueOf<typeof kafkaTransactionType>;

/** `named`: by transactional id; the last one of an id is the one that counts. */
export type NamedByCheckpoint = {
  readonly checkpointId: number;
  readonly named: ReadonlyMap<string, NamedTransaction>;
};

/** As the operator of exactly-once sinks declares it (TP2). */
const pendingType = t.record({ checkpointId: t.int64, subtask: t.int32, transaction: kafkaTransactionType });
const LIST = "transactions";

/**
 * `location`: a job's store, whose newest complete checkpoint counts, or a savepoint's folder, or a checkpoint's manifest.
 * Errors: SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, STORE_UNAVAILABLE.
 */
export async function transactionsNamedIn(location: string): Promise<NamedByCheckpoint> {
  const { manifest, storeUri } = await manifestAt(location);
  const store = await openStore(storeUri);
  const named = new Map<string, NamedTransaction>();
  for (const operator of manifest.operators) {
    for (const transaction of await transactionsOf(operator, (file) => verifiedRead(store, file)))
      named.set(transaction.transactionalId, transaction);
  }
  return { checkpointId: manifest.checkpointId, named };
}

async function manifestAt(location: string): Promise<{ readonly manifest: Manifest; readonly storeUri: string }> {
  const isManifest = /(\.manifest|_metadata)$/.test(location);
  if (isManifest) return readSavepoint(location);
  const contents = await readLog(await openStore(location));
  if (contents.entries.length === 0) return readSavepoint(location);
  assertReadable(contents);
  const [manifest] = chainOf(contents);
  if (manifest !== undefined) return { manifest, storeUri: manifest.storeUri ?? contents.storeUri };
  throw new StreamError(
    "SAVEPOINT_NOT_FOUND",
    `the job in ${location} has completed no checkpoint, so none of its transactions is to be committed; repeat this without --store`,
    { destiny: "terminal" },
  );
}

async function transactionsOf(state: OperatorState, read: StateReader): Promise<readonly NamedTransaction[]> {
  const operator = state.subtasks.map(({ operator: lists }) => lists.filter(({ name }) => name === LIST));
  if (operator.flat().length === 0) return [];
  const options = { operatorUid: state.uid, subtask: 0, parallelism: 1 };
  const backend = await createOperatorStateBackend(options, { operator, read });
  try {
    return [...backend.unionList({ name: LIST, type: pendingType }).get()].map(({ transaction }) => transaction);
  } catch (error) {
    // Those of another sink, such as files.
    if (error instanceof StreamError && error.code === "STATE_INCOMPATIBLE") return [];
    throw error;
  }
}
