/**
 * Owns: what the stores of incarnations say, read as files: the last word on who ran, from what, and until when.
 *
 * STOR1 A fence, a result and an epoch never go away: what is read later held, or was about to hold, when something else was read before.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newestCompleteSeq, readLog, successorFence } from "../../runtime/checkpoint/index.ts";
import { type StoredActivation, storedActivationSchema } from "../../contract/index.ts";
import { openStore } from "../../runtime/storage/index.ts";

export type StoreView = {
  readonly jobId: string;
  /** null: it was never let run. */
  readonly activation: StoredActivation | null;
  /** Job id of the incarnation that fenced it. */
  readonly fencedBy: string | null;
  /** Its job is over, by its own word. */
  readonly hasResult: boolean;
  readonly epochMax: number;
  /** Whether it has completed a checkpoint or savepoint. */
  readonly hasCompleted: boolean;
  /** Numbers of its own complete manifests above its successor's fence; there must be none. */
  readonly afterFence: readonly number[];
};

/** `folder`: Rig.storeFolder. */
export async function readStoreView(folder: string): Promise<StoreView> {
  const log = await readLog(await openStore(folder));
  const fence = successorFence(log);
  const complete = log.entries.filter((entry) => entry.kind !== "manifest" || entry.manifest.kind !== "fence");
  return {
    jobId: folder.split("/").at(-1) ?? "",
    activation: readActivation(folder),
    fencedBy: fence?.successor ?? null,
    hasResult: existsSync(join(folder, "result")),
    epochMax: Math.max(0, ...namesIn(join(folder, "epochs")).map(Number)),
    hasCompleted: newestCompleteSeq(log) !== null,
    afterFence: fence === null ? [] : complete.map(({ seq }) => seq).filter((seq) => seq > fence.seq),
  };
}

/** Of all incarnations below `root`, in no order. */
export async function readStoreViews(root: string): Promise<readonly StoreView[]> {
  const names = namesIn(root).filter((name) => /^[0-9a-f]{32}$/.test(name));
  return Promise.all(names.map((name) => readStoreView(join(root, name))));
}

/**
 * Fails unless the incarnations that ever ran are one chain that ends with `last`: each from what the one before ended with, all but
 * the last fenced or over, and none with a checkpoint after that. Gives the chain, oldest first.
 */
export function assertOneChain(stores: readonly StoreView[], last: string): readonly StoreView[] {
  const ran = new Map(stores.filter(({ activation }) => activation !== null).map((store) => [store.jobId, store]));
  const chain: StoreView[] = [];
  for (let at = ran.get(last); at !== undefined; at = parentOf(at, ran)) {
    assert.ok(!chain.includes(at), "incarnations that start from each other");
    chain.unshift(at);
  }
  const strays = [...ran.values()].filter((store) => !chain.includes(store) && store.hasCompleted);
  assert.deepEqual(strays, [], "incarnations that ran and that nobody goes on from");
  for (const store of chain) {
    const isOver = store.jobId === last || store.fencedBy !== null || store.hasResult;
    assert.ok(isOver, `${store.jobId} may still run`);
    assert.deepEqual(store.afterFence, [], `${store.jobId} has completed something after it was fenced`);
  }
  return chain;
}

function parentOf({ activation }: StoreView, stores: ReadonlyMap<string, StoreView>): StoreView | undefined {
  const from = activation?.from;
  if (from?.kind !== "latest") return undefined;
  const parent = stores.get(from.storeUri.split("/").at(-1) ?? "");
  assert.ok(parent !== undefined, `${from.storeUri} was never run`);
  return parent;
}

function readActivation(folder: string): StoredActivation | null {
  const file = join(folder, "activation");
  return existsSync(file) ? storedActivationSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : null;
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
}
