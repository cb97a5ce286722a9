/**
 * DL1 That nothing of the user's is deleted is shown by using it: the next StreamJob starts from the files that the deleted one left,
 *     and in the end the sink holds every line once.
 * DL2 A step is on record only if the operator looks while it lasts: one look may decide several. A job that takes no checkpoint by
 *     itself completes its first one only when the operator asks for it, which it does in Proving, after the record says so.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { it } from "node:test";
import type { OperationStep, StreamJobSpec, StreamJobStatus } from "../../crds/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { figure } from "./figures.ts";
import { newestLeft, storesIn } from "./left-state.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const KEY = { namespace: NAMESPACE, name: "wc" };
const CHILDREN = ["Pod", "StatefulSet", "Service", "ConfigMap", "ControllerRevision"] as const;

const root = (rig: Rig): string => rig.storeFolder("");

/** A real cluster has its own certificate in each namespace. */
const isOfNamespace = ({ metadata }: { readonly metadata: { readonly name: string } }): boolean =>
  metadata.name === "kube-root-ca.crt";

/** The object has gone, and everything of it that is not the user's. */
async function assertGone(rig: Rig): Promise<void> {
  await rig.until("the StreamJob to go", async () => (await rig.api.get("StreamJob", KEY)) === null);
  await rig.cluster.collected();
  for (const kind of CHILDREN) {
    await rig.until(`every ${kind} to go`, async () =>
      (await rig.api.list(kind, { namespace: NAMESPACE })).items.every(isOfNamespace),
    );
  }
}

const remove = (rig: Rig): Promise<void> => rig.api.delete("StreamJob", KEY);

/** The same job again, from what is left (DL1). */
async function goOn(rig: Rig, before: ReadonlySet<string>, spec: Partial<StreamJobSpec> = {}): Promise<void> {
  const path = await newestLeft(root(rig), before);
  rig.workspace.note(`goes on from ${path}`);
  await rig.apply(rig.manifest({ ...spec, ...(path === null ? {} : { restore: { path } }) }));
}

type Moment = { readonly kind: string; readonly step: OperationStep };

/** Calls back when a status with that step is in the API server, before the operator hears that it is. */
function whenWritten(onStep: (moment: Moment) => Promise<void>): (api: KubernetesApi) => KubernetesApi {
  return (api) => ({
    ...api,
    updateStatus: async (kind, object, options) => {
      const written = await api.updateStatus(kind, object, options);
      const operation = (object as { readonly status?: Partial<StreamJobStatus> }).status?.operation;
      if (kind === "StreamJob" && operation !== undefined) await onStep(operation);
      return written;
    },
  });
}

/** Deletions that come in each step of an operation; each of them with or without a savepoint. */
async function deleteInSteps(
  rig: Rig,
  { arm, isOver }: Pick<ReturnType<typeof armed>, "arm" | "isOver">,
  moments: readonly (Moment & { readonly spec: Partial<StreamJobSpec> })[],
): Promise<void> {
  for (const [place, { kind, step, spec }] of moments.entries()) {
    const before = new Set<string>();
    const wanted = { ...spec, deletion: { savepoint: place % 2 === 0, savepointTimeout: "5s" } };
    const isFirst = kind === "deploy";
    if (isFirst) arm({ kind, step });
    await goOn(rig, before, wanted);
    if (!isFirst) {
      await rig.ready();
      arm({ kind, step });
      await rig.apply(rig.manifest({ ...wanted, restartNonce: `${kind}-${step}` }));
    }
    await rig.until(`step ${step} of ${kind} to be written, and the deletion in it`, isOver);
    rig.workspace.note(`deleted in ${step} of ${kind}`);
    await assertGone(rig);
    rig.assertUnbroken();
  }
}

/** A deletion in the next step that is such a moment; `isOver`: it was sent. */
function armed() {
  let wanted: Moment | null = null;
  let isDeleted = false;
  const arm = (moment: Moment): void => {
    wanted = moment;
    isDeleted = false;
  };
  const onStep = async (api: KubernetesApi, { kind, step }: Moment): Promise<void> => {
    if (wanted === null || wanted.kind !== kind || wanted.step !== step) return;
    wanted = null;
    await api.delete("StreamJob", KEY);
    isDeleted = true;
  };
  return { arm, onStep, isOver: () => isDeleted };
}

/** DL2 */
const PROVED_BY_OPERATOR: Partial<StreamJobSpec> = { checkpoints: { interval: "1h" } };

for (const [what, kind, spec, steps] of [
  ["a deployment", "deploy", {}, ["Standby", "Activating", "Proving"]],
  ["an upgrade", "upgrade", {}, ["Standby", "Preflight", "Stopping", "Activating", "Proving"]],
  ["a cold upgrade", "upgrade", { upgrade: { standby: "cold" } }, ["Stopping", "Terminating", "Standby", "Activating"]],
] as const) {
  it(`P-29 a deletion in any step of ${what} finishes and leaves all state`, () => {
    const { arm, isOver, onStep } = armed();
    let people: KubernetesApi | null = null;
    const operatorApi = whenWritten(async (moment) => {
      if (people !== null) await onStep(people, moment);
    });
    return withRig("s29-steps", { operatorApi }, async (rig) => {
      people = rig.api;
      await deleteInSteps(
        rig,
        { arm, isOver },
        steps.map((step) => ({ kind, step, spec: step === "Proving" ? { ...spec, ...PROVED_BY_OPERATOR } : spec })),
      );
      await goOn(rig, new Set());
      await rig.ready();
      await rig.assertExact();
    });
  });
}

it("P-29 a deletion finishes when the JobManager dies again and again, or stands still, and leaves all state", () =>
  withRig("s29-dead", {}, async (rig) => {
    const spec = {
      deletion: { savepoint: true, savepointTimeout: "2s" },
      jobManager: { podTemplate: { spec: { terminationGracePeriodSeconds: 1 } } },
    } as const;
    await rig.apply(rig.manifest(spec));
    await rig.ready();
    await rig.moreCheckpoints(1);
    const pid = await rig.pid("jobmanager-0");
    assert.ok(pid !== null);
    process.kill(pid, "SIGSTOP");
    await remove(rig);
    await assertGone(rig);

    await goOn(rig, new Set(), spec);
    await rig.ready();
    await rig.moreCheckpoints(1);
    rig.images.startNone(true);
    await rig.kill("jobmanager-0");
    await remove(rig);
    await assertGone(rig);
    rig.images.startNone(false);

    await goOn(rig, new Set(), spec);
    await rig.ready();
    await rig.assertExact();
  }));

it("P-29 a deletion finishes with a lost status, with an invalid spec, and when the operator was away, and leaves all state", () =>
  withRig("s29-odd", { withOperator: false, withRules: false }, async (rig) => {
    const first = await rig.startOperator();
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.moreCheckpoints(1);
    await first.stop();
    await rig.api.updateStatus("StreamJob", { ...(await rig.job()), status: {} });
    await remove(rig);
    await rig.api.list("StreamJob", { namespace: NAMESPACE });
    assert.notEqual(await rig.api.get("StreamJob", KEY), null, "it waits for an operator");
    const second = await rig.startOperator();
    await assertGone(rig);

    await goOn(rig, new Set());
    await rig.ready();
    await rig.moreCheckpoints(1);
    const { job } = rig.manifest().spec;
    await rig.apply(rig.manifest({ job: { ...job, configMap: { name: "job", key: "job.ts" } } }));
    await rig.until("the spec to be refused", async () => (await rig.condition("Stalled"))?.reason === "InvalidSpec");
    await remove(rig);
    await assertGone(rig);
    await second.stop();

    const third = await rig.startOperator();
    await goOn(rig, new Set(), { deletion: { savepoint: true } });
    await rig.ready();
    await third.stop();
    await remove(rig);
    await rig.moreLines(); // the job runs on until somebody is there
    const fourth = await rig.startOperator();
    await assertGone(rig);
    assert.equal((await rig.api.list("StreamJobSnapshot", { namespace: NAMESPACE })).items.length <= 1, true);

    await goOn(rig, new Set());
    await rig.ready();
    await rig.assertExact();
    await fourth.stop();
  }));

/** A savepoint of a job at rest: its files go with its object, though no JobManager is there. */
async function disposeAtRest(rig: Rig, spec: Partial<StreamJobSpec>): Promise<void> {
  const key = { namespace: NAMESPACE, name: "by-hand" };
  await rig.api.create("StreamJobSnapshot", {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJobSnapshot",
    metadata: key,
    spec: { jobRef: { name: "wc" } },
  });
  const taken = async () => (await rig.api.get("StreamJobSnapshot", key))?.status;
  await rig.until("a savepoint", async () => (await taken())?.phase === "Completed");
  const folder = (await taken())?.location?.replace(/^file:\/\//, "") ?? "";
  assert.ok(existsSync(folder));
  await rig.apply(rig.manifest({ ...spec, state: "suspended" }));
  await rig.until("the job to rest", async () => (await rig.status()).phase === "Suspended");
  await rig.api.delete("StreamJobSnapshot", key);
  await rig.until("its object to go", async () => (await rig.api.get("StreamJobSnapshot", key)) === null);
  assert.equal(existsSync(folder), false);
}

it("P-29 checkpoints are deleted with the StreamJob only when that is asked for, and then those of all incarnations", () =>
  withRig("s29-asked", {}, async (rig) => {
    for (const keepState of [true, false]) {
      const before = new Set(storesIn(root(rig)));
      await rig.apply(rig.manifest({ deletion: { keepState } }));
      await rig.ready();
      const { lastCheckpoint } = await rig.status();
      assert.ok(lastCheckpoint !== undefined);
      if (!keepState) {
        await rig.apply(rig.manifest({ deletion: { keepState }, restartNonce: "2" }));
        await rig.until("a second incarnation", async () => (await rig.status()).incarnation === 2);
        await rig.ready();
        await disposeAtRest(rig, { deletion: { keepState }, restartNonce: "2" });
      }
      await remove(rig);
      await assertGone(rig);
      assert.equal(storesIn(root(rig)).filter((name) => !before.has(name)).length, keepState ? 1 : 0);
      const left = await newestLeft(root(rig), before);
      assert.equal(left !== null, keepState, `left behind: ${left}`);
      if (keepState) assert.ok(existsSync(left?.replace(/^file:\/\//, "") ?? ""));
    }
    figure("P-29", "deleted in 12 steps and 6 other states, all state left");
  }));
