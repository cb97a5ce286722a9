/**
 * Owns: the names that our resources go by: group, kinds, annotations, labels, the finalizer. Only constants.
 * Does not own: names of children (operator/resources).
 */

export const API_GROUP = "streamjob.dev";
export const API_VERSION = "v1alpha1";
/** What `apiVersion` of our objects says. */
export const STREAM_JOB_API_VERSION = `${API_GROUP}/${API_VERSION}`;

export const STREAM_JOB_KIND = "StreamJob";
export const STREAM_JOB_PLURAL = "streamjobs";
export const STREAM_JOB_SNAPSHOT_KIND = "StreamJobSnapshot";
export const STREAM_JOB_SNAPSHOT_PLURAL = "streamjobsnapshots";

/** "true": nothing is done for this job until it is removed, not even healing; only certificates are renewed. */
export const PAUSED_ANNOTATION = `${API_GROUP}/paused`;
/** With `upgrade.approval: manual`: the generation that may be rolled out. */
export const APPROVE_ANNOTATION = `${API_GROUP}/approve`;
/** A request to go back: name of the ControllerRevision to run. */
export const ROLLBACK_TO_ANNOTATION = `${API_GROUP}/rollback-to`;

/** A request to look at the stores of the job's incarnations, or to delete what nothing can need (storage-request.ts). */
export const STORAGE_ANNOTATION = `${API_GROUP}/storage`;

/** On an incarnation's Service: which certificates its Secret holds. Taken away, they are issued anew. */
export const CERTIFICATES_ANNOTATION = `${API_GROUP}/certificates`;

/** Keeps a StreamJob or snapshot until what it owns outside the API server has been dealt with. */
export const CLEANUP_FINALIZER = `${API_GROUP}/cleanup`;

/** On every child: name of its StreamJob. */
export const JOB_LABEL = `${API_GROUP}/job`;
/** On every child that belongs to one incarnation: its number. */
export const INCARNATION_LABEL = `${API_GROUP}/incarnation`;

export const NAME_LABEL = "app.kubernetes.io/name";
export const INSTANCE_LABEL = "app.kubernetes.io/instance";
export const COMPONENT_LABEL = "app.kubernetes.io/component";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
/** Value of NAME_LABEL. */
export const NAME_LABEL_VALUE = "streamjob";
/** Value of MANAGED_BY_LABEL, and the field manager of server-side apply. */
export const MANAGER = "streamjob-operator";
export const JOB_MANAGER_COMPONENT = "jobmanager";

/** Longest name of a StreamJob: `<name>-<5 digits>-taskmanager` is a StatefulSet, whose names have 52 characters at most. */
export const JOB_NAME_LENGTH_MAX = 34;
