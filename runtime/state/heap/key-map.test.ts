import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyHash, type KeyIdentity } from "../../record/index.ts";
import { GroupMembers, KeyMap } from "./key-map.ts";

/** Few keys and few hashes, so that probes run into each other. */
const key = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }).map(String));
const hashOf = (identity: KeyIdentity): number => keyHash(identity) & 7;
const operation = fc.record({ kind: fc.constantFrom("set", "delete", "step"), key });

test("it holds what a Map holds after any operations, in the same order", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const map = new GroupMembers(new KeyMap<string>());
      const model = new Map<KeyIdentity, string>();
      for (const [index, { kind, key: identity }] of operations.entries()) {
        if (kind === "delete") {
          map.delete(identity, hashOf(identity));
          model.delete(identity);
        } else {
          map.set(identity, hashOf(identity), `v${index}`);
          model.set(identity, `v${index}`);
        }
        assert.equal(map.get(identity, hashOf(identity)), model.get(identity));
      }
      assert.deepEqual([...map.values()], [...model.values()]);
      assert.equal(map.size, model.size);
      for (let probe = 0; probe <= 40; probe++) assert.equal(map.get(probe, hashOf(probe)), model.get(probe));
    }),
  );
});

test("a walk that is held over changes and compactions comes to what a Map's iterator comes to (KM1)", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const map = new GroupMembers(new KeyMap<{ readonly id: number }>());
      const model = new Map<KeyIdentity, { readonly id: number }>();
      const walk = map.values();
      const expected = model.values();
      for (const [id, { kind, key: identity }] of operations.entries()) {
        if (kind === "set") {
          map.set(identity, hashOf(identity), { id });
          model.set(identity, { id });
        } else if (kind === "delete") {
          map.delete(identity, hashOf(identity));
          model.delete(identity);
        } else if (model.size > 0) {
          // A generator that has ended stays ended, like a Map's iterator.
          assert.deepEqual(walk.next(), expected.next());
        }
      }
      assert.deepEqual([...walk], [...expected]);
    }),
  );
});

test("groups share a map and keep apart: each walks its own keys, and a removed key's place may go to another group", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.constantFrom("set", "delete"), key: fc.nat({ max: 60 }) }), { maxLength: 300 }),
      (operations) => {
        const shared = new KeyMap<string>();
        const groups = [new GroupMembers(shared), new GroupMembers(shared), new GroupMembers(shared)];
        const models = groups.map(() => new Map<number, string>());
        for (const [index, { kind, key: identity }] of operations.entries()) {
          const group = groups[identity % 3] as GroupMembers<string>;
          const model = models[identity % 3] as Map<number, string>;
          if (kind === "set") {
            group.set(identity, hashOf(identity), `v${index}`);
            model.set(identity, `v${index}`);
          } else {
            group.delete(identity, hashOf(identity));
            model.delete(identity);
          }
        }
        for (const [index, group] of groups.entries())
          assert.deepEqual([...group.values()], [...(models[index]?.values() ?? [])]);
      },
    ),
  );
});
