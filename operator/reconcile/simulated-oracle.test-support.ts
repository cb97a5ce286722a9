/**
 * Owns: for tests: what must never happen in a simulated world, and noting it when it does.
 * Called by: the simulated world, before and after what it does.
 */
import type { StreamJobStatus } from "../../crds/index.ts";
import type { RestorePoint } from "../../crds/index.ts";
import type { Pod, StatefulSet } from "../kubernetes/api/index.ts";
import { incarnationOf } from "../engine/index.ts";
import type { SimulatedJobManager, SimulatedStore, State } from "./simulated-jobmanager.test-support.ts";

export type Stop = { readonly triggerId: string; readonly operationId: string };
export type Start = { readonly incarnation: number; readonly value: number; readonly from: RestorePoint };
/** The newest state of all, and who made it. */
export type Head = { readonly state: State; readonly store: SimulatedStore };

export class SimulatedOracle {
  readonly violations: string[] = [];
  readonly stopped: Stop[] = [];
  readonly starts: Start[] = [];
  readonly #meanings = new Map<string, string>();
  readonly #runs: { readonly store: SimulatedStore; readonly revision: string }[] = [];
  readonly #elapsedMs: () => number;

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  wrong(what: string): void {
    this.violations.push(`at ${this.#elapsedMs()} ms: ${what}`);
  }

  /** At most one incarnation is active that is not fenced. */
  seeManagers(managers: Iterable<SimulatedJobManager>): void {
    const live = [...managers].filter(({ isLive }) => isLive).map(({ incarnation }) => incarnation);
    if (live.length > 1) this.wrong(`incarnations ${live.join(", ")} are active and none is fenced`);
  }

  /** An id means one thing for ever. */
  seeId(id: string, meaning: string): void {
    const before = this.#meanings.get(id);
    if (before !== undefined && before !== meaning) this.wrong(`id ${id} meant ${before} and means ${meaning}`);
    this.#meanings.set(id, meaning);
  }

  /** One savepoint per operation. */
  seeStop(triggerId: string, operationId: string): void {
    if (operationId !== "by hand" && this.stopped.some((stop) => stop.operationId === operationId)) {
      this.wrong(`a second savepoint of operation ${operationId}`);
    }
    this.stopped.push({ triggerId, operationId });
  }

  /** What did all its work does not do it once more (P-27). For worlds in which nobody goes back to an earlier version. */
  seeRun(store: SimulatedStore, revision: string): void {
    const isDone = ({ result }: SimulatedStore): boolean => result?.status === "FINISHED" && result.savepoint === null;
    if (this.#runs.some((run) => run.revision === revision && isDone(run.store)))
      this.wrong(`${revision} had FINISHED and is run again`);
    this.#runs.push({ store, revision });
  }

  /** What starts goes on from the newest state, but where none is wanted, or there is none to go on from. */
  seeStart(start: Start, head: Head | null, status: StreamJobStatus): void {
    const { incarnation, value, from } = start;
    this.starts.push(start);
    if (head === null || value === head.state.value || status.operation?.mode === "stateless") return;
    const { result } = head.store;
    if (from.kind === "none" && result?.status === "FINISHED" && result.savepoint === null) return;
    const what = `incarnation ${incarnation} started at ${value} by ${JSON.stringify(from)}`;
    this.wrong(`${what}, but the newest state is ${head.state.value} in ${head.state.path}`);
  }

  /** Where the new pods are not to stand by while the old ones run, they come when those have gone (P-12). */
  seeNewPod(set: StatefulSet, pods: readonly Pod[], operation: StreamJobStatus["operation"]): void {
    const number = incarnationOf(set) ?? 0;
    if (operation?.standby !== "cold" || operation.to !== number) return;
    const other = pods.find((pod) => incarnationOf(pod) !== number);
    if (other !== undefined) this.wrong(`a pod of ${set.metadata.name} comes while ${other.metadata.name} is there`);
  }

  /** No stateful job's pods go before a completed savepoint is recorded, or its end, or a policy says that it needs none. */
  seeRemoval(manager: SimulatedJobManager, { operation, active }: StreamJobStatus): void {
    const { incarnation } = manager;
    if (!manager.isLive) return;
    if (!manager.isReachable && operation?.mode === "savepoint") {
      this.wrong(`incarnation ${incarnation} does not answer and its pods are removed`);
    }
    if (operation === undefined) {
      if (active?.incarnation !== incarnation || active.ended === null)
        this.wrong(`incarnation ${incarnation} is removed for no reason`);
      return;
    }
    const isAllowed =
      ["delete", "rollback", "recreate"].includes(operation.kind) ||
      operation.mode !== "savepoint" ||
      Boolean(operation.savepoint?.path) ||
      Boolean(active?.incarnation === incarnation && active.ended);
    if (!isAllowed)
      this.wrong(`incarnation ${incarnation} is removed in ${operation.kind}, ${operation.step} without a savepoint`);
  }
}
