/**
 * Owns: that who no longer leads writes nothing: a gate that is asked before every write, and an API that asks it.
 * The gates themselves are the elector's (lease-elector.ts).
 *
 * WG1 The gate is asked in the same turn in which the write is given to the API, by reading the clock: a process that was stopped and
 *     goes on finds it shut at its first write, before any timer ran (P-32).
 * WG2 A refused write never reaches the API. It fails with `Forbidden`, whose destiny is terminal: nothing in this process tries it
 *     again, and unlike a timeout it is known not to have been done. Reads and watches pass: they change nothing.
 *
 * What it cannot do: call back a write that had left before. The elector leaves leaseDuration - renewDeadline (5 s) for that, and every
 * update and deletion carries its object's uid or resourceVersion, so one that comes later still fails if anything changed since.
 */
import { ApiError, type KubernetesApi } from "../api/index.ts";

export type GateAnswer = { readonly kind: "open" } | { readonly kind: "shut"; readonly reason: string };

/** Says whether this process may write, now. */
export interface WriteGate {
  ask(): GateAnswer;
}

/** The same API, with every write behind the gate (WG2). */
export function guarded(api: KubernetesApi, gate: WriteGate): KubernetesApi {
  const pass = <T>(what: string, write: () => Promise<T>): Promise<T> => {
    const answer = gate.ask();
    if (answer.kind === "open") return write();
    const message = `${what} was not sent: ${answer.reason}. Another operator leads or will; this one must change nothing.`;
    return Promise.reject(new ApiError("Forbidden", message));
  };
  const named = (verb: string, kind: string, key: { namespace: string; name: string }): string =>
    `${verb} ${kind} ${key.namespace}/${key.name}`;
  return {
    get: (kind, key, options) => api.get(kind, key, options),
    list: (kind, options) => api.list(kind, options),
    watch: (kind, options, onEvent) => api.watch(kind, options, onEvent),
    logs: (pod, options) => api.logs(pod, options),
    create: (kind, object, options) =>
      pass(named("create", kind, object.metadata), () => api.create(kind, object, options)),
    update: (kind, object, options) =>
      pass(named("update", kind, object.metadata), () => api.update(kind, object, options)),
    updateStatus: (kind, object, options) =>
      pass(named("update the status of", kind, object.metadata), () => api.updateStatus(kind, object, options)),
    patch: (kind, key, patch, options) => pass(named("patch", kind, key), () => api.patch(kind, key, patch, options)),
    apply: (kind, object, options) =>
      pass(named("apply", kind, object.metadata), () => api.apply(kind, object, options)),
    delete: (kind, key, options) => pass(named("delete", kind, key), () => api.delete(kind, key, options)),
  };
}
