/**
 * Owns: what an operator of a test asks of the API server, in order, and the moment in which it has just written a step of an operation.
 */
import type { StreamJob } from "../../crds/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";

export type OperatorCall = {
  readonly verb: keyof KubernetesApi;
  readonly kind: string;
  readonly name: string;
  readonly isFailed: boolean;
};

const READS: ReadonlySet<string> = new Set<keyof KubernetesApi>(["get", "list", "watch", "logs"]);

export class OperatorCalls {
  /** That have ended. */
  readonly calls: OperatorCall[] = [];
  #moment: { readonly step: string; readonly act: () => Promise<void> } | null = null;

  /** For RigOptions.operatorApi. */
  readonly between = (api: KubernetesApi): KubernetesApi => {
    const named = (object: { readonly metadata?: { readonly name?: string } }): string => object.metadata?.name ?? "";
    return {
      get: (kind, key, options) => this.#pass("get", kind, key.name, () => api.get(kind, key, options)),
      list: (kind, options) => this.#pass("list", kind, "", () => api.list(kind, options)),
      watch: async (kind, options, onEvent) => {
        const end = await api.watch(kind, options, onEvent);
        this.calls.push({ verb: "watch", kind, name: "", isFailed: end.kind === "failed" });
        return end;
      },
      create: (kind, object, options) =>
        this.#pass("create", kind, named(object), () => api.create(kind, object, options)),
      update: (kind, object, options) =>
        this.#pass("update", kind, named(object), () => api.update(kind, object, options)),
      updateStatus: async (kind, object, options) => {
        const call = (): ReturnType<typeof api.updateStatus<typeof kind>> => api.updateStatus(kind, object, options);
        const written = await this.#pass("updateStatus", kind, named(object), call);
        if (kind === "StreamJob") await this.#written(object as StreamJob);
        return written;
      },
      patch: (kind, key, patch, options) =>
        this.#pass("patch", kind, key.name, () => api.patch(kind, key, patch, options)),
      apply: (kind, object, options) =>
        this.#pass("apply", kind, named(object), () => api.apply(kind, object, options)),
      delete: (kind, key, options) => this.#pass("delete", kind, key.name, () => api.delete(kind, key, options)),
      logs: (pod, options) => this.#pass("logs", "Pod", pod.name, () => api.logs(pod, options)),
    };
  };

  /** `act` runs once that step is on record, before the operator hears of it. Resolves when it has run. */
  at(step: string, act: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#moment = { step, act: () => act().then(resolve, reject) };
    });
  }

  get failures(): number {
    return this.calls.filter(({ isFailed }) => isFailed).length;
  }

  /** Since call number `from`, of what changes children of a job: all but statuses, events and leases. */
  writesSince(from: number): readonly string[] {
    return this.calls
      .slice(from)
      .filter(({ verb, kind }) => !READS.has(verb) && verb !== "updateStatus" && kind !== "Event" && kind !== "Lease")
      .map(({ verb, kind, name }) => `${verb} ${kind} ${name}`);
  }

  async #pass<T>(verb: keyof KubernetesApi, kind: string, name: string, call: () => Promise<T>): Promise<T> {
    try {
      const answer = await call();
      this.calls.push({ verb, kind, name, isFailed: false });
      return answer;
    } catch (error) {
      this.calls.push({ verb, kind, name, isFailed: true });
      throw error;
    }
  }

  async #written({ status }: StreamJob): Promise<void> {
    const moment = this.#moment;
    if (moment === null || status?.operation?.step !== moment.step) return;
    this.#moment = null;
    await moment.act();
  }
}
