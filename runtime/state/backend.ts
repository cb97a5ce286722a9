/**
 * Owns: the port between a task and its state: restore, run, snapshot.
 *
 * SB1 `snapshot()` is synchronous and takes time that does not depend on the number of keys; the versions it fixed are
 *     written later, in turns of a few milliseconds, while records go on changing the state.
 * SB2 One snapshot at a time may be unwritten per backend: a second `snapshot()` before the first was written or
 *     discarded is allowed only as far as maxConcurrent checkpoints need it (each keeps its own versions).
 */
import type { Clock } from "../../base/index.ts";
import type { KeyedStateHandle, OperatorStateHandle, StateDeclaration } from "../checkpoint/index.ts";
import type { KeyGroupRange } from "../record/index.ts";
import type { KeyedOperatorState, OperatorStateStore } from "../ports/index.ts";

/** Where a snapshot writes its bytes: one file per call, content-addressed. */
export interface SnapshotFiles {
  /** Starts a file; pieces are hashed and stored as they come. */
  create(): Promise<SnapshotFile>;
}
export interface SnapshotFile {
  write(piece: Uint8Array): Promise<void>;
  close(): Promise<{ readonly key: string; readonly sha256: string; readonly length: number }>;
  abort(): Promise<void>;
}

/** Reads a file whole, verified against its length and sha256 (HAN1). */
export type StateReader = (file: {
  readonly key: string;
  readonly sha256: string;
  readonly length: number;
}) => Promise<Uint8Array>;

/** Lets the thread's other work run: awaited between the pieces of a long encoding. */
export type Turn = () => Promise<void>;

export interface KeyedSnapshot {
  /** Encodes and writes the fixed versions; null when there is no state at all. Call once. */
  write(files: SnapshotFiles, turn: Turn): Promise<KeyedStateHandle | null>;
  /** Drops the fixed versions: the checkpoint was aborted. */
  discard(): void;
}

/** A snapshot that may refer to files of earlier ones, and that later ones may build on. */
export type SnapshotRequest = {
  readonly checkpointId: number;
  /** The checkpoint whose files will be there as long as this one is; null: none. It is used as far as this back end wrote it. */
  readonly base: number | null;
};

export interface KeyedStateBackend extends KeyedOperatorState {
  /** The turn of the record or timer is over: until the next key is set, states and timers refuse to be used (KC4). */
  releaseCurrentKey(): void;
  /**
   * Says which keys come next, by their hashes: brings their state into the processor's cache. Only a matter of speed; a few dozen
   * records ahead is best.
   */
  prefetch(hashes: Int32Array, from: number, to: number): void;
  /**
   * Fires event-time timers with time ≤ timestamp, in time order, over all services. False when `mayGoOn`, asked after each one,
   * stopped it before all had fired: called again it goes on.
   */
  advanceWatermark(timestamp: number, mayGoOn?: () => boolean): boolean;
  /** Fires processing-time timers with time ≤ nowMs as long as `mayGoOn`; returns the next one's time (it may be due), or null. */
  fireProcessingTime(nowMs: number, mayGoOn?: () => boolean): number | null;
  /** Called whenever a processing-time timer becomes the earliest one, with its time. */
  onEarliestProcessingTime(listener: (timestamp: number) => void): void;
  declarations(): readonly StateDeclaration[];
  /** Null: all of it, in files of its own, as a savepoint needs it. */
  snapshot(request?: SnapshotRequest | null): KeyedSnapshot;
}

export interface OperatorSnapshot {
  write(files: SnapshotFiles): Promise<readonly OperatorStateHandle[]>;
}

export interface OperatorStateBackend extends OperatorStateStore {
  /** True when it was restored (also with nothing in it). */
  readonly isRestored: boolean;
  declarations(): readonly StateDeclaration[];
  /** Encodes at once (operator state is small) and writes later. */
  snapshot(): OperatorSnapshot;
}

export type KeyedBackendOptions = {
  readonly keyGroups: KeyGroupRange;
  readonly maxParallelism: number;
  /** For messages. */
  readonly operatorUid: string;
  /**
   * Measures how long an encoding or decoding has gone on, so that it gives way after about 4 ms (SB1). Without one it
   * gives way after every chunk, which bounds the pauses as well.
   */
  readonly clock?: Clock;
  /** Bytes that a chunk of a snapshot aims at, about a millisecond of work. Default 128 KiB; tests take less. */
  readonly chunkBytes?: number;
  /** Bytes below which column tables are written whole each time (WTB3). Default 1 MiB; tests take less. */
  readonly smallTableBytes?: number;
};

/** What a keyed back end is restored from: old subtasks' handles (only own key groups are loaded) and how to read files. */
export type KeyedRestore = { readonly handles: readonly KeyedStateHandle[]; readonly read: StateReader };

export type OperatorBackendOptions = {
  /** For messages. */
  readonly operatorUid: string;
  readonly subtask: number;
  readonly parallelism: number;
};

/** The operator state of every old subtask (index = old subtask), of which the new one takes its share (SP-9). */
export type OperatorStateRestore = {
  readonly operator: readonly (readonly OperatorStateHandle[])[];
  readonly read: StateReader;
};
