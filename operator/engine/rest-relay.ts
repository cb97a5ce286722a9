/**
 * Owns: the port by which somebody's own request to a JobManager's REST is passed on, in the operator's name.
 * Implemented by: operator/engine-native. Used by: operator/rest, which knows who asks and what may be asked.
 */
import type { JobManagerTarget } from "./jobmanager-api.ts";

export type RelayRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** With query: what the JobManager serves, character by character. */
  readonly path: string;
  /** JSON text; null: none. */
  readonly body: string | null;
  /** For whom: printable ASCII, for the JobManager's log. */
  readonly user: string;
};

export type RelayAnswer =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly contentType: string;
      readonly text: string;
    }
  /** What is not surely an answer of the JobManager that was meant. Whether it did what was asked is not known. */
  | { readonly kind: "unreachable"; readonly message: string };

export interface RestRelay {
  /** Sent once at most; ends in time. */
  relay(target: JobManagerTarget, request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer>;
}
