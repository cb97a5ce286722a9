/**
 * Owns: the error codes of the runtime. What only other halves raise, or several, is not here (base/error-codes.ts).
 */
import type { ErrorTexts } from "../../base/index.ts";

export const runtimeErrorCodes = {
  JOB_MODULE_INVALID: "The job module cannot be loaded or does not export a job. Fix the module named in the message.",
  JOB_GRAPH_INVALID:
    "The job graph is invalid (duplicate uids, no source, …). Change the operator named in the message.",
  SQL_INVALID:
    "A script or a query of SQL is wrong. The message shows each mistake with its line, its column and what to write instead; `streamjob sql --check` shows the same and runs nothing.",
  OPTION_UNKNOWN: "An option's name is unknown. Use one of the names listed in the message.",
  VALUE_NOT_SERIALIZABLE:
    "A record or state value does not match its declared type, or is not plain data: class instances, functions, symbols, boxed values, getters and circular values do not survive a checkpoint or the transfer to another process. The message says where in the value. Copy what is needed into plain objects and arrays, or change the type.",
  KEY_INVALID:
    "A key selector returned a value that cannot be a key: undefined, NaN, a function, a symbol, a Date, Map, Set, bytes, or another class instance, or an object that contains one of these. Return a string, number, bigint, boolean, null, or a plain object or array of these; for a Date, return its getTime().",
  SQL_EXPRESSION_FAILED:
    "An expression of a query has no value for a row, and the query does not say what to do then. The message says what was found and what to write: TRY_CAST, a clause ON ERROR, a condition in WHERE or CASE.",
  USER_FUNCTION_FAILED: "A user function of the job threw an error. The cause says where.",
  USED_OUT_OF_TURN:
    "A function used its key, state, timers, context or emitter after its call had returned, in its own promise or timeout. Use them before the call returns; do what has to wait in `mapAsync`, before the function.",
  EMISSION_TOO_LARGE:
    "One call of a function emitted more records than can be buffered. Return them from a generator (`function*`), which is paused while the buffers are full.",
  ASYNC_TIMEOUT:
    "A call of mapAsync or flatMapAsync, or of a lookup join in SQL, was not answered in time. The message names the operator and the record. Check what is asked; give the operation `onTimeout`, or a longer `timeout`; for SQL, raise `table.exec.async-lookup.timeout`.",
  ASYNC_WORKER_LOST:
    "A thread of workerPool did not start, or ended while it worked on a record (it ran out of its heap, called process.exit, or threw outside of the call). The message names the operator, the module and the reason. Mend the module, raise `heapMiB`, or give the operation `retry`.",
  HOOK_TIMEOUT:
    "A hook of an operator, source or sink (open, prepareSnapshot, close, …) did not settle in time. Check what it waits for, or raise `pipeline.hook-timeout`.",
  STORE_UNSUITABLE:
    "The object store does not support the conditional writes that checkpoints need. Use another store.",
  CHECKPOINT_CORRUPT: "A file of a checkpoint or savepoint is missing, truncated or changed. Restore from another one.",
  SAVEPOINT_NOT_FOUND:
    "There is no savepoint at the given path. Check the path; `streamjob list` shows jobs and their last savepoints.",
  SAVEPOINT_NO_TARGET:
    "A savepoint was requested without a directory, and no default is set. Specify one, or set state.savepoints.dir.",
  SAVEPOINT_FAILED: "The savepoint did not complete. The job keeps running; the message says why.",
  SNAPSHOT_DISCARDED:
    "A snapshot was discarded because its checkpoint was aborted. No action is needed: the next checkpoint takes a new one.",
  STATE_INCOMPATIBLE:
    "The state to restore is incompatible with the job graph. The message names the uid and what to do.",
  STATE_SPILLED:
    "A checkpoint or savepoint was requested of a batch query while rows of it are in local files, which are in no checkpoint, or while a sort has more than an eighth of its memory full. The job goes on; if it fails, it starts again from the checkpoint before, or from the beginning. Take the savepoint before or after, or give the TaskManager more memory.",
  SPILL_FAILED:
    "Rows of a batch query that memory does not hold could not be written to a local file, or read from it. The message has the folder and the cause: free space on the disk, set `io.tmp.dirs` to another folder, or give the TaskManager more memory (docs/sizing.md).",
  STATE_TOO_LARGE:
    "A state, or all states of a task together, exceed the size limit of the memory state backend. A periodic checkpoint fails and the job keeps running; a job whose input has ended cannot finish without a checkpoint, and fails. Use the fs state backend (state.backend.type).",
  RESTORE_REFUSED:
    "The state that an incarnation was asked to restore does not exist, or is not the newest. The message names both; nothing was started.",
  STATE_IN_USE:
    "State was to be deleted that is still needed, or belongs to another job. Nothing was deleted; the message says whose it is.",
  FENCED: "A newer incarnation of the job has taken over. This process stops; no action is needed.",
  TASK_MANAGER_LOST: "A TaskManager exited or stopped sending heartbeats. Its tasks are restarted elsewhere.",
  SLOT_OUT_OF_MEMORY:
    "The objects and the state of a slot's tasks need more heap than its thread has. Give the TaskManager more memory or fewer slots, or raise the parallelism; docs/sizing.md says how memory is divided.",
  NOT_ENOUGH_SLOTS:
    "There are fewer free slots than the job needs. Add TaskManagers or slots, or lower the parallelism.",
  DEPLOYMENT_TIMEOUT:
    "Tasks did not become ready in time. The message names them; check the logs of their TaskManagers, or raise the timeout.",
  CHECKPOINT_FAILED:
    "More consecutive checkpoints failed than the job tolerates. Check the cause; raise the tolerable number of failures or the checkpoint timeout.",
  CONNECTION_LOST: "A data connection between two tasks broke. The tasks are restarted.",
  SOURCE_FAILED: "A source cannot read. The message says what failed and where.",
  SINK_FAILED: "A sink cannot write or commit. The message says what failed and where.",
  TRANSACTIONS_IN_USE:
    "Transactions are those of another job that is running: it has the same prefix of transactional ids, or this one was restored from its savepoint. Give each job a `transactionalIdPrefix` of its own, or stop the other one first.",
  KAFKA_FAILED: "A broker of Kafka does not do what `streamjob txns` asks it. The message says what, and what to do.",
  LOOKUP_FAILED:
    "A lookup of a connector cannot reach its server, or the server refuses what it asks. The message says which, and what to do. `retry` of `mapAsync` asks again.",
  JOB_NOT_FOUND: "There is no job with that id or name. `streamjob list` shows the jobs.",
  JOB_STATE_CONFLICT:
    "The job's current state does not allow the request. The message names the state; repeat the request when the job is in a state that allows it.",
  REQUEST_INVALID: "The body or a parameter of a request is invalid. The message says which; correct it.",
  PROTOCOL_VIOLATION: "A peer sent a message that violates the protocol. Check for processes of different versions.",
} as const satisfies ErrorTexts;

declare module "../../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly "runtime/failures": keyof typeof runtimeErrorCodes;
  }
}
