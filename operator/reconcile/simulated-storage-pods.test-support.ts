/**
 * Owns: for tests: clean-up pods as an API server shows them, and what they delete in the simulated world.
 * Called by: the simulated world.
 */
import { formatTime } from "../../crds/index.ts";
import type { StorageTask } from "../engine/index.ts";
import type { Pod } from "../kubernetes/api/index.ts";
import type { SimulatedStore } from "./simulated-jobmanager.test-support.ts";

type Surroundings = {
  readonly nowMs: number;
  readonly podNames: readonly string[];
  store(uri: string): SimulatedStore;
  nextVersion(): number;
};
type Entry = { readonly pod: Pod; readonly endsMs: number; outcome: string | null };

const RUNS_MS = 700;

export class SimulatedStoragePods {
  readonly #world: Surroundings;
  readonly #pods = new Map<string, Entry>();
  /** Why a task fails; null: it succeeds. */
  failure: (task: StorageTask) => string | null = () => null;
  /** What was carried out, in order. */
  readonly done: StorageTask[] = [];
  made = 0;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  get all(): readonly Pod[] {
    return [...this.#pods.values()].map((entry) => this.#shown(entry));
  }

  apply(pod: Pod): boolean {
    if (this.#pods.has(pod.metadata.name)) return true;
    const uid = `storage-pod-${this.#world.nextVersion()}`;
    const stored = { ...pod, metadata: { ...pod.metadata, uid } };
    this.#pods.set(pod.metadata.name, { pod: stored, endsMs: this.#world.nowMs + RUNS_MS, outcome: null });
    this.made++;
    return true;
  }

  delete(name: string, uid: string): boolean {
    if (this.#pods.get(name)?.pod.metadata.uid === uid) this.#pods.delete(name);
    return true;
  }

  clear(): void {
    this.#pods.clear();
  }

  #shown(entry: Entry): Pod {
    if (this.#world.nowMs < entry.endsMs) return { ...entry.pod, status: { phase: "Running" } };
    entry.outcome ??= this.#carryOut(taskOf(entry.pod));
    const exitCode = entry.outcome === "" ? 0 : 4;
    const terminated = { exitCode, message: entry.outcome, finishedAt: formatTime(entry.endsMs) };
    const containerStatuses = [{ name: "storage", ready: false, restartCount: 0, state: { terminated } }];
    return { ...entry.pod, status: { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses } };
  }

  /** Why it failed; empty: it did not. */
  #carryOut(task: StorageTask): string {
    const failure = this.failure(task);
    if (failure !== null) return failure;
    this.done.push(task);
    if (task.kind !== "erase") return "";
    for (const folder of task.folders) {
      for (const id of task.jobIds) this.#world.store(`${folder}/${id}`).erase(this.#world.podNames.length === 0);
    }
    return "";
  }
}

function taskOf(pod: Pod): StorageTask {
  const text = pod.spec.containers[0]?.env?.find(({ name }) => name === "STREAMJOB_STORAGE_TASK")?.value ?? "";
  return (JSON.parse(text) as { readonly task: StorageTask }).task;
}
