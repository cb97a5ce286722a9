/** Owns: a port to the API server that counts what goes through it. */
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";

const mutating = new Set(["create", "update", "updateStatus", "patch", "apply", "delete"]);

export type Counts = { reads: number; writes: number };

/** The same port; `counts` is kept up to date. Watches count once, as reads. */
export function countingApi(api: KubernetesApi): { readonly api: KubernetesApi; readonly counts: Counts } {
  const counts: Counts = { reads: 0, writes: 0 };
  const counted = new Proxy(api, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (mutating.has(String(name))) counts.writes++;
        else counts.reads++;
        return (member as (...inner: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return { api: counted, counts };
}
