/**
 * Owns: the commands for StreamJobs as values: what was asked for, nothing about how it is done.
 * Built by: manifest-words.ts. Carried out by: execute.ts.
 */

import type { InlineJob } from "./inline-job.ts";

/** How long a command waits for what it asked for; null: it returns when the API server has accepted it. */
export type WaitMs = number | null;

/** Which cluster was asked for, as kubectl would take it; null: what the kubeconfig says. */
export type ClusterChoice = {
  readonly kubeconfig: string | null;
  readonly context: string | null;
  /** False: the namespace of the context is meant. */
  readonly isNamespaceGiven: boolean;
};

type OfJob = { readonly job: string; readonly namespace: string };

export type ObjectWord = "jobs" | "snapshots";
/** Of what is shown as text for a person, or as a value for a program. */
export type ReportFormat = "text" | "yaml" | "json";
/** Of a list; `wide`: all columns, one line each however long. */
export type ListFormat = ReportFormat | "wide";
export type OutputFormat = "table" | "wide" | "name" | "yaml" | "json";

export type ManifestCommand =
  | { readonly kind: "up" }
  | {
      readonly kind: "runManifests";
      readonly sources: readonly string[];
      readonly namespace: string;
      /** The one source is a job module, for a cluster. */
      readonly inline?: InlineJob;
      /** What this run made in a cluster is deleted at its end. */
      readonly removes?: true;
    }
  | {
      readonly kind: "apply";
      readonly sources: readonly string[];
      readonly namespace: string;
      readonly waitMs: WaitMs;
    }
  | {
      readonly kind: "diff";
      readonly sources: readonly string[];
      readonly namespace: string;
      readonly output: ReportFormat;
    }
  | {
      readonly kind: "get";
      readonly what: ObjectWord;
      /** null: all. */
      readonly name: string | null;
      /** null: all. */
      readonly namespace: string | null;
      readonly output: OutputFormat;
      readonly watch: boolean;
    }
  | ({ readonly kind: "describe"; readonly output: ReportFormat } & OfJob)
  | ({ readonly kind: "suspend"; readonly waitMs: WaitMs } & OfJob)
  | ({ readonly kind: "resume"; readonly waitMs: WaitMs } & OfJob)
  | ({ readonly kind: "restart"; readonly waitMs: WaitMs } & OfJob)
  | ({ readonly kind: "approve" } & OfJob)
  | ({ readonly kind: "pause" } & OfJob)
  | ({ readonly kind: "unpause" } & OfJob)
  /** `to`: a revision's name, its hash or its number; null: the one before. */
  | ({ readonly kind: "rollback"; readonly to: string | null; readonly waitMs: WaitMs } & OfJob)
  | ({ readonly kind: "history"; readonly output: ListFormat } & OfJob)
  | {
      readonly kind: "delete";
      readonly what: ObjectWord;
      readonly name: string;
      readonly namespace: string;
      readonly waitMs: WaitMs;
    }
  | ({
      readonly kind: "logs";
      /** `jobmanager`, `taskmanager-0`, or a pod's whole name. */
      readonly component: string;
      readonly follow: boolean;
      /** null: all there is. */
      readonly tailLines: number | null;
      readonly previous: boolean;
    } & OfJob)
  /** `port`: on this machine; null: a free one. */
  | ({ readonly kind: "portForward"; readonly port: number | null } & OfJob)
  | {
      readonly kind: "events";
      /** null: of all jobs. */
      readonly job: string | null;
      readonly namespace: string;
      readonly watch: boolean;
      readonly output: ListFormat;
    };

/** One command. */
export type JobCommand<K extends ManifestCommand["kind"]> = Extract<ManifestCommand, { readonly kind: K }>;
