/**
 * Owns: what a TaskManager's main thread and its slots say to each other.
 *
 * SM1 The main thread forwards the JobManager's messages cut down to the slot's own tasks, and the slot's answers as they are.
 */
import type { MessagePort } from "node:worker_threads";
import type { ErrorInfo, ThreadFigures } from "../../base/index.ts";
import type { FromJobManager, TaskMetrics, TaskRef, TaskState, ToJobManager } from "../rpc/index.ts";

/** Given to a slot's thread when it starts. */
export type SlotStart = {
  /** The only job whose data it takes. */
  readonly jobId: string;
  readonly taskManagerId: string;
  readonly slot: number;
  readonly host: string;
  /** One i32 per slot: 1 while its thread sleeps and needs a doorbell. */
  readonly sleeping: SharedArrayBuffer;
  /** With the certificate for data connections to other processes. Default null: they are neither checked nor encrypted. */
  readonly identityFolder?: string | null;
};

/** Of network buffers. */
export type SegmentFigures = { readonly lent: number; readonly max: number };

export type ToSlot =
  /** A port to another slot's thread, for doorbells and rings. Sent again when that thread was started anew. */
  | { readonly kind: "peer"; readonly slot: number; readonly port: MessagePort }
  | { readonly kind: "fromJobManager"; readonly message: FromJobManager }
  /** The JobManager is lost, or a newer one is there: drop all tasks without a word. */
  | { readonly kind: "dropTasks" }
  | { readonly kind: "reportMetrics" }
  | { readonly kind: "close" };

export type FromSlot =
  | { readonly kind: "listening"; readonly dataPort: number }
  | { readonly kind: "toJobManager"; readonly message: ToJobManager }
  | {
      readonly kind: "metrics";
      readonly metrics: readonly TaskMetrics[];
      readonly thread: ThreadFigures;
      readonly segments: SegmentFigures;
    }
  | { readonly kind: "dropped" }
  /** All of the engine's is closed, for a while now, and the thread lives on: what is open, by Node's names such as Timeout. */
  | { readonly kind: "lingering"; readonly open: readonly string[] }
  /** The slot cannot go on (a broken invariant): its thread is started anew. */
  | { readonly kind: "broken"; readonly error: ErrorInfo };

/** Between two slots of one TaskManager. */
export type PeerMessage =
  | { readonly kind: "bell" }
  /** The sender made a ring for a channel whose receiver is here. */
  | { readonly kind: "ring"; readonly key: string; readonly ring: SharedArrayBuffer };

export function sameTask(left: TaskRef, right: TaskRef): boolean {
  return left.vertex === right.vertex && left.subtask === right.subtask && left.attempt === right.attempt;
}

/** The task says nothing more after this. */
export function isTerminal(state: TaskState): boolean {
  return state.kind === "finished" || state.kind === "canceled" || state.kind === "failed";
}

export function taskText(task: TaskRef): string {
  return `${task.vertex}/${task.subtask}#${task.attempt}`;
}
