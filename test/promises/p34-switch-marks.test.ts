/**
 * A switch to a new incarnation has one point of no return: the write of the status that names the new incarnation as the one that holds the
 * state (OPE3), and then the activation in its store. Before it, all that was noted for the switch is taken back with it; after it, nothing
 * leads back to the old incarnation.
 *
 * SWM1 What is held up is held up by what a real cluster holds up: an image that is not there, a question that is not answered, a folder that
 *     cannot be written.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { INCARNATION_LABEL, type StreamJobSpec, type StreamJobStatus } from "../../crds/index.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";
import { becomeStable, troubled } from "./troubles.ts";

const MISSING_IMAGE = "registry.example/word-count:typo";
const KINDS = ["StatefulSet", "Service", "ConfigMap", "Pod"] as const;

/** `<kind> <name> <uid>` of all that incarnations other than the active one have. */
async function leftovers(rig: Rig): Promise<readonly string[]> {
  const { active } = await rig.status();
  const lists = await Promise.all(
    KINDS.map(async (kind) =>
      (await rig.api.list(kind, { namespace: NAMESPACE })).items.map((item) => ({ kind, item })),
    ),
  );
  return lists.flat().flatMap(({ kind, item: { metadata } }) => {
    const number = metadata.labels?.[INCARNATION_LABEL];
    return number === undefined || number === String(active?.incarnation) ? [] : [`${kind} ${metadata.name}`];
  });
}

const podsOf = async (rig: Rig): Promise<readonly string[]> =>
  (await rig.pods()).map(({ metadata }) => `${metadata.name} ${metadata.uid}`).sort();

type Marks = Pick<NonNullable<StreamJobStatus["operation"]>, "operationId" | "triggerId" | "activationId" | "to">;

const marksOf = ({ operation }: StreamJobStatus): Marks => {
  assert.ok(operation !== undefined);
  const { operationId, triggerId, activationId, to } = operation;
  return { operationId, triggerId, activationId, to };
};

/** Nothing of the switch is left: in the status, among objects, in stores. */
async function assertTakenBack(rig: Rig, what: string): Promise<void> {
  await rig.ready();
  const { operation, active, failed } = await rig.status();
  assert.deepEqual([operation, active?.incarnation, failed], [undefined, 1, undefined], what);
  for (const type of ["UpgradeBlocked", "Stalled", "Reconciling", "RolledBack"]) {
    assert.equal((await rig.condition(type))?.status, "False", `${type} after it was given up in ${what}`);
  }
  await rig.until("what was made for the switch to go", async () => (await leftovers(rig)).length === 0);
  const activated = (await readStoreViews(rig.storeFolder(""))).filter(({ activation }) => activation !== null);
  assert.deepEqual(
    activated.map(({ jobId }) => jobId),
    [active?.jobId],
    "an incarnation that was given up was let run",
  );
  await rig.moreCheckpoints(1);
}

it("P-34 a switch that is given up before its commit point leaves no mark, in whatever step, and the next one has ids of its own", () =>
  withRig("s34", {}, async (rig) => {
    rig.images.missing.add(MISSING_IMAGE);
    const saves = rig.workspace.path("saves");
    const free = (): void => {
      rmSync(saves, { recursive: true, force: true });
      mkdirSync(saves);
      chmodSync(saves, 0o777); // pods have a user of their own
    };
    free();
    const spec: Partial<StreamJobSpec> = { savepoints: { path: saves } };
    await rig.apply(rig.manifest(spec));
    await rig.ready();
    const before = await podsOf(rig);
    const given: Marks[] = [];
    const giveUp = async (step: string): Promise<void> => {
      given.push(marksOf(await rig.status()));
      await rig.apply(rig.manifest(spec));
      await assertTakenBack(rig, step);
      assert.deepEqual(await podsOf(rig), before, `the old pods were touched in ${step}`);
    };
    const inStep = (step: string): Promise<void> =>
      rig.until(`step ${step}`, async () => (await rig.status()).operation?.step === step);

    await rig.apply(rig.manifest({ ...spec, image: MISSING_IMAGE }));
    await inStep("Standby");
    await rig.until("it to be blocked", async () => (await rig.condition("UpgradeBlocked"))?.status === "True");
    await giveUp("Standby");

    rig.relay.onCall(({ path }) => (path.endsWith("/preflight") ? "lose" : "pass"));
    await rig.apply(rig.manifest({ ...spec, parallelism: 1 }));
    await inStep("Preflight");
    await giveUp("Preflight");
    rig.relay.onCall(null);

    rmSync(saves, { recursive: true });
    writeFileSync(saves, "a file");
    await rig.apply(rig.manifest({ ...spec, parallelism: 3 }));
    await rig.until("the stop to fail", async () => ((await rig.status()).operation?.attempt ?? 0) >= 1);
    await giveUp("Stopping");
    const tried = rig.relay.triggerCount();

    free();
    await rig.apply(rig.manifest({ ...spec, parallelism: 3 }));
    await rig.ready();
    const { active, incarnations } = await rig.status();
    assert.ok(given.every(({ to }) => to !== active?.incarnation));
    assert.equal(active?.incarnation, incarnations);
    assert.equal(rig.relay.triggerCount(), tried + 1, "one savepoint for the switch that was made");
    assert.equal(new Set(given.map(({ activationId }) => activationId)).add(active?.activationId ?? "").size, 4);
    assert.equal(new Set(given.map(({ operationId }) => operationId)).size, 3);
    assert.equal(assertOneChain(await readStoreViews(rig.storeFolder("")), active?.jobId ?? "").length, 2);
    figure("P-34", "given up in 3 steps, 0 marks left; 1 switch made");
    await rig.assertExact();
  }));

it("P-34 behind its commit point a switch leads nowhere but on: the change taken back, the new version broken as soon as the old pods are gone", () =>
  withRig("s34-behind", {}, async (rig) => {
    await becomeStable(rig);
    const old = await rig.status();
    // Its pods come when the old ones are gone, and it never completes a checkpoint.
    await rig.apply(rig.manifest({ ...troubled(rig, "at-once"), upgrade: { standby: "cold" } }));
    await rig.until("the commit point", async () => (await rig.status()).active?.incarnation === 2);
    assert.deepEqual(
      (await rig.pods()).filter(({ metadata }) => metadata.name.startsWith("wc-1-")),
      [],
    );
    await rig.apply(rig.manifest());
    await rig.ready();
    const { active, incarnations } = await rig.status();
    assert.ok((active?.incarnation ?? 0) > 2, "the state went back to an incarnation that had given it away");
    assert.equal(active?.incarnation, incarnations);
    assert.deepEqual(await leftovers(rig), []);
    const stores = await readStoreViews(rig.storeFolder(""));
    const chain = assertOneChain(stores, active?.jobId ?? "");
    assert.equal(chain[0]?.jobId, old.jobId);
    assert.ok(chain[0]?.fencedBy !== null || chain[0].hasResult, "the old incarnation may run again");
    assert.equal(rig.relay.triggerCount(), 1, "one savepoint serves there and on");
    await rig.assertExact();
  }));

it("P-34 an incarnation takes one activation, ever: another one is refused with the one that counts, and so is one that was its predecessor's", () =>
  withRig("s34-activation", {}, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    const first = (await rig.status()).active?.activationId ?? "";
    const activate = async (number: number, activationId: string): Promise<string> => {
      const body = { activationId, from: { kind: "none" }, predecessors: [] };
      return (await rig.rest("/v1/streamjob/activation", { number, method: "PUT", body })) ?? "";
    };
    assert.match(await activate(1, "f".repeat(32)), new RegExp(first));
    await rig.apply(rig.manifest({ restartNonce: 1 }));
    await rig.ready();
    const second = (await rig.status()).active?.activationId ?? "";
    assert.notEqual(second, first);
    assert.match(await activate(2, first), new RegExp(second));
    await rig.moreCheckpoints(1);
    assert.equal((await rig.incarnation(2))?.activation?.activationId, second);
    await rig.assertExact();
  }));
