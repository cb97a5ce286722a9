import assert from "node:assert/strict";
import { it } from "node:test";
import type { Condition, StreamJob } from "../../crds/index.ts";
import { isApiError, type KubernetesApi, managedFieldsOf } from "../../operator/kubernetes/api/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";

const KEY = { namespace: NAMESPACE, name: "wc" };
const AUDIT = "Audited";
const OPERATOR = "streamjob-operator";

/** Another writer of the status, who has a condition of his own: his last word there is `count`. */
class Auditor {
  count = 0;
  /** Writes of the operator in whose way he was. */
  readonly refused: string[] = [];
  /** The operator's writes that took away what he had written. */
  readonly clobbered: string[] = [];
  /** The API server as he sees it. */
  api: KubernetesApi | null = null;
  #writes = 0;

  /** What the operator is given: right before every other of its status writes the auditor writes, and before it reads anew. */
  readonly between = (api: KubernetesApi): KubernetesApi => {
    const updateStatus: KubernetesApi["updateStatus"] = async (kind, object, options) => {
      const isDisturbed = kind === "StreamJob" && ++this.#writes % 2 === 1;
      if (isDisturbed) await this.write();
      try {
        const written = await api.updateStatus(kind, object, options);
        if (kind === "StreamJob") this.#check(written as StreamJob);
        return written;
      } catch (error) {
        // Without an answer in time nobody knows whether it was refused.
        const isAnswered = !isApiError(error, "Timeout", "Unavailable");
        if (isDisturbed && isAnswered) this.refused.push(isApiError(error, "Conflict") ? "Conflict" : String(error));
        throw error;
      }
    };
    const readAnew: KubernetesApi["get"] = async (kind, key, options) => {
      if (kind === "StreamJob") await this.write();
      return api.get(kind, key, options);
    };
    return new Proxy(api, {
      get(target, name) {
        if (name === "updateStatus") return updateStatus;
        if (name === "get") return readAnew;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };

  async write(): Promise<void> {
    assert.ok(this.api !== null);
    const { status, ...job } = (await this.api.get("StreamJob", KEY)) ?? assert.fail("there is no StreamJob");
    const conditions = ((status?.conditions ?? []) as readonly Condition[]).filter(({ type }) => type !== AUDIT);
    const audited: Condition = {
      type: AUDIT,
      status: "True",
      reason: "Seen",
      message: String(++this.count),
      lastTransitionTime: "2031-04-01T12:00:00Z",
      observedGeneration: 1,
    };
    const changed = { ...status, conditions: [...conditions, audited] } as NonNullable<StreamJob["status"]>;
    await this.api.updateStatus("StreamJob", { ...job, status: changed });
  }

  #check(written: StreamJob): void {
    const conditions = (written.status?.conditions ?? []) as readonly Condition[];
    const shown = conditions.find(({ type }) => type === AUDIT)?.message ?? "nothing";
    if (this.count > 0 && shown !== String(this.count)) this.clobbered.push(`${shown} instead of ${this.count}`);
  }
}

/** The spec is what was applied, and the operator has no part in it. */
async function assertSpecUntouched(rig: Rig, applied: StreamJob): Promise<void> {
  const job = await rig.job();
  assert.deepEqual(job.spec, applied.spec);
  assert.equal(job.metadata.generation, applied.metadata.generation);
  const ofOperator = managedFieldsOf(job).filter(({ manager }) => manager === OPERATOR);
  assert.ok(ofOperator.length > 0);
  for (const { fieldsV1 } of ofOperator) assert.ok(!("f:spec" in fieldsV1), JSON.stringify(fieldsV1));
}

it("P-22 a status that somebody else wrote meanwhile is never overwritten: the operator's write is refused, and it decides anew", () => {
  const auditor = new Auditor();
  return withRig("s22", { operatorApi: auditor.between, withOperator: false }, async (rig) => {
    auditor.api = rig.cluster.apiAs("auditor");
    let applied = await rig.apply(rig.manifest());
    await rig.startOperator();
    await rig.ready();
    await assertSpecUntouched(rig, applied);
    applied = await rig.apply(rig.manifest({ parallelism: 1 }));
    await rig.ready();
    await assertSpecUntouched(rig, applied);
    applied = await rig.apply(rig.manifest({ parallelism: 1, state: "suspended" }));
    await rig.phase("Suspended");
    applied = await rig.apply(rig.manifest({ parallelism: 3 }));
    await rig.ready();
    await assertSpecUntouched(rig, applied);
    assert.ok(auditor.refused.length >= 5, `${auditor.refused.length} writes were in each other's way`);
    assert.deepEqual([...new Set(auditor.refused)], ["Conflict"]);
    assert.deepEqual(auditor.clobbered, []);
    figure("P-22", `${auditor.refused.length} status writes crossed, 0 overwritten`);
    await rig.assertExact();
    assert.equal((await rig.condition(AUDIT))?.message, String(auditor.count));
  });
});

it("P-22 two operators at once, with no election between them, make one incarnation and one savepoint per change", () =>
  withRig("s22-two", { withOperator: false }, async (rig) => {
    rig.runOperator();
    rig.runOperator();
    let applied = await rig.apply(rig.manifest());
    await rig.ready();
    for (const parallelism of [1, 3, 2]) {
      applied = await rig.apply(rig.manifest({ parallelism }));
      await rig.ready();
    }
    await assertSpecUntouched(rig, applied);
    const { jobId = "", incarnations } = await rig.status();
    assert.deepEqual([incarnations, rig.relay.triggerCount()], [4, 3]);
    assert.equal(assertOneChain(await readStoreViews(rig.storeFolder("")), jobId).length, 4);
    await rig.assertExact();
  }));
