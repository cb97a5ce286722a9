/**
 * Owns: API servers as an operator may see them: late, with holes, with cut connections, with conflicts, and with another operator.
 *
 * STW1 Only what is seen is wrong; what is written is real, with the server's own checks.
 */
import { EventEmitter, once } from "node:events";
import type { JobManagerApi } from "../../../operator/engine/index.ts";
import { ApiError, type KubernetesApi, type WatchEnd } from "../../../operator/kubernetes/api/index.ts";
import { seededRandom, sleep, systemClock } from "../../../base/index.ts";
import { callsOf } from "../../promises/api-calls.ts";

const HIDDEN_MS = 1500;
const HELD_MAX_MS = 300;
const WRITE = "write";

/** What is between operators and everybody else. Each function is called once for each operator that starts. */
export type Between = {
  readonly api?: (api: KubernetesApi) => KubernetesApi;
  readonly jobManagers?: (jobManagers: JobManagerApi) => JobManagerApi;
};

export type StaleWorld = {
  /** A fresh one for each life. */
  readonly make: () => Between;
  /** Default 1. */
  readonly operators?: number;
};

export const staleWorlds: Readonly<Record<string, StaleWorld>> = {
  "watches that are cut after every few events": { make: () => ({ api: watchesThatEnd(5, { kind: "closed" }) }) },
  "watches that end as too old (410) again and again": {
    make: () => ({ api: watchesThatEnd(8, { kind: "gone", message: "too old resource version" }) }),
  },
  "watches that fail": {
    make: () => ({ api: watchesThatEnd(6, { kind: "failed", error: new Error("ECONNRESET") }) }),
  },
  "events that are hidden until the next one of their object, or for a while": {
    make: () => ({ api: missedEvents(4) }),
  },
  "a storm of conflicts": { make: () => ({ api: conflicts(0.5) }) },
  "a list and a watch that are late": { make: () => ({ api: lateWatches(400) }) },
  "two operators at once": { make: () => ({}), operators: 2 },
  "two operators at once, one of which decides when the other has gone on already": {
    make: overtaken,
    operators: 2,
  },
};

function watchesThatEnd(events: number, end: WatchEnd): (api: KubernetesApi) => KubernetesApi {
  return (api) => ({
    ...callsOf(api),
    watch: async (kind, options, onEvent) => {
      const cut = new AbortController();
      let seen = 0;
      const signal = AbortSignal.any([options.signal, cut.signal]);
      await api.watch(kind, { ...options, signal }, (event) => {
        if (cut.signal.aborted) return;
        onEvent(event);
        seen++;
        if (seen >= events) cut.abort(new Error("cut"));
      });
      return cut.signal.aborted && !options.signal.aborted ? end : { kind: "closed" };
    },
  });
}

/** Each n-th change is hidden until its object changes again, or for a while: meanwhile what is known of the object is old. */
function missedEvents(every: number): (api: KubernetesApi) => KubernetesApi {
  return (api) => ({
    ...callsOf(api),
    watch: (kind, options, onEvent) => {
      let seen = 0;
      const hidden = new Map<string, NodeJS.Timeout>();
      return api.watch(kind, options, (event) => {
        if (event.type === "BOOKMARK") return onEvent(event);
        seen++;
        const uid = event.object.metadata.uid ?? "";
        clearTimeout(hidden.get(uid));
        hidden.delete(uid);
        if (event.type !== "MODIFIED" || seen % every !== 0) return onEvent(event);
        const show = (): void => {
          hidden.delete(uid);
          if (!options.signal.aborted) onEvent(event);
        };
        hidden.set(uid, setTimeout(show, HIDDEN_MS));
      });
    },
  });
}

function conflicts(share: number): (api: KubernetesApi) => KubernetesApi {
  const random = seededRandom(4711);
  return (api) => {
    const stormy = async <T>(write: () => Promise<T>): Promise<T> => {
      if (random.next() < share)
        throw new ApiError("Conflict", "the object has been modified; please apply your changes to the latest version");
      return write();
    };
    return {
      ...callsOf(api),
      updateStatus: (kind, object, options) => stormy(() => api.updateStatus(kind, object, options)),
      patch: (kind, key, patch, options) => stormy(() => api.patch(kind, key, patch, options)),
      delete: (kind, key, options) => stormy(() => api.delete(kind, key, options)),
    };
  };
}

/** Events come late, in order. */
function lateWatches(delayMs: number): (api: KubernetesApi) => KubernetesApi {
  return (api) => ({
    ...callsOf(api),
    watch: async (kind, options, onEvent) => {
      let last: Promise<void> = Promise.resolve();
      const end = await api.watch(kind, options, (event) => {
        const due = new Promise<void>((resolve) => setTimeout(resolve, delayMs));
        last = Promise.all([last, due]).then(() => {
          if (!options.signal.aborted) onEvent(event);
        });
      });
      await last;
      return end;
    },
  });
}

/** The operator that starts second is told what JobManagers answer only after the first one's next write, or a while. */
function overtaken(): Between {
  const writes = new EventEmitter();
  let apis = 0;
  let ports = 0;
  const afterNextWrite = async (): Promise<void> => {
    const signal = AbortSignal.timeout(HELD_MAX_MS);
    await once(writes, WRITE, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    // What the write brings about, such as the garbage collector's work, comes a little later.
    await sleep(systemClock, 10);
  };
  return {
    api: (api) => (++apis === 1 ? noting(api, () => writes.emit(WRITE)) : api),
    jobManagers: (port) => {
      if (++ports === 1) return port;
      return {
        ...port,
        incarnation: async (target, signal) => {
          const answer = await port.incarnation(target, signal);
          await afterNextWrite();
          return answer;
        },
      };
    },
  };
}
function noting(api: KubernetesApi, onWrite: () => void): KubernetesApi {
  const noted = async <T>(write: () => Promise<T>): Promise<T> => {
    const written = await write();
    onWrite();
    return written;
  };
  return {
    ...callsOf(api),
    create: (kind, object, options) => noted(() => api.create(kind, object, options)),
    updateStatus: (kind, object, options) => noted(() => api.updateStatus(kind, object, options)),
    patch: (kind, key, patch, options) => noted(() => api.patch(kind, key, patch, options)),
    apply: (kind, object, options) => noted(() => api.apply(kind, object, options)),
    delete: (kind, key, options) => noted(() => api.delete(kind, key, options)),
  };
}
