/**
 * Owns: for tests: StreamJobSnapshots as an API server holds them, and what an operator does to them.
 * Not here: the StreamJob and all else (simulated-world.test-support.ts).
 */
import { CLEANUP_FINALIZER, formatTime, JOB_LABEL, type StreamJobSnapshot } from "../../crds/index.ts";
import type { Observed } from "./facts/observed.ts";
import type { Action } from "./actions/plan.ts";
import { snapshotStatusOf } from "./status/stored-status.ts";

export type SnapshotAction = Extract<
  Action,
  {
    kind:
      | "createSnapshot"
      | "recordSavepoint"
      | "writeSnapshotStatus"
      | "holdSnapshot"
      | "releaseSnapshot"
      | "deleteSnapshot";
  }
>;

type Surroundings = { readonly nowMs: number; nextVersion(): number };

export class SimulatedSnapshots {
  readonly #world: Surroundings;
  readonly #snapshots = new Map<string, StreamJobSnapshot>();
  /** Names of objects that were made, each time. */
  readonly made: string[] = [];

  constructor(world: Surroundings) {
    this.#world = world;
  }

  get all(): readonly StreamJobSnapshot[] {
    return [...this.#snapshots.values()];
  }

  get(name: string): StreamJobSnapshot | undefined {
    return this.#snapshots.get(name);
  }

  put(snapshot: StreamJobSnapshot): void {
    const { metadata } = snapshot;
    const version = this.#world.nextVersion();
    const stored = {
      ...snapshot,
      metadata: {
        ...metadata,
        uid: metadata.uid ?? `snapshot-${version}`,
        resourceVersion: String(version),
        generation: metadata.generation ?? 1,
        creationTimestamp: metadata.creationTimestamp ?? formatTime(this.#world.nowMs),
        labels: { ...metadata.labels, [JOB_LABEL]: "wc" },
      },
    };
    snapshotStatusOf(stored);
    this.#snapshots.set(metadata.name, stored);
  }

  /** What JobManagers say of those that are being deleted: their files are gone at once. */
  get disposals(): Observed["disposals"] {
    const going = this.all.filter(({ metadata }) => metadata.deletionTimestamp);
    return Object.fromEntries(going.map(({ metadata }) => [metadata.name, { kind: "done" }] as const));
  }

  /** Whether it succeeded. */
  act(action: SnapshotAction): boolean {
    if (action.kind === "createSnapshot" || action.kind === "recordSavepoint") {
      const { name } = action.snapshot.metadata;
      const present = this.#snapshots.get(name);
      if (present === undefined) {
        this.made.push(name);
        this.put(action.snapshot);
      } else if (action.kind === "recordSavepoint" && snapshotStatusOf(present).phase !== "Completed") {
        this.put({ ...present, ...(action.snapshot.status === undefined ? {} : { status: action.snapshot.status }) });
      }
      return true;
    }
    const snapshot = this.#snapshots.get(action.name);
    if (snapshot === undefined) return false;
    const { metadata } = snapshot;
    const { deletionTimestamp, finalizers = [] } = metadata;
    switch (action.kind) {
      case "writeSnapshotStatus": {
        if (metadata.resourceVersion !== action.resourceVersion) return false;
        const { status } = action;
        this.put({ ...snapshot, ...(status === undefined ? {} : { status }) });
        return true;
      }
      case "holdSnapshot":
        if (deletionTimestamp !== undefined) return false;
        this.put({ ...snapshot, metadata: { ...metadata, finalizers: [...finalizers, CLEANUP_FINALIZER] } });
        return true;
      case "releaseSnapshot":
        this.#leave(snapshot, { isGoing: deletionTimestamp !== undefined, finalizers: [] });
        return true;
      case "deleteSnapshot":
        this.#leave(snapshot, { isGoing: true, finalizers });
        return true;
    }
  }

  /** What a person does. */
  delete(name: string): void {
    const snapshot = this.#snapshots.get(name);
    if (snapshot !== undefined)
      this.#leave(snapshot, { isGoing: true, finalizers: snapshot.metadata.finalizers ?? [] });
  }

  #leave(
    snapshot: StreamJobSnapshot,
    { isGoing, finalizers }: { readonly isGoing: boolean; readonly finalizers: readonly string[] },
  ): void {
    const { metadata } = snapshot;
    if (isGoing && finalizers.length === 0) {
      this.#snapshots.delete(metadata.name);
      return;
    }
    const deletion = isGoing ? { deletionTimestamp: formatTime(this.#world.nowMs) } : {};
    this.put({ ...snapshot, metadata: { ...metadata, ...deletion, finalizers: [...finalizers] } });
  }
}
