import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type StreamJob, type StreamJobSpec, type StreamJobStatus, withDefaults } from "../../crds/index.ts";
import { changeCosts, revisionHash, specChecks } from "../../operator/reconcile/index.ts";
import { revisionName } from "../../operator/engine/index.ts";
import { outlookOf, outlookOfNew } from "./change-outlook.ts";
import { activeOf, operationOf, statusWith } from "./command-rig.test-support.ts";
import { diffSpecs } from "./spec-diff.ts";

const spec = (parts: Partial<StreamJobSpec> = {}): StreamJobSpec => ({ job: { module: "/wc.ts" }, ...parts });
const rows = (from: StreamJobSpec, to: StreamJobSpec): string[] =>
  diffSpecs(from, to).fields.map((each) => `${each.field}: ${each.from} -> ${each.to} (${each.cost})`);

describe("the differences of two specs", () => {
  it("are said field by field, as people write them", () => {
    assert.deepEqual(
      rows(
        spec({ parallelism: 2, checkpoints: { interval: "10s" }, config: { a: "1" }, taskManager: { slots: 4 } }),
        spec({
          parallelism: 4,
          checkpoints: { interval: "5s" },
          job: { module: "/wc.ts", args: ["--x"] },
          taskManager: { slots: 4 },
        }),
      ),
      [
        "parallelism: 2 -> 4 (rescale)",
        "checkpoints.interval: 10s -> 5s (restart)",
        "config.a: 1 -> (none) (savepointUpgrade)",
        "job.args[0]: (none) -> --x (savepointUpgrade)",
      ],
    );
  });

  it("cost nothing where a default was written out (SD1)", () => {
    const diff = diffSpecs(spec(), spec({ parallelism: 1, checkpoints: { interval: "10s" }, state: "running" }));
    assert.equal(diff.cost, "none");
    assert.deepEqual(
      diff.fields.map((each) => `${each.field}: ${each.from} -> ${each.to}`),
      [
        "parallelism: 1 (default) -> 1",
        "checkpoints.interval: (default) -> 10s",
        "state: running (default) -> running",
      ],
    );
    assert.match(diff.fields[0]?.why ?? "", /written differently, same meaning/);
  });

  it("hold what follows from another field (SD2)", () => {
    assert.deepEqual(rows(spec({ parallelism: 2 }), spec({ parallelism: 4 })), [
      "parallelism: 2 -> 4 (rescale)",
      "taskManager.slots: 2 (default) -> 4 (default) (rescale)",
    ]);
  });

  it("find variables by their name, and say when only their order changed", () => {
    const env = (...names: string[]) =>
      spec({ job: { module: "/wc.ts", env: names.map((name) => ({ name, value: name })) } });
    assert.deepEqual(rows(env("A", "B"), env("A")), [
      "job.env[B].name: B -> (none) (savepointUpgrade)",
      "job.env[B].value: B -> (none) (savepointUpgrade)",
    ]);
    assert.deepEqual(rows(env("A", "B"), env("B", "A")), ["job: (order) -> (another order) (savepointUpgrade)"]);
  });

  it("know the cost of every field that there is", () => {
    assert.ok(specChecks.every(({ cost }) => changeCosts.includes(cost)));
  });
});

const job = (parts: Partial<StreamJobSpec> = {}): StreamJob => ({
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace: "default" },
  spec: spec(parts),
});
const running = statusWith(1, {
  active: activeOf("wc-1"),
  incarnations: 1,
  stable: { generation: 1, revision: "wc-1" },
});

describe("what will happen", () => {
  const says = (next: StreamJob, status: object, cost: (typeof changeCosts)[number], ...patterns: RegExp[]): void => {
    const text = outlookOf(next, status as StreamJobStatus, cost).join("\n");
    for (const pattern of patterns) assert.match(text, pattern);
  };

  it("to a new job depends on what it starts from", () => {
    assert.match(outlookOfNew(withDefaults(spec())).join(), /deployed.*without state/);
    assert.match(
      outlookOfNew(withDefaults(spec({ restore: { snapshot: "s" } }))).join(),
      /snapshot s, once that is Completed/,
    );
    assert.match(outlookOfNew(withDefaults(spec({ state: "suspended" }))).join(), /the job starts when it is resumed/);
  });
  it("says that state is lost where it is allowed, once", () => {
    const next = job({ upgrade: { allowNonRestoredState: true } });
    says(next, running, "savepointUpgrade", /no operator of the new version restores is lost.*allows it once/);
    const failed = { generation: 2, revision: revisionName("wc", revisionHash(next.spec)), reason: "uid" };
    says(next, { ...running, failed }, "savepointUpgrade", /stops with a savepoint/);
    const handled = { nonRestoredStateAllowedTo: 4 };
    says(next, { ...running, handled }, "savepointUpgrade", /no longer applies: generation 4 used it/);
  });
  it("is nothing for what only the operator reads", () => says(job(), running, "none", /keeps running, and nothing/));
  it("is an upgrade by savepoint, warm", () =>
    says(
      job(),
      running,
      "rescale",
      /incarnation 2 is started beside 1/,
      /1 stops with a savepoint/,
      /is rolled back to generation 1/,
    ));
  it("is an upgrade by savepoint, cold", () =>
    says(
      job({ upgrade: { standby: "cold" } }),
      running,
      "restart",
      /incarnation 1 stops with a savepoint and its pods are deleted/,
    ));
  it("is from the newest checkpoint without one", () =>
    says(job({ upgrade: { mode: "last-state" } }), running, "restart", /newest checkpoint/, /processed again/));
  it("is the loss of all state", () =>
    says(
      job({ upgrade: { mode: "stateless", rollback: false } }),
      running,
      "restart",
      /all state is discarded/,
      /rollback: false/,
    ));
  it("waits for approval", () =>
    says(job({ upgrade: { approval: "manual" } }), running, "rescale", /blocked until.*`streamjob approve wc`/));
  it("is a suspension", () => says(job({ state: "suspended" }), running, "none", /stopped with a savepoint.*kept/));
  it("is nothing while the job is suspended", () =>
    says(job({ state: "suspended" }), statusWith(1, {}), "rescale", /nothing now/));
  it("is nothing while the job is paused", () =>
    says(job(), statusWith(1, { active: activeOf("wc-1") }, "Paused"), "none", /nothing for now: wc is paused/));
  it("is nothing for a version that failed", () => {
    const next = job();
    const failed = { generation: 2, revision: `wc-${revisionHash(next.spec)}`, reason: "it threw" };
    says(
      next,
      statusWith(1, { active: activeOf("wc-1"), failed }),
      "savepointUpgrade",
      /nothing: this version failed.*it threw/,
    );
  });
  it("names the operation that is in progress", () =>
    says(
      job(),
      statusWith(1, { active: activeOf("wc-1"), operation: operationOf({}) }),
      "restart",
      /upgrade to generation 2 is in progress \(Standby\)/,
    ));
});
