import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { differenceOf, fieldsOf, merge, takeOut } from "./field-merge.ts";
import { difference, type FieldSet, intersection, NO_FIELDS, pathsOf, union } from "./field-set.ts";
import { shapeOf } from "./field-shape.ts";
import { isEqual, type Json, type JsonObject, type StoredObject } from "./json-value.ts";
import { applyFields, recordUpdate } from "./managed-fields.ts";

const shape = shapeOf("StatefulSet", undefined);

/** Small objects whose lists have entries by key, so that properties meet the interesting cases often. */
const name = fc.constantFrom("a", "b", "c");
const value = fc.constantFrom("1", "2");
const env = fc.uniqueArray(fc.record({ name, value }), { selector: (entry) => entry.name, maxLength: 3 });
const container = fc.record({ name, env }, { requiredKeys: ["name"] });
const containers = fc.uniqueArray(container, { selector: (entry) => entry.name, minLength: 1, maxLength: 2 });
const finalizers = fc.uniqueArray(fc.constantFrom("x/a", "x/b"), { maxLength: 2 });
const object: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      metadata: fc.record({ labels: fc.dictionary(name, value, { maxKeys: 2 }), finalizers }, { requiredKeys: [] }),
      spec: fc.record(
        { template: fc.record({ spec: fc.record({ containers }) }), replicas: fc.nat(3) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  .map((each) => {
    // Plain objects; empty metadata says nothing, and the server drops it.
    const { metadata, ...rest } = JSON.parse(JSON.stringify(each)) as { metadata?: JsonObject; spec?: JsonObject };
    return { ...rest, ...(Object.keys(metadata ?? {}).length === 0 ? {} : { metadata }) } as JsonObject;
  });

const sets = object.map((each) => fieldsOf(each, shape));
const paths = (set: FieldSet): string[] => pathsOf(set).toSorted();

describe("sets of fields", () => {
  it("obey the laws of sets", () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [inA, inB] = [new Set(paths(a)), new Set(paths(b))];
        assert.deepEqual(paths(union(a, b)), [...new Set([...inA, ...inB])].toSorted());
        assert.deepEqual(paths(intersection(a, b)), [...inA].filter((path) => inB.has(path)).toSorted());
        assert.deepEqual(paths(difference(a, b)), [...inA].filter((path) => !inB.has(path)).toSorted());
      }),
    );
  });

  it("have Kubernetes' own form", () => {
    const set = fieldsOf(
      {
        metadata: { labels: { x: "1" }, finalizers: ["a/b"] },
        spec: {
          selector: { matchLabels: { x: "1" } },
          template: { spec: { containers: [{ name: "m", ports: [{ containerPort: 1 }] }] } },
        },
      },
      shape,
    );
    assert.deepEqual(set, {
      "f:metadata": { "f:finalizers": { 'v:"a/b"': {} }, "f:labels": { "f:x": {} } },
      "f:spec": {
        "f:selector": {},
        "f:template": {
          "f:spec": {
            "f:containers": {
              'k:{"name":"m"}': {
                ".": {},
                "f:name": {},
                "f:ports": { 'k:{"containerPort":1,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
              },
            },
          },
        },
      },
    });
  });
});

describe("merging", () => {
  it("holds all that was given, and changes nothing else", () => {
    fc.assert(
      fc.property(object, object, (live, config) => {
        const merged = merge(live, config, shape);
        assert.deepEqual(
          paths(difference(fieldsOf(config, shape), fieldsOf(merged, shape))).filter(
            (path) => !isEmptied(path, merged),
          ),
          [],
        );
        assert.ok(isEqual(merge(merged, config, shape), merged), "a second time changes nothing");
        assert.deepEqual(paths(differenceOf(live, merged, shape).removed), []);
      }),
    );
  });

  it("finds no difference between equal values, and one otherwise", () => {
    fc.assert(
      fc.property(object, object, (a, b) => {
        const { changed, removed } = differenceOf(a, JSON.parse(JSON.stringify(a)) as Json, shape);
        assert.deepEqual([changed, removed], [NO_FIELDS, NO_FIELDS]);
        const other = differenceOf(a, b, shape);
        const isSame = paths(other.changed).length + paths(other.removed).length === 0;
        assert.ok(!isSame || paths(difference(fieldsOf(a, shape), fieldsOf(b, shape))).length === 0);
      }),
    );
  });

  it("takes out exactly what is to go", () => {
    fc.assert(
      fc.property(object, (value) => {
        assert.equal(takeOut(value, NO_FIELDS, NO_FIELDS, shape), value);
      }),
    );
    const value = {
      spec: {
        template: {
          spec: {
            containers: [
              { name: "a", image: "1" },
              { name: "b", image: "1" },
            ],
          },
        },
      },
    };
    const gone = fieldsOf({ spec: { template: { spec: { containers: [{ name: "a", image: "1" }] } } } }, shape);
    assert.deepEqual(takeOut(value, gone, NO_FIELDS, shape), {
      spec: { template: { spec: { containers: [{ name: "b", image: "1" }] } } },
    });
  });

  it("keeps the key of an entry in which another owns something", () => {
    const value = { spec: { template: { spec: { containers: [{ name: "a", image: "1", tty: true }] } } } };
    const gone = fieldsOf({ spec: { template: { spec: { containers: [{ name: "a", image: "1" }] } } } }, shape);
    const kept: FieldSet = {
      "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"a"}': { "f:tty": {} } } } } },
    };
    assert.deepEqual(takeOut(value, difference(gone, kept), kept, shape), {
      spec: { template: { spec: { containers: [{ name: "a", tty: true }] } } },
    });
  });

  it("refuses a list whose entries cannot be told apart", () => {
    const twice = { spec: { template: { spec: { containers: [{ name: "a" }, { name: "a" }] } } } };
    const without = { spec: { template: { spec: { containers: [{ image: "a" }] } } } };
    for (const config of [twice, without]) {
      assert.throws(
        () => merge({}, config, shape),
        (error) => isApiError(error, "Invalid"),
      );
    }
  });
});

describe("managers", () => {
  const time = "2031-01-01T00:00:00Z";
  const live = (body: JsonObject, entries: readonly Json[]): StoredObject =>
    ({
      ...body,
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { ...(body["metadata"] as JsonObject | undefined), managedFields: entries },
    }) as unknown as StoredObject;
  const apply = (on: StoredObject | undefined, config: JsonObject, manager: string, force = true) =>
    applyFields({ live: on, config, writer: { manager, operation: "Apply", subresource: "" }, force, shape, time });

  it("leave nothing of what they applied when they give it all up, if nobody else owns it", () => {
    fc.assert(
      fc.property(object, object, (first, second) => {
        const a = apply(undefined, first, "a");
        const b = apply(live(a.object, a.entries), second, "b");
        const left = apply(live(b.object, b.entries), {}, "a");
        const ofB = paths(fieldsOf(second, shape));
        const stays = paths(fieldsOf(left.object, shape)).filter((path) => path !== ".apiVersion" && path !== ".kind");
        assert.deepEqual(
          stays.filter((path) => !ofB.includes(path)),
          [],
        );
      }),
    );
  });

  it("conflict without force exactly when a value of another changes", () => {
    fc.assert(
      fc.property(object, object, (first, second) => {
        const a = apply(undefined, first, "a");
        const on = live(a.object, a.entries);
        const { changed } = differenceOf(a.object, merge(a.object, second, shape), shape);
        const contested = intersection(changed, fieldsOf(first, shape));
        let isConflict = false;
        try {
          apply(on, second, "b", false);
        } catch (error) {
          assert.ok(isApiError(error, "Conflict"));
          isConflict = true;
          assert.deepEqual(error.causes.map(({ field }) => field).toSorted(), paths(contested));
        }
        assert.equal(isConflict, paths(contested).length > 0);
      }),
    );
  });

  it("own what they change by an update, and lose what others change", () => {
    const writer = { manager: "a", operation: "Update", subresource: "" } as const;
    const before = live(
      { spec: { replicas: 1 } },
      recordUpdate(undefined, { apiVersion: "apps/v1", spec: { replicas: 1 } }, writer, shape, time),
    );
    const same = recordUpdate(before, { ...before }, { ...writer, manager: "b" }, shape, time);
    assert.equal(same, before.metadata["managedFields"]);
    const [entry, ...others] = recordUpdate(
      before,
      { ...before, spec: { replicas: 2, serviceName: "x" } },
      { ...writer, manager: "b" },
      shape,
      time,
    );
    assert.deepEqual((entry as JsonObject)["fieldsV1"], { "f:spec": {} });
    assert.deepEqual((others[0] as JsonObject)["fieldsV1"], { "f:spec": { "f:replicas": {}, "f:serviceName": {} } });
  });
});

/** An empty object that was given, where members were already there, is no field of its own any more. */
function isEmptied(path: string, merged: Json): boolean {
  return pathsOf(fieldsOf(merged, shape)).some((each) => each.startsWith(path));
}
