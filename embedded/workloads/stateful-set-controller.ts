/**
 * Owns: the loop that keeps every StatefulSet's pods as it wants them.
 * Does not own: what that is (stateful-set-plan.ts), running pods (kubelet/).
 * Called by: the control plane of `streamjob run`, the bench, tests.
 *
 * SSC1 It acts when something changed, and writes only what is to be another: a quiet cluster has no writes.
 * SSC2 It reads its own writes (the caches are told of them), so that no step is done twice.
 * SSC3 A pod is deleted by its uid: never its successor of the same name.
 */
import type { Clock, Log, Random } from "../../base/index.ts";
import {
  isApiError,
  isOfOtherObject,
  type KubernetesApi,
  type Pod,
  type StatefulSet,
} from "../../operator/kubernetes/api/index.ts";
import { WatchCache, WorkQueue } from "../../operator/kubernetes/machinery/index.ts";
import { planStatefulSet, setNameOf, type StatefulSetAction, type StatefulSetStatus } from "./stateful-set-plan.ts";

export type StatefulSetControllerOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export class StatefulSetController {
  readonly #options: StatefulSetControllerOptions;
  readonly #sets: WatchCache<"StatefulSet">;
  readonly #pods: WatchCache<"Pod">;
  readonly #queue: WorkQueue;

  constructor(options: StatefulSetControllerOptions) {
    const { api, clock, random, log } = options;
    this.#options = options;
    this.#sets = new WatchCache(api, "StatefulSet", { clock, random, log });
    this.#pods = new WatchCache(api, "Pod", { clock, random, log });
    // A set that cannot be helped is looked at again soon: whatever is in its way is on this machine.
    const backoff = { firstMs: 50, maxMs: 5000 };
    this.#queue = new WorkQueue({ clock, random, log, backoff, work: (key) => this.#reconcile(key) });
  }

  async start(): Promise<void> {
    this.#sets.subscribe(({ kind, object }) => {
      if (kind !== "deleted") this.#queue.add(keyOf(object.metadata.namespace, object.metadata.name));
    });
    this.#pods.subscribe(({ object }) => {
      for (const set of setsOf(object)) this.#queue.add(keyOf(object.metadata.namespace, set));
    });
    this.#pods.start();
    await this.#pods.whenSynced();
    this.#sets.start();
    await this.#sets.whenSynced();
    this.#queue.start();
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    await Promise.all([this.#sets.stop(), this.#pods.stop()]);
  }

  async #reconcile(key: string): Promise<void> {
    const [namespace = "", name = ""] = key.split("/");
    const set = this.#sets.get({ namespace, name });
    if (set === null) return;
    const { uid = "" } = set.metadata;
    const pods = this.#pods.byOwner(uid);
    const isTaken = (podName: string): boolean => this.#pods.get({ namespace, name: podName }) !== null;
    const plan = planStatefulSet({ set, pods, isTaken });
    for (const action of plan.actions) await this.#act(set, action);
    if (plan.status !== null) await this.#writeStatus(set, plan.status);
  }

  async #act(set: StatefulSet, action: StatefulSetAction): Promise<void> {
    const { api, log } = this.#options;
    const { namespace, name, uid } = action.pod.metadata;
    log.debug({ statefulSet: set.metadata.name, pod: name, action: action.kind }, "a StatefulSet changes its pods");
    try {
      if (action.kind === "create") {
        this.#pods.noteWrite(await api.create("Pod", action.pod));
      } else if (uid !== undefined) {
        await api.delete("Pod", { namespace, name }, { uid });
        this.#pods.noteDelete({ namespace, name }, uid);
      }
    } catch (error) {
      // The world is ahead of what was known of it: the watch brings it, and with it the next look.
      if (!isApiError(error, "AlreadyExists", "NotFound", "Conflict")) throw error;
    }
  }

  async #writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    // Nobody else writes it, so it needs no resourceVersion; the uid keeps it off a successor of the same name.
    const { namespace, name, uid } = set.metadata;
    const patch = { metadata: uid === undefined ? {} : { uid }, status };
    try {
      const { api } = this.#options;
      this.#sets.noteWrite(await api.patch("StatefulSet", { namespace, name }, patch, { subresource: "status" }));
    } catch (error) {
      if (!isOfOtherObject(error)) throw error;
    }
  }
}

/** By owner, and by name: a stranger may stand where a set wants its pod. */
function setsOf(pod: Pod): readonly string[] {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner?.kind === "StatefulSet") return [owner.name];
  const name = setNameOf(pod.metadata.name);
  return name === null ? [] : [name];
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;
