/**
 * Owns: every error code of the runtime with its one-line explanation; docs/errors.md is generated from it.
 *
 * Each text says what it means and what to do.
 */
const runtimeErrorCodes = {
  JOB_MODULE_INVALID: "The job module cannot be loaded or does not export a job. Fix the module named in the message.",
  JOB_GRAPH_INVALID:
    "The job's graph breaks a rule (equal uids, no source, …). Change the operator named in the message.",
  OPTION_UNKNOWN: "An option's name is not known. Use one of the names that the message lists.",
  OPTION_INVALID: "An option's value is out of its bounds. Use a value the message describes.",
  VALUE_NOT_SERIALIZABLE:
    "A record or state value does not fit its declared type, or is no plain data: an instance of a class, a function, a symbol, a boxed value, a getter, or a value that contains itself would come back from another process or a checkpoint as something else. The message says where in the value. Copy what is needed into plain objects and arrays, or change the type.",
  KEY_INVALID:
    "A key selector returned a value that cannot be a key: undefined, NaN, a function, a symbol, a Date, Map, Set, bytes, or another instance of a class, or such a value inside. Return a string, number, bigint, boolean, null, or a plain object or array of them; of a Date, its getTime().",
  USER_FUNCTION_FAILED: "A function of the job threw. The cause says where.",
  USED_OUT_OF_TURN:
    "A function used its key, state, timers, context or emitter after its call had returned, in a promise or a timeout of its own. Use them before it returns; do what has to wait in an operator of its own, by `blockUntil`.",
  EMISSION_TOO_LARGE:
    "One call of a function emitted more records than may wait in memory. Return them from a generator (`function*`), which is paused while there is no room.",
  HOOK_TIMEOUT:
    "A hook of an operator, source or sink (open, prepareSnapshot, close, …) did not settle in time. Look what it waits for, or allow more by `pipeline.hook-timeout`.",
  STORE_UNAVAILABLE: "The object store did not answer or refused. It is tried again; look at the cause.",
  STORE_FULL: "There is no space left where the message says. Free some space; nothing that was complete is lost.",
  STORE_UNSUITABLE:
    "The object store does not keep the promise of conditional creation that checkpoints need. Use another store.",
  CHECKPOINT_CORRUPT: "A file of a checkpoint or savepoint is missing, truncated or changed. Restore from another one.",
  FORMAT_TOO_NEW:
    "A file or a peer is of a newer version of StreamJob, in a form that this one does not know. Use the version that wrote it, or a newer one; nothing was changed or deleted.",
  SAVEPOINT_NOT_FOUND:
    "There is no savepoint at the path given. Check the path; `streamjob list` shows jobs and their last savepoints.",
  SAVEPOINT_NO_TARGET:
    "A savepoint was asked for without a directory, and no default is set. Give one, or set state.savepoints.dir.",
  SAVEPOINT_FAILED: "The savepoint did not complete. The job goes on; the message says why.",
  SNAPSHOT_DISCARDED:
    "A snapshot was given up because its checkpoint was aborted. Nothing is to be done: the next checkpoint takes another.",
  STATE_INCOMPATIBLE: "State to restore does not fit the job's graph. The message names the uid and what to do.",
  STATE_TOO_LARGE:
    "A state, or all states of a task together, are larger than the memory back end may keep. A periodic checkpoint fails and the job runs on; a job whose data have ended cannot end without one, and fails. Use the fs back end (state.backend.type).",
  RESTORE_REFUSED:
    "What an incarnation was told to go on from is not there, or is not the newest. The message names both; nothing was started.",
  FENCED: "A newer incarnation of the job has taken over. This process stops; nothing is to be done.",
  TASK_MANAGER_LOST: "A TaskManager is gone or silent. Its tasks are started again elsewhere.",
  JOB_MANAGER_LOST: "The JobManager is gone or silent. Tasks stop until a new one calls.",
  NOT_ENOUGH_SLOTS:
    "There are fewer free slots than the job needs. Add TaskManagers or slots, or lower the parallelism.",
  DEPLOYMENT_TIMEOUT:
    "Tasks did not become ready in time. The message names them; look at their TaskManagers' logs, or allow more time.",
  CHECKPOINT_FAILED:
    "More checkpoints in a row failed than the job tolerates. Look at the cause; raise the tolerable number or the timeout.",
  CONNECTION_LOST: "A data connection between two tasks broke. The tasks are started again.",
  PORT_IN_USE: "The port is taken by another process. Choose another one or stop that process.",
  SOURCE_FAILED: "A source cannot read. The message says what and where.",
  SINK_FAILED: "A sink cannot write or commit. The message says what and where.",
  JOB_NOT_FOUND: "No job with that id or name is known here. `streamjob list` shows the jobs.",
  JOB_STATE_CONFLICT: "The job is not in a state in which that can be done.",
  REQUEST_INVALID: "A request's body or parameters are wrong. The message says which.",
  PROTOCOL_VIOLATION: "A peer sent something the protocol does not allow. Look for processes of different versions.",
} as const satisfies Record<string, string>;

/** Of the operator and its command line. */
const operatorErrorCodes = {
  KUBERNETES_API_FAILED:
    "The Kubernetes API server refused a call or did not answer. The message says which call and why.",
  MANIFEST_INVALID:
    "A manifest is not a valid StreamJob or StreamJobSnapshot. The message names each field and what it may be.",
  STATUS_UNREADABLE:
    "The status of an object was changed by somebody else into something unreadable. Nothing is done for it until it is corrected.",
  OBJECT_NOT_FOUND:
    "There is no StreamJob or snapshot of that name in the namespace. `streamjob get` shows what is there.",
  CONTROL_PLANE_FILES_UNREADABLE:
    "The files in which the embedded control plane keeps its objects cannot be read. Restore them from a copy, or move the folder away to begin with none.",
  CONTROL_PLANE_RUNNING:
    "Another process is the control plane of this folder. Give it manifests by `streamjob apply`, or set STREAMJOB_HOME.",
  CONTROL_PLANE_UNAVAILABLE:
    "No control plane answers. Start one with `streamjob run <manifest>`, or check the address.",
} as const satisfies Record<string, string>;

/** Both halves. */
export const errorCodes = { ...runtimeErrorCodes, ...operatorErrorCodes };

export type ErrorCode = keyof typeof errorCodes;
