/**
 * Owns: a port to the API server that a test cuts and mends, as a network does: calls fail, watches end without a word of what is missed.
 *
 * SEV1 New watches fail, or wait for the mending, as in a network that swallows what is sent. After some failures a client lists anew, whatever
 *     the server still knows; one that has waited asks from the version that it has seen last.
 */
import { ApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";

export class SeveredApi {
  #cut: AbortController | null = null;
  #cuts = new AbortController();
  #mended: PromiseWithResolvers<void> | null = null;

  /** For ControlPlaneOptions. */
  readonly between = (api: KubernetesApi): KubernetesApi => {
    const pass = <T>(call: () => Promise<T>): Promise<T> => (this.#cut === null ? call() : Promise.reject(lost()));
    return {
      get: (kind, key, options) => pass(() => api.get(kind, key, options)),
      list: (kind, options) => pass(() => api.list(kind, options)),
      watch: async (kind, options, onEvent) => {
        const stopped = new Promise<void>((resolve) => options.signal.addEventListener("abort", () => resolve()));
        await Promise.race([this.#mended?.promise, stopped]);
        if (this.#cut !== null || options.signal.aborted) return { kind: "failed", error: lost() };
        const cuts = this.#cuts.signal;
        const end = await api.watch(
          kind,
          { ...options, signal: AbortSignal.any([options.signal, cuts]) },
          // What was sent before the cut and is read after it is lost, too.
          (event) => (cuts.aborted ? undefined : onEvent(event)),
        );
        return cuts.aborted && !options.signal.aborted ? { kind: "failed", error: lost() } : end;
      },
      create: (kind, object, options) => pass(() => api.create(kind, object, options)),
      update: (kind, object, options) => pass(() => api.update(kind, object, options)),
      updateStatus: (kind, object, options) => pass(() => api.updateStatus(kind, object, options)),
      patch: (kind, key, patch, options) => pass(() => api.patch(kind, key, patch, options)),
      apply: (kind, object, options) => pass(() => api.apply(kind, object, options)),
      delete: (kind, key, options) => pass(() => api.delete(kind, key, options)),
      logs: (pod, options) => pass(() => api.logs(pod, options)),
    };
  };

  /** SEV1 */
  cut({ watchesWait = false } = {}): void {
    this.#cut = new AbortController();
    this.#mended = watchesWait ? Promise.withResolvers() : null;
    this.#cuts.abort(lost());
  }

  mend(): void {
    this.#cuts = new AbortController();
    this.#cut = null;
    this.#mended?.resolve();
    this.#mended = null;
  }
}

const lost = (): ApiError => new ApiError("Unavailable", "the connection to the API server is cut");
