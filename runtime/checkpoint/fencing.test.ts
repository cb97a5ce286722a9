/**
 * A model of several JobManagers on one store, each stopped for any time between any two of its requests, with lost requests,
 * lost responses, and requests that take effect late. An oracle sees every request at the moment it takes effect.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jobId, type Random, StreamError, seededRandom } from "../../base/index.ts";
import { MemoryObjectStore, type ObjectStore, type ObjectWriter } from "../storage/index.ts";
import { fixedClock, JOB, keyedOperator } from "./builders.test-support.ts";
import { type CheckpointLog, writeFence } from "./checkpoint-log.ts";
import { claimEpoch } from "./epoch.ts";
import { dataFolder, manifestKey, parseManifestKey } from "./layout.ts";
import { fencePredecessor } from "./predecessor.ts";
import { type Manifest } from "./manifest.ts";
import { type OperatorState } from "./handles.ts";
import { readLog } from "./log-contents.ts";
import { resolveRestore } from "./restore.ts";
import { decodeManifest } from "./manifest-codec.ts";

const SUCCESSOR = jobId("f".repeat(32));
const NUM_RETAINED = 2;
type Fate = "works" | "request lost" | "response lost" | "request late";
/** A late request takes effect after some more steps of anyone, when its sender has long given it up. */
const LATE_STEPS = 9;
type Decision = { readonly actor: number; readonly burst: number; readonly fate: Fate };

/** What really happened. A manifest counts when it was created right after the highest number ever used. */
class Oracle {
  readonly effective: Manifest[] = [];
  readonly objects = new MemoryObjectStore("model");
  readonly claimed = new Set<number>();

  get hasSuccessor(): boolean {
    return this.effective.some((manifest) => manifest.successor !== undefined);
  }

  get newestComplete(): Manifest | null {
    return this.effective.findLast((manifest) => manifest.kind !== "fence") ?? null;
  }

  async created(key: string, body: Uint8Array): Promise<void> {
    if (parseManifestKey(key)?.suffix !== "manifest") return;
    const manifest = decodeManifest(body, key);
    const head = this.effective.at(-1);
    if (manifest.seq !== (head?.seq ?? 0) + 1) return;
    if (this.hasSuccessor)
      assert.ok(manifest.successor !== undefined, "the job's own JobManagers write nothing any more (MA4)");
    assert.equal(manifest.parent, this.newestComplete?.seq ?? null, "the parent is the newest complete one");
    if (head === undefined || manifest.epoch !== head.epoch) {
      assert.equal(manifest.kind, "fence", "an epoch begins with a fence");
      assert.ok(manifest.epoch > (head?.epoch ?? 0), `epoch ${manifest.epoch} after ${head?.epoch}`);
    } else {
      assert.equal(manifest.processId, head.processId, "one epoch has one process");
      assert.ok(manifest.checkpointId >= head.checkpointId, "ids rise");
    }
    this.effective.push(manifest);
    await this.checkNothingLost();
  }

  async checkNothingLost(): Promise<void> {
    const newest = this.newestComplete;
    const head = this.effective.at(-1);
    if (head !== undefined) assert.ok(await this.objects.stat(manifestKey(head.seq)), "the head is there");
    if (newest === null) return;
    assert.ok(await this.objects.stat(manifestKey(newest.seq)), `the newest complete manifest ${newest.seq} is there`);
    for (const file of newest.files)
      assert.ok(await this.objects.stat(file.key), `${file.key} of the newest manifest is there`);
  }
}

/** Holds each request of each actor until the schedule lets it through. */
class Schedule {
  private readonly waiting = new Map<number, ((fate: Fate) => void)[]>();
  /** An oracle's complaint is kept here: the code under test must not be able to swallow it. */
  failure: unknown = null;

  private readonly late: (() => Promise<unknown>)[] = [];
  private steps = 0;

  delay(act: () => Promise<unknown>): void {
    this.late.push(act);
  }

  async flushLate(): Promise<void> {
    for (const act of this.late.splice(0)) await act();
    if (this.failure !== null) throw this.failure;
  }

  gate(actor: number): Promise<Fate> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(actor) ?? [];
      queue.push(resolve);
      this.waiting.set(actor, queue);
    });
  }

  async step(actor: number, fate: Fate): Promise<void> {
    this.waiting.get(actor)?.shift()?.(fate);
    if (++this.steps % LATE_STEPS === 0) await this.late.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== null) throw this.failure;
  }
}

class GatedStore implements ObjectStore {
  readonly uri = "memory://model";
  private readonly oracle: Oracle;
  private readonly schedule: Schedule;
  private readonly actor: number;

  constructor(oracle: Oracle, schedule: Schedule, actor: number) {
    this.oracle = oracle;
    this.schedule = schedule;
    this.actor = actor;
  }

  read(key: string): Promise<Uint8Array | null> {
    return this.request(() => this.oracle.objects.read(key));
  }
  stat(key: string): ReturnType<ObjectStore["stat"]> {
    return this.request(() => this.oracle.objects.stat(key));
  }
  list(prefix: string): ReturnType<ObjectStore["list"]> {
    return this.request(() => this.oracle.objects.list(prefix));
  }
  put(key: string, body: Uint8Array): Promise<void> {
    return this.request(() => this.oracle.objects.put(key, body));
  }
  openWriter(): Promise<ObjectWriter> {
    throw new Error("not used here");
  }
  createIfAbsent(key: string, body: Uint8Array): Promise<"created" | "exists"> {
    return this.request(async () => {
      const outcome = await this.oracle.objects.createIfAbsent(key, body);
      if (outcome === "created") await this.observe(() => this.oracle.created(key, body));
      return outcome;
    });
  }
  removeUnfinished(): Promise<number> {
    return this.request(async () => 0);
  }
  delete(key: string): Promise<void> {
    return this.request(async () => {
      await this.oracle.objects.delete(key);
      await this.observe(() => this.oracle.checkNothingLost());
    });
  }

  private async observe(check: () => Promise<void>): Promise<void> {
    await check().catch((failure) => {
      this.schedule.failure ??= failure;
    });
  }

  private async request<T>(act: () => Promise<T>): Promise<T> {
    const fate = await this.schedule.gate(this.actor);
    if (fate === "request lost") throw new StreamError("STORE_UNAVAILABLE", "the request was lost");
    if (fate === "request late") {
      this.schedule.delay(act);
      throw new StreamError("STORE_UNAVAILABLE", "the request hangs");
    }
    const result = await act();
    if (fate === "response lost") throw new StreamError("STORE_UNAVAILABLE", "the response was lost");
    return result;
  }
}

async function untilAnswered<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== "STORE_UNAVAILABLE") throw error;
    }
  }
}

function assertRestoresNewest(oracle: Oracle, log: CheckpointLog, contents = log.contents): void {
  const decision = resolveRestore(contents, log.epoch, { sinksAllowReplay: false });
  if (decision.kind === "fenced") return;
  const fence = oracle.effective.find((manifest) => manifest.epoch === log.epoch);
  assert.ok(fence !== undefined, "a leader's fence counts");
  const mine = oracle.effective.filter((manifest) => manifest.epoch <= log.epoch && manifest.kind !== "fence");
  const newest = mine.at(-1);
  // Whoever was overtaken meanwhile reads a log that others changed; it is told at its next write.
  if (oracle.effective.at(-1)?.epoch !== log.epoch) return;
  assert.equal(decision.kind === "restore" ? decision.manifest.nonce : decision.kind, newest?.nonce ?? "none");
}

/** One JobManager: leads until it is overtaken or its rounds are done. */
async function jobManager(
  oracle: Oracle,
  store: ObjectStore,
  random: Random,
  rounds: number,
): Promise<CheckpointLog | null> {
  const claim = await untilAnswered(() =>
    claimEpoch(store, { processId: random.hex(16), jobId: JOB, random, clock: fixedClock }),
  );
  assert.ok(!oracle.claimed.has(claim.epoch), `epoch ${claim.epoch} has two holders`);
  oracle.claimed.add(claim.epoch);
  const fence = await untilAnswered(() => writeFence(claim, { jobName: "model" }));
  if (fence.kind === "fenced") return null;
  const { log } = fence;
  assertRestoresNewest(oracle, log);
  let id = log.lastCheckpointId;
  await untilAnswered(() => upload(log, id + 1));
  for (let round = 0; round < rounds; round++) {
    try {
      id++;
      await oneRound(oracle, log, id);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (error.code === "FENCED") break;
      assert.equal(error.code, "STORE_UNAVAILABLE");
      const choice = random.next();
      if (choice < 0.3) continue;
      if (choice < 0.6) {
        await untilAnswered(() => log.discard({ numRetained: NUM_RETAINED })).catch((failure) => {
          assert.equal(failure.code, "FENCED");
        });
        continue;
      }
      const contents = await untilAnswered(() => log.settle()).catch((failure) => {
        assert.equal(failure.code, "FENCED");
        assert.notEqual(oracle.effective.at(-1)?.epoch, log.epoch, "nobody is told fenced who leads");
        return null;
      });
      if (contents === null) break;
      assertRestoresNewest(oracle, log, contents);
    }
    if (log.fencedBy !== null) break;
  }
  return log;
}

/** Another incarnation that takes over: what it finds then is the job's last word (PRE1). */
async function successor(oracle: Oracle, store: ObjectStore, random: Random): Promise<null> {
  const options = { processId: random.hex(16), jobId: SUCCESSOR, random, clock: fixedClock, jobName: "model" };
  const { contents, epoch } = await untilAnswered(() => fencePredecessor(store, options));
  const decision = resolveRestore(contents, epoch, { sinksAllowReplay: false });
  const newest = decision.kind === "restore" ? decision.manifest.nonce : decision.kind;
  assert.equal(newest, oracle.newestComplete?.nonce ?? "none");
  return null;
}

/** Contents repeat: what an older checkpoint had and dropped comes again. */
function stateOf(log: CheckpointLog, id: number): OperatorState {
  return keyedOperator("count", dataFolder(log.epoch, id), `state ${id % 2} `);
}

async function upload(log: CheckpointLog, id: number): Promise<void> {
  for (const [subtask, { keyed }] of stateOf(log, id).subtasks.entries()) {
    await log.store.put(keyed?.files[0]?.file.key ?? "", new TextEncoder().encode(`state ${id % 2} ${subtask}`));
  }
}

/** Completes what is uploaded; the next checkpoint's uploads are there while this one's clean-up runs. */
async function oneRound(oracle: Oracle, log: CheckpointLog, id: number): Promise<void> {
  await untilAnswered(() => upload(log, id + 1));
  const outcome = await log.complete(draftOf(id, [stateOf(log, id)]));
  if (outcome.kind === "fenced") {
    assert.notEqual(oracle.effective.at(-1)?.epoch, log.epoch, "nobody is told fenced who leads");
    return;
  }
  const counted = oracle.effective.some((manifest) => manifest.nonce === outcome.manifest.nonce);
  assert.ok(counted, `checkpoint ${id} of epoch ${log.epoch} was called completed and does not count`);
  if (outcome.manifest.committables > 0) await log.markCommitted(outcome.manifest.seq);
  await log.discard({ numRetained: NUM_RETAINED });
}

function draftOf(checkpointId: number, operators: Manifest["operators"]) {
  return {
    kind: "checkpoint",
    checkpointId,
    triggeredMs: 1,
    completedMs: 2,
    storeUri: null,
    operators,
    committables: checkpointId % 2,
  } as const;
}

async function runModel(decisions: readonly Decision[], seed: number, successorAt: number | null): Promise<void> {
  const oracle = new Oracle();
  const schedule = new Schedule();
  const actors = [0, 1, 2, 3, 4];
  const logs: (CheckpointLog | null)[] = [];
  let running = actors.length;
  for (const actor of actors) {
    const store = new GatedStore(oracle, schedule, actor);
    const random = seededRandom(seed + actor);
    const act = actor === successorAt ? successor(oracle, store, random) : jobManager(oracle, store, random, 5);
    act
      .then((log) => logs.push(log))
      .catch((failure) => {
        schedule.failure ??= failure;
      })
      .finally(() => running--);
  }
  for (const { actor, burst, fate } of decisions) {
    for (let step = 0; step < burst; step++) await schedule.step(actor, step === burst - 1 ? fate : "works");
  }
  for (let turn = 0; running > 0; turn++) await schedule.step(actors[turn % actors.length] as number, "works");

  await schedule.flushLate();
  if (successorAt !== null) {
    const options = { processId: "late", jobId: JOB, random: seededRandom(seed), clock: fixedClock };
    const fence = await writeFence(await claimEpoch(oracle.objects, options), { jobName: "model" });
    assert.equal(fence.kind === "fenced" ? fence.by.successor : fence.kind, SUCCESSOR);
    return;
  }
  await finalChecks(oracle, seed, logs);
}

/** When all is quiet: the overtaken are told so, a new one finds the newest, and its clean-up leaves no garbage. */
async function finalChecks(oracle: Oracle, seed: number, logs: readonly (CheckpointLog | null)[]): Promise<void> {
  const random = seededRandom(seed + 99);
  const claim = await claimEpoch(oracle.objects, {
    processId: random.hex(16),
    jobId: JOB,
    random,
    clock: fixedClock,
  });
  const before = oracle.newestComplete;
  const fence = await writeFence(claim, { jobName: "model" });
  assert.ok(fence.kind === "ready");
  const restore = resolveRestore(fence.log.contents, claim.epoch, { sinksAllowReplay: false });
  assert.equal(restore.kind === "restore" ? restore.manifest.nonce : restore.kind, before?.nonce ?? "none");
  for (const log of logs) {
    if (log === null) continue;
    const schedule = log.store as GatedStore;
    const late = log.complete(draftOf(1_000_000, []));
    const outcome = await drive(schedule, late);
    assert.equal(outcome.kind, "fenced", `epoch ${log.epoch} is told that ${claim.epoch} leads`);
  }
  const operator = keyedOperator("count", dataFolder(claim.epoch, 2_000_000), "last ");
  for (const { keyed } of operator.subtasks)
    await oracle.objects.put(keyed?.files[0]?.file.key ?? "", new Uint8Array(keyed?.files[0]?.file.length ?? 0));
  assert.equal((await fence.log.complete(draftOf(2_000_000, [operator]))).kind, "completed");
  const { retained } = await fence.log.discard({ numRetained: NUM_RETAINED });
  const left = await readLog(oracle.objects);
  const fences = left.entries.filter((entry) => entry.kind === "manifest" && entry.manifest.kind === "fence");
  assert.deepEqual(
    fences.map((entry) => (entry.kind === "manifest" ? entry.manifest.epoch : -1)),
    [claim.epoch],
    "only the leader's own fence stays (RT2)",
  );
  assert.deepEqual(
    left.entries
      .filter((entry) => !fences.includes(entry))
      .map((entry) => entry.seq)
      .reverse(),
    retained,
  );
  const files = new Set(
    left.entries.flatMap((entry) => (entry.kind === "manifest" ? entry.manifest.files.map((file) => file.key) : [])),
  );
  assert.deepEqual(
    new Set((await oracle.objects.list("data/")).map((object) => object.key)),
    files,
    "no garbage, nothing missing",
  );
  assert.equal((await oracle.objects.list("epochs/")).length, 1);
}

async function drive<T>(store: GatedStore, promise: Promise<T>): Promise<T> {
  let done = false;
  const finished = promise.finally(() => {
    done = true;
  });
  while (!done) await store["schedule"].step(store["actor"], "works");
  return finished;
}

const decision = fc.record({
  actor: fc.nat(4),
  burst: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 60 })),
  fate: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("works") },
    { weight: 1, arbitrary: fc.constant<Fate>("request lost") },
    { weight: 2, arbitrary: fc.constant<Fate>("response lost") },
    { weight: 2, arbitrary: fc.constant<Fate>("request late") },
  ),
});
const decisions = fc.array(decision, { maxLength: 60, size: "max" });
const parameters = { endOnFailure: true, numRuns: Number(process.env["STREAMJOB_MODEL_RUNS"] ?? 150) };

describe("several JobManagers, stopped at any point,", () => {
  it("never count two epochs' manifests, never lose the newest, and tell the overtaken (EPO1, CL1 to CL5, RT1 to RT4)", async () => {
    await fc.assert(
      fc.asyncProperty(decisions, fc.nat(1_000_000), (plan, seed) => runModel(plan, seed, null)),
      parameters,
    );
  });

  it("write nothing that counts once another incarnation has taken over, which finds their last word (MA4, PRE1, PRE2)", async () => {
    await fc.assert(
      fc.asyncProperty(decisions, fc.nat(1_000_000), fc.nat(4), (plan, seed, at) => runModel(plan, seed, at)),
      parameters,
    );
  });
});
