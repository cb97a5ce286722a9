import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { changeCosts, specChecks } from "../../operator/reconcile/index.ts";
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
