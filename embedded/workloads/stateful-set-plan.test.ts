import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Pod, StatefulSet } from "../../operator/kubernetes/api/index.ts";
import { planStatefulSet, type StatefulSetAction } from "./stateful-set-plan.ts";

type SetOptions = {
  replicas?: number;
  policy?: "OrderedReady" | "Parallel";
  strategy?: "RollingUpdate" | "OnDelete";
  image?: string;
  isGoing?: boolean;
};

function buildSet(options: SetOptions = {}): StatefulSet {
  const labels = { app: "wc" };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: {
      namespace: "prod",
      name: "wc",
      uid: "set-1",
      generation: 3,
      ...(options.isGoing === true ? { deletionTimestamp: "2030-01-01T00:00:00Z" } : {}),
    },
    spec: {
      replicas: options.replicas ?? 3,
      serviceName: "wc",
      podManagementPolicy: options.policy ?? "Parallel",
      selector: { matchLabels: labels },
      updateStrategy: { type: options.strategy ?? "RollingUpdate" },
      template: {
        metadata: { labels, annotations: { a: "b" } },
        spec: { containers: [{ name: "main", image: options.image ?? "v1" }] },
      },
    },
  };
}

/** A cluster that does what it is told, slowly: steps of its own are taken by `settle`. */
class World {
  readonly pods = new Map<string, Pod>();
  taken = new Set<string>();
  #uids = 0;

  plan(set: StatefulSet): readonly StatefulSetAction[] {
    const pods = [...this.pods.values()];
    return planStatefulSet({ set, pods, isTaken: (name) => this.taken.has(name) }).actions;
  }

  apply(actions: readonly StatefulSetAction[]): void {
    for (const action of actions) {
      const { name } = action.pod.metadata;
      if (action.kind === "create") {
        assert.ok(!this.pods.has(name), "at most one pod of a name (SSP1)");
        this.change({ ...action.pod, metadata: { ...action.pod.metadata, uid: `pod-${this.#uids++}` } });
      } else {
        this.change({ ...action.pod, metadata: { ...action.pod.metadata, deletionTimestamp: "2030-01-01T00:00:00Z" } });
      }
    }
  }

  change(pod: Pod): void {
    this.pods.set(pod.metadata.name, pod);
  }

  setPhase(name: string, phase: "Running" | "Failed", isReady = true): void {
    const pod = this.pods.get(name);
    assert.ok(pod !== undefined);
    const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
    this.change({ ...pod, status: { phase, conditions } });
  }

  /** Going pods go, others become ready. */
  settle(names: readonly string[] = [...this.pods.keys()]): void {
    for (const name of names) {
      if (this.pods.get(name)?.metadata.deletionTimestamp !== undefined) this.pods.delete(name);
      else this.setPhase(name, "Running");
    }
  }

  converge(set: StatefulSet): number {
    for (let round = 0; round < 50; round++) {
      this.settle();
      const actions = this.plan(set);
      if (actions.length === 0) return round;
      this.apply(actions);
    }
    assert.fail("it does not come to rest");
  }
}

const brief = (actions: readonly StatefulSetAction[]): string[] =>
  actions.map((action) => `${action.kind} ${action.pod.metadata.name}`);

test("a Parallel set makes all its pods at once, an OrderedReady one each after the other is ready (SSP2)", () => {
  assert.deepEqual(brief(new World().plan(buildSet())), ["create wc-0", "create wc-1", "create wc-2"]);
  const set = buildSet({ policy: "OrderedReady" });
  const world = new World();
  assert.deepEqual(brief(world.plan(set)), ["create wc-0"]);
  world.apply(world.plan(set));
  assert.deepEqual(brief(world.plan(set)), []);
  world.settle();
  assert.deepEqual(brief(world.plan(set)), ["create wc-1"]);
});

test("a pod carries what StatefulSets promise of it", () => {
  const [action] = new World().plan(buildSet());
  assert.ok(action?.kind === "create");
  const { metadata, spec } = action.pod;
  assert.equal(metadata.labels?.["app"], "wc");
  assert.equal(metadata.labels?.["statefulset.kubernetes.io/pod-name"], "wc-0");
  assert.equal(metadata.labels?.["apps.kubernetes.io/pod-index"], "0");
  assert.match(metadata.labels?.["controller-revision-hash"] ?? "", /^wc-[0-9a-f]{10}$/);
  assert.deepEqual(metadata.annotations, { a: "b" });
  assert.deepEqual(metadata.ownerReferences, [
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      name: "wc",
      uid: "set-1",
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  assert.equal(spec.hostname, "wc-0");
  assert.equal(spec.subdomain, "wc");
});

test("a pod that is going, or a stranger of its name, is waited for (SSP1)", () => {
  const world = new World();
  world.converge(buildSet());
  const pod = world.pods.get("wc-1");
  assert.ok(pod !== undefined);
  world.apply([{ kind: "delete", pod, reason: "ended" }]);
  assert.deepEqual(brief(world.plan(buildSet())), []);
  world.pods.delete("wc-1");
  assert.deepEqual(brief(world.plan(buildSet())), ["create wc-1"]);
  world.taken.add("wc-1");
  assert.deepEqual(brief(world.plan(buildSet())), []);
});

test("a failed pod is deleted, and made again only when it is gone", () => {
  const world = new World();
  world.converge(buildSet());
  world.setPhase("wc-1", "Failed");
  const actions = world.plan(buildSet());
  assert.deepEqual(brief(actions), ["delete wc-1"]);
  world.apply(actions);
  assert.deepEqual(brief(world.plan(buildSet())), []);
  world.settle(["wc-1"]);
  assert.deepEqual(brief(world.plan(buildSet())), ["create wc-1"]);
});

test("scaling down takes the highest pods first", () => {
  for (const [policy, expected] of [
    ["Parallel", ["delete wc-2", "delete wc-1"]],
    ["OrderedReady", ["delete wc-2"]],
  ] as const) {
    const world = new World();
    world.converge(buildSet({ policy }));
    assert.deepEqual(brief(world.plan(buildSet({ policy, replicas: 1 }))), expected, policy);
    world.converge(buildSet({ policy, replicas: 1 }));
    assert.deepEqual([...world.pods.keys()], ["wc-0"]);
  }
});

test("a changed template replaces one pod after the other from the highest, and not while one is unready", () => {
  const world = new World();
  world.converge(buildSet());
  const next = buildSet({ image: "v2" });
  const order: string[] = [];
  for (let i = 0; i < 12; i++) {
    const actions = world.plan(next);
    order.push(...brief(actions));
    world.apply(actions);
    const going = [...world.pods.values()].filter((pod) => pod.metadata.deletionTimestamp !== undefined);
    assert.ok(going.length <= 1);
    world.settle();
  }
  const expected = ["delete wc-2", "create wc-2", "delete wc-1", "create wc-1", "delete wc-0", "create wc-0"];
  assert.deepEqual(order, expected);

  world.setPhase("wc-2", "Running", false);
  assert.deepEqual(brief(world.plan(buildSet({ image: "v3" }))), ["delete wc-2"], "an unready old one may go");
  world.converge(buildSet({ image: "v3" }));
  world.setPhase("wc-2", "Running", false);
  const half = buildSet({ image: "v3" });
  const [old] = [...world.pods.values()].filter((pod) => pod.metadata.name === "wc-0");
  assert.ok(old !== undefined);
  world.change({
    ...old,
    metadata: { ...old.metadata, labels: { ...old.metadata.labels, "controller-revision-hash": "x" } },
  });
  assert.deepEqual(brief(world.plan(half)), [], "an unready new one is waited for");
});

test("OnDelete replaces nothing by itself, and makes what was deleted of the new template", () => {
  const world = new World();
  world.converge(buildSet({ strategy: "OnDelete" }));
  const next = buildSet({ strategy: "OnDelete", image: "v2" });
  assert.deepEqual(brief(world.plan(next)), []);
  world.pods.delete("wc-0");
  world.converge(next);
  assert.equal(world.pods.get("wc-0")?.spec.containers[0]?.image, "v2");
  assert.equal(world.pods.get("wc-1")?.spec.containers[0]?.image, "v1");
});

test("a set that is being deleted does nothing (SSP3)", () => {
  const world = new World();
  assert.deepEqual(planStatefulSet({ set: buildSet({ isGoing: true }), pods: [], isTaken: () => false }), {
    actions: [],
    status: null,
  });
  world.converge(buildSet());
  assert.deepEqual(brief(world.plan(buildSet({ isGoing: true, replicas: 0 }))), []);
});

test("the status counts pods, and is not written when it is there", () => {
  const world = new World();
  world.converge(buildSet());
  world.setPhase("wc-1", "Running", false);
  const set = buildSet();
  const { status } = planStatefulSet({ set, pods: [...world.pods.values()], isTaken: () => false });
  assert.deepEqual(status, { observedGeneration: 3, replicas: 3, readyReplicas: 2, updatedReplicas: 3 });
  const after = planStatefulSet({
    set: { ...set, status: status ?? {} },
    pods: [...world.pods.values()],
    isTaken: () => false,
  });
  assert.equal(after.status, null);
});

test("the order of a template's members is no change", () => {
  const set = buildSet();
  const world = new World();
  world.converge(set);
  const { metadata, spec } = set.spec.template;
  const turned = {
    spec: { containers: spec.containers.map(({ name, image }) => ({ image, name })) },
    metadata: metadata ?? {},
  };
  assert.deepEqual(brief(world.plan({ ...set, spec: { ...set.spec, template: turned } })), []);
});

test("whatever happens in between, a set comes to rest with its pods, all of the newest template", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("resize" as const), replicas: fc.nat(5) }),
    fc.record({ kind: fc.constant("image" as const), image: fc.constantFrom("v1", "v2", "v3") }),
    fc.record({ kind: fc.constantFrom("vanish" as const, "fail" as const, "settle" as const), ordinal: fc.nat(5) }),
  );
  const policy = fc.constantFrom("Parallel" as const, "OrderedReady" as const);
  fc.assert(
    fc.property(policy, fc.array(step, { maxLength: 20 }), (podPolicy, steps) => {
      const world = new World();
      let options: SetOptions = { policy: podPolicy };
      for (const each of steps) {
        if (each.kind === "resize") options = { ...options, replicas: each.replicas };
        else if (each.kind === "image") options = { ...options, image: each.image };
        else {
          const name = `wc-${each.ordinal}`;
          if (each.kind === "vanish") world.pods.delete(name);
          else if (world.pods.has(name) && each.kind === "fail") world.setPhase(name, "Failed");
          else if (world.pods.has(name)) world.settle([name]);
        }
        world.apply(world.plan(buildSet(options)));
      }
      const set = buildSet(options);
      world.converge(set);
      const names = Array.from({ length: options.replicas ?? 3 }, (_, ordinal) => `wc-${ordinal}`);
      assert.deepEqual([...world.pods.keys()].toSorted(), names);
      for (const pod of world.pods.values()) assert.equal(pod.spec.containers[0]?.image, options.image ?? "v1");
    }),
  );
});
