import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyHash } from "../../record/index.ts";
import { KeyContext } from "./key-context.ts";
import { TIMER_TYPE } from "../snapshot/state-meta.ts";
import { TimerTable } from "./timer-table.ts";

test("whatever is registered, deleted and taken, the first timer is the earliest (TT1, TT2, TT3)", () => {
  const operation = fc.record({
    kind: fc.constantFrom("register", "register", "delete", "take"),
    key: fc.nat(5),
    time: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(operation, { minLength: 50, maxLength: 300 }), (operations) => {
      const context = new KeyContext({ keyGroups: { first: 0, last: 3 }, maxParallelism: 4, operatorUid: "test" });
      const table = new TimerTable(context, { name: "timers", kind: "event-timers", type: TIMER_TYPE, keyType: null });
      const model = new Map<string, number>();
      for (const { kind, key, time } of operations) {
        context.set(key, keyHash(key));
        if (kind === "register") {
          assert.equal(table.register(time), !model.has(`${key} ${time}`));
          model.set(`${key} ${time}`, time);
        } else if (kind === "delete") {
          table.delete(time);
          model.delete(`${key} ${time}`);
        } else {
          const first = table.first();
          if (first !== undefined) {
            table.remove(first);
            model.delete(`${String(first.key)} ${first.time}`);
          }
        }
        assert.equal(table.first()?.time, model.size === 0 ? undefined : Math.min(...model.values()));
        assert.equal(
          table.groups.reduce((sum, group) => sum + (group?.rows ?? 0), 0),
          model.size,
        );
      }
      const left: number[] = [];
      for (let first = table.first(); first !== undefined; first = table.first()) {
        left.push(first.time);
        table.remove(first);
      }
      assert.deepEqual(
        left,
        [...model.values()].sort((one, other) => one - other),
      );
    }),
    { numRuns: 200 },
  );
});
