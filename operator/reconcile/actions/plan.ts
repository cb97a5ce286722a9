/**
 * Owns: what is to be done, as values.
 * Not here: why (reconcile.ts and its steps), how (operator/apply).
 *
 * PL1 The status is written first; only when it is in the API server are the actions done, in order (P-3).
 * PL2 Each action may be done again at any time with the same effect: objects by name and owner, triggers and activations by id,
 *     deletions by uid.
 * PL3 An action that is refused is a fact for the next look, and ends only what is built on it (dependence.ts): the rest of the
 *     plan is about something else (P-37).
 */
import type { StreamJobSnapshot, StreamJobStatus } from "../../../crds/index.ts";
import type { Activation, CertificateTerm, CopiedFiles, RootStage } from "../../engine/index.ts";
import type {
  ConfigMap,
  ControllerRevision,
  Kind,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
} from "../../kubernetes/api/index.ts";
import type { EventReason } from "../status/event-reasons.ts";

export type Child = ConfigMap | Service | StatefulSet | PodDisruptionBudget | Pod;

export type Action =
  | { readonly kind: "addFinalizer" }
  | { readonly kind: "removeFinalizer" }
  /** Takes an annotation away that was an order and has been carried out. */
  | { readonly kind: "removeAnnotation"; readonly annotation: string }
  | { readonly kind: "createRevision"; readonly revision: ControllerRevision }
  | { readonly kind: "deleteRevision"; readonly name: string }
  /**
   * Server-side apply. `why` in words, for the log. `revision`: what its pods run, which has to be kept before. `filesOf`: a ConfigMap
   * whose data the object, one too, gets as well when it is made.
   */
  | {
      readonly kind: "applyChild";
      readonly object: Child;
      readonly why: string;
      readonly revision?: string;
      readonly filesOf?: CopiedFiles;
    }
  /** Certificates of an incarnation's processes; its Service says that they are there, by `mark`. */
  | {
      readonly kind: "issueCertificates";
      readonly incarnation: number;
      readonly jobId: string;
      readonly term: CertificateTerm;
      readonly stage: RootStage;
      readonly mark: string;
      /** Name of the incarnation's ConfigMap, which owns them. */
      readonly configMap: string;
      readonly service: Service;
      readonly why: string;
    }
  /** Asks whether the API server would take a pod that its StatefulSet is without (MIP1); makes nothing. */
  | { readonly kind: "tryPod"; readonly pod: Pod }
  | {
      readonly kind: "deleteChild";
      readonly objectKind: Kind;
      readonly name: string;
      readonly uid: string;
      readonly why: string;
    }
  /** Stop with savepoint, to exactly this folder. */
  | {
      readonly kind: "triggerStop";
      readonly incarnation: number;
      readonly jobId: string;
      readonly triggerId: string;
      readonly target: string;
    }
  | {
      readonly kind: "triggerSavepoint";
      readonly incarnation: number;
      readonly jobId: string;
      readonly triggerId: string;
      readonly target: string;
    }
  /** A checkpoint now: a new incarnation has to show one, whatever its interval. */
  | {
      readonly kind: "triggerCheckpoint";
      readonly incarnation: number;
      readonly jobId: string;
      readonly triggerId: string;
    }
  | {
      readonly kind: "activate";
      readonly incarnation: number;
      readonly jobId: string;
      readonly activation: Activation;
    }
  /** Ends the job without a savepoint; its checkpoints go by its own retention. */
  | { readonly kind: "cancelJob"; readonly incarnation: number; readonly jobId: string }
  | { readonly kind: "createSnapshot"; readonly snapshot: StreamJobSnapshot }
  /** An object, with its status, for the savepoint of a deletion. One that the API server refuses is passed over, and told. */
  | { readonly kind: "recordSavepoint"; readonly snapshot: StreamJobSnapshot; readonly location: string }
  | {
      readonly kind: "writeSnapshotStatus";
      readonly name: string;
      readonly resourceVersion: string;
      readonly status: StreamJobSnapshot["status"];
    }
  /** Deletes a savepoint's files through the JobManager of an incarnation. */
  | {
      readonly kind: "disposeSavepoint";
      readonly incarnation: number;
      readonly location: string;
      readonly snapshot: string;
    }
  /** Deletes the state in the store of an earlier incarnation through the JobManager of the active one. */
  | {
      readonly kind: "collectStore";
      readonly incarnation: number;
      readonly storeUri: string;
      readonly triggerId: string;
    }
  /** Has its object stay until its files have gone. */
  | { readonly kind: "holdSnapshot"; readonly name: string }
  | { readonly kind: "releaseSnapshot"; readonly name: string }
  | { readonly kind: "deleteSnapshot"; readonly name: string; readonly uid: string };

export type PlannedEvent = {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly note: string;
};

export type DecisionFailure = { readonly part: string; readonly error: unknown };

export type Plan = {
  /** The whole next status; `null`: as it is. */
  readonly status: StreamJobStatus | null;
  readonly actions: readonly Action[];
  readonly events: readonly PlannedEvent[];
  /** Parts of the decision that threw, for the log; absent: none. */
  readonly failures?: readonly DecisionFailure[];
  /** Look again after this, at the latest; `null`: only when something changes. */
  readonly wakeAfterMs: number | null;
  /** So soon the same facts give another plan, as far as this one waits for a time; `null`: it waits for none. */
  readonly dueAfterMs: number | null;
};
