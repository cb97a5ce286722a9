/** Who gets which state after a change of the graph. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { keyGroupRange } from "../record/index.ts";
import { idOf, keyedOperator } from "./builders.test-support.ts";
import { adoptMaxParallelism, assignState, type NewOperator } from "./assign-state.ts";
import { type OperatorState, type OperatorStateHandle } from "./handles.ts";

const OPTIONS = { storeUri: "memory://old", allowNonRestored: false, howToAllow: "allow it so" };

function newOperator(uid: string, parallelism: number, maxParallelism = 128): NewOperator {
  return { operatorId: idOf(uid), uid, parallelism, maxParallelism };
}

function item(name: string): OperatorStateHandle {
  return { name, redistribution: "split", count: 1, blob: { kind: "inline", base64: "AA==" } };
}

function withSubtasks(
  state: OperatorState,
  change: (subtask: number) => Partial<OperatorState["subtasks"][number]>,
): OperatorState {
  return { ...state, subtasks: state.subtasks.map((subtask, index) => ({ ...subtask, ...change(index) })) };
}

const stateless = withSubtasks(keyedOperator("map", "data", "x"), () => ({ keyed: null }));

describe("assignState", () => {
  it("restores every key group exactly once, for any change of parallelism (ASS1)", () => {
    const parameters = fc
      .integer({ min: 1, max: 300 })
      .chain((max) => fc.tuple(fc.constant(max), fc.integer({ min: 1, max }), fc.integer({ min: 1, max })));
    fc.assert(
      fc.property(parameters, ([max, before, after]) => {
        const assigned = assignState(
          [keyedOperator("count", "data", "x", before, max)],
          [newOperator("count", after, max)],
          OPTIONS,
        );
        assert.ok(assigned.kind === "ok");
        const restores = assigned.restores.get(idOf("count")) ?? [];
        assert.equal(restores.length, after);
        const times = new Array<number>(max).fill(0);
        for (const [subtask, restore] of restores.entries()) {
          const range = keyGroupRange(subtask, after, max);
          for (const { keyGroups } of restore.keyed) {
            const first = Math.max(keyGroups.first, range.first);
            const last = Math.min(keyGroups.last, range.last);
            assert.ok(first <= last, "no handle without a key group for the subtask");
            for (let group = first; group <= last; group++) times[group] = (times[group] as number) + 1;
          }
        }
        assert.deepEqual(times, new Array<number>(max).fill(1));
      }),
    );
  });

  it("gives the operator state of all old subtasks to each new one, with the store it is in", () => {
    const stored = withSubtasks(stateless, (subtask) => ({ operator: [item(`list ${subtask}`)] }));
    const assigned = assignState([stored], [newOperator("map", 3)], OPTIONS);
    assert.ok(assigned.kind === "ok");
    for (const restore of assigned.restores.get(idOf("map")) ?? []) {
      assert.deepEqual(restore.operator, [[item("list 0")], [item("list 1")]]);
      assert.equal(restore.storeUri, "memory://old");
    }
  });

  it("refuses state with no operator, names the uid and what there is; leaves it out when allowed (SP-5)", () => {
    const stored = [keyedOperator("count", "data", "x"), stateless];
    const refused = assignState(stored, [newOperator("counter", 2)], OPTIONS);
    assert.ok(refused.kind === "refused");
    assert.equal(refused.reasons.length, 1, "an operator without state is not missed");
    assert.match(refused.reasons[0] ?? "", /uid "count".*"counter".*or allow it so/);
    const allowed = assignState(stored, [newOperator("counter", 2)], { ...OPTIONS, allowNonRestored: true });
    assert.deepEqual(allowed, { kind: "ok", restores: new Map(), skipped: ["count"] });
  });

  it("starts an operator that was not there empty (SP-5)", () => {
    const assigned = assignState(
      [keyedOperator("count", "data", "x")],
      [newOperator("count", 2), newOperator("new", 2)],
      OPTIONS,
    );
    assert.ok(assigned.kind === "ok");
    assert.deepEqual([...assigned.restores.keys()], [idOf("count")]);
  });

  it("refuses a parallelism above, and another value of, the stored maxParallelism, all reasons at once (SP-8)", () => {
    const stored = [keyedOperator("a", "data", "x"), keyedOperator("b", "data", "y")];
    const refused = assignState(stored, [newOperator("a", 200, 256), newOperator("b", 2, 256)], OPTIONS);
    assert.ok(refused.kind === "refused");
    assert.match(refused.reasons[0] ?? "", /uid "a" has parallelism 200.*maxParallelism 128/);
    assert.match(refused.reasons[1] ?? "", /uid "b" has maxParallelism 256.*stored with 128/);
    assert.equal(
      assignState([stateless], [newOperator("map", 200, 256)], OPTIONS).kind,
      "ok",
      "without state it does not matter",
    );
  });

  it("refuses an operator whose keyed state would be dropped, because its input is not keyed any more (ASS2)", () => {
    const stored = [keyedOperator("count", "data", "x"), stateless];
    const operators = (isKeyed: boolean): NewOperator[] =>
      ["count", "map"].map((uid) => ({ ...newOperator(uid, 1), isKeyed }));
    const refused = assignState(stored, operators(false), { ...OPTIONS, allowNonRestored: true });
    assert.ok(refused.kind === "refused");
    assert.match(
      refused.reasons.join("; "),
      /^the operator with uid "count" .* has keyed state, but its input is not partitioned/,
    );
    assert.equal(refused.reasons.length, 1);
    assert.equal(assignState(stored, operators(true), OPTIONS).kind, "ok");
  });

  it("does not bind operators without keyed state, whatever else they have stored (ASS4)", () => {
    const stored = withSubtasks(stateless, (subtask) => ({ operator: [item(`list ${subtask}`)] }));
    assert.equal(stored.maxParallelism, 128);
    for (const [parallelism, maxParallelism] of [
      [200, 256],
      [2, 64],
    ] as const) {
      const assigned = assignState([stored], [newOperator("map", parallelism, maxParallelism)], OPTIONS);
      assert.ok(assigned.kind === "ok");
      assert.equal(assigned.restores.get(idOf("map"))?.length, parallelism);
      const explicit = { value: maxParallelism, of: "operator" } as const;
      const operator = { operatorId: idOf("map"), uid: "map", parallelism, maxParallelism: explicit };
      assert.deepEqual(adoptMaxParallelism([stored], [operator]), { kind: "ok", maxParallelism: new Map() });
    }
  });

  it("hands on `finished` per subtask at the same parallelism, else only when all were finished (CK-13)", () => {
    const finished = (stored: OperatorState, parallelism: number): boolean[] => {
      const assigned = assignState([stored], [newOperator("map", parallelism)], OPTIONS);
      assert.ok(assigned.kind === "ok");
      return (assigned.restores.get(idOf("map")) ?? []).map((restore) => restore.finished);
    };
    const one = withSubtasks(stateless, (subtask) => ({ finished: subtask === 1 }));
    const all = withSubtasks(stateless, () => ({ finished: true }));
    assert.deepEqual(finished(one, 2), [false, true]);
    assert.deepEqual(finished(one, 3), [false, false, false]);
    assert.deepEqual(finished(all, 3), [true, true, true]);
  });
});

describe("adoptMaxParallelism (SP-8)", () => {
  const stored = [keyedOperator("a", "data", "x", 2, 64), stateless];
  const adopt = (parallelism: number, value: number | null, of: "operator" | "job" = "operator") =>
    adoptMaxParallelism(stored, [
      { operatorId: idOf("a"), uid: "a", parallelism, maxParallelism: value === null ? null : { value, of } },
      { operatorId: idOf("map"), uid: "map", parallelism: 300, maxParallelism: { value: 512, of: "job" } },
      { operatorId: idOf("new"), uid: "new", parallelism: 1, maxParallelism: null },
    ]);

  it("takes over the stored value where none is set or the same is", () => {
    for (const explicit of [null, 64])
      assert.deepEqual(adopt(64, explicit), { kind: "ok", maxParallelism: new Map([[idOf("a"), 64]]) });
  });

  it("refuses what cannot be", () => {
    assert.equal(adopt(65, null).kind, "refused");
    assert.equal(adopt(2, 128).kind, "refused");
  });

  it("says where the value is set that does not fit, and what can be done there", () => {
    const own = adopt(2, 128, "operator");
    assert.ok(own.kind === "refused");
    assert.match(own.reasons.join(), /uid "a" has maxParallelism 128.*stored with 64.*set it to 64, or remove it/);
    const ofJob = adopt(2, 128, "job");
    assert.ok(ofJob.kind === "refused");
    assert.match(
      ofJob.reasons.join(),
      /the job has maxParallelism 128 \(pipeline\.max-parallelism\).*set maxParallelism: 64 on that operator/,
    );
  });
});
