/**
 * Owns: the port to a stream engine, as decisions use it: the objects that an incarnation is made of.
 * Implemented by: operator/engine-native. The calls to a running engine are another port, jobmanager-api.ts.
 *
 * ENG1 Pure: the same input gives the same objects; nothing is read, nothing is sent.
 * ENG2 What an engine cannot do is decided otherwise, and said; it is never asked for it.
 */
import type { ResolvedSpec, StreamJob } from "../../crds/index.ts";
import type { ConfigMap, Pod, Service, StatefulSet } from "../kubernetes/api/index.ts";

/** Data of a user's ConfigMap: of these keys; null: all of it. */
export type CopiedFiles = { readonly configMap: string; readonly keys: readonly string[] | null };

/** All objects of one incarnation. */
export type IncarnationChildren = {
  readonly configMap: ConfigMap;
  /** What `configMap` gets as well, once, when it is made; null: nothing. */
  readonly filesOf: CopiedFiles | null;
  readonly service: Service;
  readonly jobManagerSet: StatefulSet;
  readonly taskManagerSet: StatefulSet;
};

export type IncarnationInput = {
  readonly job: StreamJob;
  readonly number: number;
  /** Of the revision that it runs. */
  readonly spec: ResolvedSpec;
  /** Hex digits of the runtime's job id. */
  readonly jobId: string;
  readonly storeUri: string;
  readonly savepointDirectory: string;
  /** Of the incarnation's ConfigMap. */
  readonly configMapName: string;
  /** Where requests may put savepoints of the job; absent: anywhere. */
  readonly savepointPrefixes?: readonly string[];
  /** When the spec names none. */
  readonly defaultImage: string;
  /** Its processes get certificates by Secret (identitySecretName). Default false. */
  readonly isCertified?: boolean;
};

/** What a clean-up pod is to delete, or to tell; done again it changes nothing. */
export type StorageTask =
  | { readonly kind: "dispose"; readonly location: string }
  /** The stores `<folder>/<job id>` of a job that is gone. */
  | { readonly kind: "erase"; readonly folders: readonly string[]; readonly jobIds: readonly string[] }
  | StorageInspection
  /** Transactions that the sinks of an incarnation's job have left in other systems: what its last checkpoint holds is committed, the rest aborted. */
  | { readonly kind: "settle"; readonly incarnation: SettledIncarnation };

/** Whose pods are gone, and whose ConfigMap is there. */
export type SettledIncarnation = Pick<
  IncarnationInput,
  "number" | "jobId" | "storeUri" | "savepointDirectory" | "configMapName"
>;

/** It tells of the stores `<folder>/<job id>` in its log. */
export type StorageInspection = {
  readonly kind: "inspect";
  readonly folders: readonly string[];
  readonly jobIds: readonly string[];
  /** What must stay, and for whom. */
  readonly named: readonly { readonly location: string; readonly by: string }[];
  /** Job ids of the stores of which that goes which nothing can need; null: nothing goes. */
  readonly approved: readonly string[] | null;
};

export type StoragePodInput = Pick<IncarnationInput, "job" | "spec" | "defaultImage"> & {
  readonly name: string;
  readonly task: StorageTask;
};

/** A stream engine, handed to decisions with their settings. */
export type Engine = {
  readonly children: (input: IncarnationInput) => IncarnationChildren;
  /** A pod that carries out a task and ends, with exit code 0 if all of it is done. */
  readonly storagePod: (input: StoragePodInput) => Pod;
  /** Why pods of this spec would not start, and what to set; null: as far as is known, they would. */
  readonly refusal: (spec: ResolvedSpec) => string | null;
  /** The store that an incarnation's pods were told; null: this ConfigMap does not say. */
  readonly storeUriIn: (configMap: ConfigMap) => string | null;
  /** Name of the ConfigMap that the pods of a set are told of; null: of none. */
  readonly configMapOf: (set: StatefulSet) => string | null;
  /** Whether the pods of a new incarnation can wait beside the job that runs; if not, that job is stopped before they start. */
  readonly canStandBy: boolean;
  /** Whether a new incarnation says if it accepts a state before it is given it; if not, only its start shows that. */
  readonly canPreflight: boolean;
};
