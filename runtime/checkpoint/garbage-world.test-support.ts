/**
 * Owns: incarnations that run, crash, are upgraded and restored from, in stores below one location, and what must still be there
 * whatever is collected. What it demands is said here anew, by what happened, and not by garbage.ts.
 */
import assert from "node:assert/strict";
import { type JobId, jobId, type Random, seededRandom } from "../../base/index.ts";
import { MemoryObjectStore, type ObjectStore } from "../storage/index.ts";
import { fixedClock as clock, keyedOperator } from "./builders.test-support.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { readCollectionMark } from "./collection.ts";
import { claimEpoch } from "./epoch.ts";
import type { NamedPlace } from "./garbage.ts";
import type { OperatorState } from "./handles.ts";
import type { InventoryOptions } from "./inventory.ts";
import { dataFolder, manifestKey } from "./layout.ts";
import { chainOf, findDamage, readLog } from "./log-contents.ts";
import type { Manifest } from "./manifest.ts";
import { fencePredecessor } from "./predecessor.ts";
import { readSavepoint, writeSavepointManifest } from "./savepoint.ts";

type Origin =
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "latest"; readonly of: Incarnation };

export type Incarnation = {
  readonly id: JobId;
  readonly store: MemoryObjectStore;
  readonly origin: Origin;
  log: CheckpointLog;
  nextId: number;
  hasCompleted: boolean;
  /** Who goes on from it; null: it may run. */
  successor: Incarnation | null;
  /** Of the checkpoint that its tasks are writing. */
  inFlight: { readonly id: number; readonly operators: readonly OperatorState[] } | null;
  /** Content of its newest checkpoint's file, for the next to share. */
  newest: { readonly folder: string; readonly content: string } | null;
};

/** A state as somebody would restore it; null: none, as it should be. */
type Restorable = { readonly jobId: string; readonly checkpointId: number } | null;

/** A world has a place of its own, of whatever seed. */
let worlds = 0;
const facts = { triggeredMs: 1, completedMs: 2, committables: 0 };

export class GarbageWorld {
  readonly location: string;
  readonly incarnations: Incarnation[] = [];
  readonly named: NamedPlace[] = [];
  readonly #name: string;
  readonly #random: Random;
  readonly #savepoints: string[] = [];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#name = `garbage-${++worlds}`;
    this.location = `memory://${this.#name}`;
  }

  get options(): InventoryOptions {
    return {
      named: this.named,
      historyIn: async ({ uri }) => {
        const origin = this.incarnations.find(({ store }) => store.uri === uri)?.origin;
        const origins = origin === undefined || origin.kind === "none" ? [] : [originOf(origin)];
        return { origins, endedWith: null };
      },
    };
  }

  async start(origin: Origin = { kind: "none" }): Promise<Incarnation> {
    const id = jobId(this.#random.hex(16));
    const store = MemoryObjectStore.open(`${this.#name}/jobs/${id}`);
    const log = await this.#lead(store, id);
    const made = {
      id,
      store,
      origin,
      log,
      nextId: 1,
      hasCompleted: false,
      successor: null,
      inFlight: null,
      newest: null,
    };
    this.incarnations.push(made);
    return made;
  }

  /** Its JobManager dies, and another one leads. */
  async restart(incarnation: Incarnation): Promise<void> {
    incarnation.inFlight = null;
    incarnation.log = await this.#lead(incarnation.store, incarnation.id);
    assert.ok(
      incarnation.log.lastCheckpointId >= incarnation.nextId - 1,
      "a checkpoint's number is given out again (CK-19)",
    );
  }

  /** The next one starts and fences; it has completed nothing yet. */
  async upgrade(old: Incarnation, how: "latest" | "path" | "none"): Promise<Incarnation> {
    const savepoint = this.#savepoints.at(-1);
    const origin: Origin =
      how === "latest"
        ? { kind: "latest", of: old }
        : how === "path" && savepoint !== undefined
          ? { kind: "path", path: savepoint }
          : { kind: "none" };
    const next = await this.start(origin);
    await this.#fence(old, next);
    return next;
  }

  async upload(incarnation: Incarnation): Promise<void> {
    const { store, log, newest } = incarnation;
    const id = incarnation.nextId++;
    const folder = dataFolder(log.epoch, id);
    const content = `state ${id} of ${incarnation.id} `;
    const operators = [keyedOperator("count", folder, content, 1)];
    await this.#write(store, operators);
    // As an incremental checkpoint: the file of the one before, too.
    if (newest !== null && id % 2 === 0) operators.push(keyedOperator("shared", newest.folder, newest.content, 1));
    incarnation.inFlight = { id, operators };
  }

  /** Gives whether it was completed. */
  async finish(incarnation: Incarnation): Promise<boolean> {
    const { inFlight, log } = incarnation;
    if (inFlight === null) return false;
    const { id: checkpointId, operators } = inFlight;
    incarnation.inFlight = null;
    const { kind } = await log.complete({ kind: "checkpoint", checkpointId, storeUri: null, ...facts, operators });
    assert.equal(kind, incarnation.successor === null ? "completed" : "fenced");
    if (kind !== "completed") return false;
    const folder = dataFolder(log.epoch, checkpointId);
    incarnation.newest = { folder, content: `state ${checkpointId} of ${incarnation.id} ` };
    incarnation.hasCompleted = true;
    return true;
  }

  async savepoint(incarnation: Incarnation): Promise<void> {
    const { log } = incarnation;
    const store = MemoryObjectStore.open(`${this.#name}/savepoints/${this.#random.hex(6)}`);
    const checkpointId = incarnation.nextId++;
    const operators = [keyedOperator("count", "data", `savepoint ${checkpointId} of ${incarnation.id} `, 1)];
    await this.#write(store, operators);
    const draft = { kind: "savepoint", checkpointId, storeUri: store.uri, ...facts, operators } as const;
    await writeSavepointManifest(store, log, draft);
    assert.equal((await log.complete(draft)).kind, "completed");
    Object.assign(incarnation, { hasCompleted: true, newest: null, inFlight: null });
    this.#savepoints.push(store.uri);
  }

  /** Another job is started from a checkpoint of it; or a StreamJob that is not started yet only names it. */
  async restoreElsewhere(incarnation: Incarnation, isNamed: boolean): Promise<void> {
    const [newest] = chainOf(await readLog(incarnation.store));
    if (newest === undefined || (await readCollectionMark(incarnation.store)) !== null) return;
    const path = newest.storeUri ?? `${incarnation.store.uri}/${manifestKey(newest.seq)}`;
    if (isNamed) this.named.push({ location: path, by: "StreamJob default/other" });
    else await this.start({ kind: "path", path });
  }

  /** Everything that must be the same after a collection, in words. */
  async demands(): Promise<ReadonlyMap<string, unknown>> {
    const found = new Map<string, unknown>();
    for (const incarnation of this.incarnations) {
      const { id, store } = incarnation;
      if (incarnation.successor === null) found.set(`${id} can go on`, await this.#resolve(incarnation));
      if (this.#isNeeded(incarnation)) found.set(`the checkpoints of ${id} are whole`, await this.#wholeIn(store));
    }
    for (const uri of this.#savepoints) found.set(`savepoint ${uri}`, await this.#at(uri));
    for (const { location } of this.named) found.set(`named ${location}`, await this.#at(location));
    return found;
  }

  /** Incarnations of which nothing may be left but what fences late processes. */
  get needless(): readonly Incarnation[] {
    const origins = this.incarnations.flatMap((each) =>
      each.hasCompleted || this.#isReplaced(each) ? [] : each.origin.kind === "none" ? [] : [originOf(each.origin)],
    );
    const places = [...origins, ...this.named.map(({ location }) => location)];
    return this.incarnations.filter(
      (each) => this.#isReplaced(each) && !places.some((place) => place.startsWith(each.store.uri)),
    );
  }

  async #lead(store: ObjectStore, id: JobId): Promise<CheckpointLog> {
    const claim = await claimEpoch(store, { processId: this.#random.hex(16), jobId: id, random: this.#random, clock });
    const fence = await writeFence(claim, { jobName: "words" });
    assert.ok(fence.kind === "ready");
    return fence.log;
  }

  async #fence(old: Incarnation, next: Incarnation): Promise<void> {
    const identity = { jobId: next.id, processId: this.#random.hex(16), random: this.#random, clock };
    await fencePredecessor(old.store, { ...identity, jobName: "words" });
    old.successor = next;
    if (old.origin.kind === "latest" && !old.hasCompleted && next.origin.kind === "latest")
      await this.#fence(old.origin.of, next);
  }

  async #write(store: ObjectStore, operators: readonly OperatorState[]): Promise<void> {
    for (const { keyed } of operators.flatMap(({ subtasks }) => subtasks))
      for (const { file } of keyed?.files ?? []) await store.put(file.key, Buffer.alloc(file.length));
  }

  /** Some later incarnation has completed a checkpoint of its own. */
  #isReplaced({ successor }: Incarnation): boolean {
    return successor !== null && (successor.hasCompleted || this.#isReplaced(successor));
  }

  #isNeeded(incarnation: Incarnation): boolean {
    return !this.#isReplaced(incarnation);
  }

  /** LA1 of the JobManager's leading. */
  async #resolve({ store, origin }: Incarnation): Promise<Restorable | "gone"> {
    assert.equal(await readCollectionMark(store), null, `${store.uri} is marked, so nobody can go on from it`);
    const [newest] = chainOf(await readLog(store));
    if (newest !== undefined) return this.#whole(newest, newest.storeUri ?? store.uri);
    if (origin.kind === "none") return null;
    return origin.kind === "path" ? this.#at(origin.path) : this.#resolve(origin.of);
  }

  async #whole({ jobId: id, checkpointId, files }: Manifest, storeUri: string): Promise<Restorable> {
    const store = MemoryObjectStore.open(storeUri.slice("memory://".length));
    assert.deepEqual(await findDamage(store, { files }), []);
    return { jobId: id, checkpointId };
  }

  async #wholeIn(store: ObjectStore): Promise<readonly Restorable[]> {
    return Promise.all(chainOf(await readLog(store)).map((each) => this.#whole(each, each.storeUri ?? store.uri)));
  }

  /** `gone` is what its own job's retention may have made of it before. */
  async #at(path: string): Promise<Restorable | "gone"> {
    try {
      const { manifest, storeUri } = await readSavepoint(path);
      return await this.#whole(manifest, storeUri);
    } catch (error) {
      if ((error as { code?: string }).code === "SAVEPOINT_NOT_FOUND") return "gone";
      throw error;
    }
  }
}

const originOf = (origin: Exclude<Origin, { kind: "none" }>): string =>
  origin.kind === "path" ? origin.path : origin.of.store.uri;
