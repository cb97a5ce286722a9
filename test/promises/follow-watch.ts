/**
 * Owns: a watch that a test keeps for as long as it likes, from a version on.
 *
 * FOW1 Nothing is missed: a real API server ends a watch every few minutes, and it goes on from the newest version that was seen. Where that
 *     cannot be, the watch fails.
 * FOW2 It ends with its rig: a test that fails leaves nothing behind that keeps its process.
 */
import { sleep, systemClock } from "../../base/index.ts";
import type { Kind, WatchEvent, WatchOptions } from "../../operator/kubernetes/api/index.ts";
import type { Rig } from "./rig.ts";

const PAUSE_MS = 100;

/** Resolves when its signal is aborted, or its rig is being closed. Errors: the server no longer knows what was since then (410). */
export async function followWatch<K extends Kind>(
  { api, ending }: Pick<Rig, "api" | "ending">,
  kind: K,
  options: WatchOptions,
  onEvent: (event: WatchEvent<K>) => void,
): Promise<void> {
  let { resourceVersion } = options;
  const signal = AbortSignal.any([options.signal, ending]);
  while (!signal.aborted) {
    const end = await api.watch(kind, { ...options, signal, resourceVersion }, (event) => {
      resourceVersion =
        event.type === "BOOKMARK" ? event.resourceVersion : (event.object.metadata.resourceVersion ?? "");
      onEvent(event);
    });
    if (end.kind === "gone") throw new Error(`a test's watch has missed what happened: ${end.message}`);
    if (!signal.aborted) await sleep(systemClock, PAUSE_MS);
  }
}
