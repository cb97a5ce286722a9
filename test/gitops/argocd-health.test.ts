/**
 * Argo CD's health of our kinds: the scripts of examples/gitops/argocd, run by Argo CD's own Lua on every status that the operator writes in
 * a number of jobs' lives. What Argo CD says must be what Flux, Helm 4 and kubectl say by the conditions.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { StreamJob, StreamJobSnapshot, StreamJobSpec } from "../../crds/index.ts";
import { SimulatedWorld, specOf } from "../../operator/reconcile/simulated-world.test-support.ts";
import { gluaBinary, testBinary } from "../environment/index.ts";
import { isReadyToKubectl, kstatus } from "../promises/kstatus.ts";
import { type Health, healthOf } from "./lua.ts";

const glua = await testBinary(gluaBinary);
const folder = fileURLToPath(new URL("../../examples/gitops/argocd/", import.meta.url));
const script = (kind: string): string => readFileSync(`${folder}health/${kind.toLowerCase()}.lua`, "utf8");

type Life = {
  readonly spec: StreamJobSpec;
  readonly lives: (world: SimulatedWorld, run: (ms: number) => void) => void;
};
const upgrade: NonNullable<StreamJobSpec["upgrade"]> = { stability: { window: "3s" }, deployTimeout: "20s" };
const good = specOf("good", 1, { upgrade });

const jobs: Readonly<Record<string, Life>> = {
  "is upgraded, suspended, resumed and deleted": {
    spec: good,
    lives: (world, run) => {
      for (const change of [
        specOf("good", 2, { upgrade }),
        { state: "suspended" as const },
        { state: "running" as const },
      ]) {
        world.patch((old) => ({ ...old, ...change }));
        run(60_000);
      }
      world.delete();
      run(10_000);
    },
  },
  "gets a version that fails, and is rolled back": {
    spec: good,
    lives: (world, run) => {
      world.patch(() => specOf("fail-early", 2, { upgrade: { ...upgrade, standby: "cold" } }));
      run(120_000);
    },
  },
  "gets a version that does not load": {
    spec: good,
    lives: (world, run) => {
      world.patch(() => specOf("refuse", 2, { upgrade }));
      run(60_000);
    },
  },
  "gets an invalid spec": {
    spec: good,
    lives: (world, run) => {
      world.patch((old) => ({ ...old, upgrade: { stability: { window: "no duration" } } }));
      run(20_000);
    },
  },
  "waits for approval": {
    spec: { ...good, upgrade: { ...upgrade, approval: "manual" } },
    lives: (world, run) => {
      world.patch((old) => ({ ...old, ...specOf("good", 2) }));
      run(20_000);
    },
  },
  "is paused and changed": {
    spec: good,
    lives: (world, run) => {
      world.annotate({ "streamjob.dev/paused": "true" });
      run(5000);
      world.patch((old) => ({ ...old, parallelism: 2 }));
      run(20_000);
    },
  },
  "finishes by itself": { spec: specOf("finish"), lives: (_world, run) => run(60_000) },
  "fails for good": {
    spec: specOf("fail-late", 1, { recovery: { onFailed: "never" } }),
    lives: (_world, run) => run(60_000),
  },
  "does not load at all": { spec: specOf("refuse"), lives: (_world, run) => run(60_000) },
};

/** The object as it was before each look, each different one once. */
function seenIn({ spec, lives }: Life): StreamJob[] {
  const world = new SimulatedWorld(spec);
  const seen = new Map<string, StreamJob>();
  const note = (): void => {
    if (world.job !== null) seen.set(JSON.stringify(world.job), world.job);
  };
  const run = (ms: number): void => {
    note();
    world.run(ms, () => {
      note();
      return world.job === null;
    });
    note();
  };
  run(30_000);
  lives(world, run);
  return [...seen.values()];
}

const conditionOf = ({ status }: StreamJob, type: string) => status?.conditions?.find((one) => one.type === type);

/** What Argo CD is to show. */
function expectedOf(job: StreamJob): string {
  if (job.metadata.deletionTimestamp !== undefined) return "Progressing";
  if (conditionOf(job, "Paused")?.status === "True") return "Suspended";
  const verdict = kstatus(job);
  if (verdict === "Failed") return "Degraded";
  // Without a status kstatus has nothing to go by; the definition's default of observedGeneration helps it on a server.
  if (verdict === "Current" && isReadyToKubectl(job)) return "Healthy";
  return conditionOf(job, "Ready")?.reason === "AwaitingApproval" &&
    job.status?.observedGeneration === job.metadata.generation
    ? "Suspended"
    : "Progressing";
}

describe("Argo CD's health", { skip: glua.skip }, () => {
  const seen = new Map<string, readonly StreamJob[]>();
  const said = new Map<string, readonly Health[]>();

  before(async () => {
    for (const [name, life] of Object.entries(jobs)) {
      const objects = seenIn(life);
      seen.set(name, objects);
      said.set(name, await healthOf(glua.path(), script("StreamJob"), objects));
    }
  });

  for (const [name, last] of [
    ["gets a version that fails, and is rolled back", "Degraded"],
    ["gets a version that does not load", "Degraded"],
    ["gets an invalid spec", "Degraded"],
    ["waits for approval", "Suspended"],
    ["is paused and changed", "Suspended"],
    ["finishes by itself", "Healthy"],
    ["fails for good", "Degraded"],
    ["does not load at all", "Degraded"],
    ["is upgraded, suspended, resumed and deleted", "Progressing"],
  ] as const) {
    it(`of a job that ${name} agrees with its conditions, and is ${last} in the end`, () => {
      const objects = seen.get(name) ?? [];
      const healths = said.get(name) ?? [];
      assert.ok(objects.length > 3, `only ${objects.length} different objects`);
      assert.deepEqual(
        healths.map(({ status }) => status),
        objects.map(expectedOf),
      );
      assert.equal(healths.at(-1)?.status, last);
      // Whoever has to act is told what to do.
      for (const { status, message } of healths) if (status !== "Healthy") assert.notEqual(message, "", status);
    });
  }

  it("was asked about every phase that there is", () => {
    const phases = new Set([...seen.values()].flat().map(({ status }) => status?.phase ?? "Pending"));
    const all = ["Pending", "Deploying", "Running", "Upgrading", "RollingBack", "Suspending", "Suspended", "Finished"];
    assert.deepEqual(
      [...all, "Failed", "Deleting", "Stalled"].filter((phase) => !phases.has(phase as never)),
      [],
    );
  });

  it("of a job that the operator has not seen is Progressing, with the definition's default too", async () => {
    const job = {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc", generation: 1 },
      spec: good,
    };
    for (const object of [job, { ...job, status: { observedGeneration: -1 } }])
      assert.equal((await healthOf(glua.path(), script("StreamJob"), [object]))[0]?.status, "Progressing");
  });

  it("of a snapshot follows its phase", async () => {
    const snapshots = ["Pending", "InProgress", "Completed", "Failed"].map((phase) => ({
      metadata: {},
      status: { phase },
    }));
    const healths = await healthOf(glua.path(), script("StreamJobSnapshot"), [{ metadata: {} }, ...snapshots]);
    const expected = ["Progressing", "Progressing", "Progressing", "Healthy", "Degraded"];
    assert.deepEqual(
      healths.map(({ status }) => status),
      expected,
    );
  });

  it("of a snapshot agrees with its conditions, from when its savepoint is taken", async () => {
    const world = new SimulatedWorld(good, { savepointMs: 3000, failingSavepoints: 1 });
    world.run(30_000);
    const objects = new Map<string, StreamJobSnapshot>();
    const note = (): boolean => {
      for (const one of world.snapshots.all) if (one.status !== undefined) objects.set(JSON.stringify(one), one);
      return false;
    };
    for (const name of ["fails", "is-taken"]) {
      world.createSnapshot(name);
      world.run(10_000, note);
    }
    world.delete();
    world.run(10_000, note);
    const health = { InProgress: "Progressing", Current: "Healthy", Failed: "Degraded", Terminating: "Progressing" };
    const healths = await healthOf(glua.path(), script("StreamJobSnapshot"), [...objects.values()]);
    const expected = [...objects.values()].map((one) => health[kstatus(one)]);
    assert.deepEqual(
      healths.map(({ status }) => status),
      expected,
    );
    assert.deepEqual(new Set(expected), new Set(["Progressing", "Healthy", "Degraded"]));
  });

  it("is in argocd-cm-patch.yaml as it lies beside it", () => {
    const { data } = parse(readFileSync(`${folder}argocd-cm-patch.yaml`, "utf8")) as { readonly data: object };
    assert.deepEqual(data, {
      "resource.customizations.health.streamjob.dev_StreamJob": script("StreamJob"),
      "resource.customizations.health.streamjob.dev_StreamJobSnapshot": script("StreamJobSnapshot"),
    });
  });
});
