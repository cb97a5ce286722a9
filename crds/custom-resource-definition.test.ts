import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import {
  DEFINITION_BYTES_MAX,
  definitionFiles,
  streamJobDefinition,
  streamJobSnapshotDefinition,
} from "./custom-resource-definition.ts";
import { schemaAt, type StructuralSchema, structuralSchema, withRules } from "./structural-schema.ts";

/** What an API server, or SJS1, SJS2, FIE2 and STS2, would refuse about a schema. `isSpec`: what people write. */
function problemsOf(schema: any, path: string, isSpec: boolean): string[] {
  const problems: string[] = [];
  const add = (problem: string): number => problems.push(`${path}: ${problem}`);
  for (const key of ["$ref", "$schema", "oneOf", "anyOf", "allOf", "not", "const", "definitions", "propertyNames"]) {
    if (key in schema) add(`has ${key}`);
  }
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  if (isIntOrString === (schema.type !== undefined)) add("has not exactly one type");
  if (schema.additionalProperties === false) add("forbids other fields");
  if (schema.additionalProperties !== undefined && schema.properties !== undefined) add("is a map and an object");
  if (schema.type === "object" && schema.properties === undefined && schema.additionalProperties === undefined) {
    if (schema["x-kubernetes-preserve-unknown-fields"] !== true) add("is an object without fields");
  }
  if (schema.type === "array" && schema["x-kubernetes-list-type"] === undefined)
    add("is a list without a type of list");
  if (schema.type === "array" && schema.maxItems === undefined) add("is a list without bound");
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    if (schema.items.required?.includes(key) !== true) add(`is a list by ${key}, which is not required`);
  }
  if (isSpec && schema.type === "string" && schema.maxLength === undefined && schema.enum === undefined) {
    add("is a text without bound");
  }
  if (isSpec && schema.additionalProperties !== undefined && schema.maxProperties === undefined) {
    add("is a map without bound");
  }
  if ("default" in schema && path !== "status" && path !== "status.observedGeneration") add("has a default");
  for (const { rule, message, fieldPath } of schema["x-kubernetes-validations"] ?? []) {
    if (typeof rule !== "string" || message.length > 2048 || /[\n]/.test(message)) add(`has a wrong rule ${rule}`);
    const parts = (fieldPath ?? "").split(".").slice(1);
    if (schemaAt(schema, parts) === undefined || /[[*]/.test(fieldPath ?? "")) add(`has no field ${fieldPath}`);
  }
  for (const [name, child] of Object.entries<any>(schema.properties ?? {})) {
    if (!/\.$|\)\.$/.test(child.description ?? "")) add(`says nothing of ${name}`);
    problems.push(...problemsOf(child, `${path}.${name}`, isSpec));
  }
  if (schema.items !== undefined) problems.push(...problemsOf(schema.items, `${path}[]`, isSpec));
  if (schema.additionalProperties) problems.push(...problemsOf(schema.additionalProperties, `${path}{}`, isSpec));
  return problems;
}

const schemaOf = (definition: ReturnType<typeof streamJobDefinition>): StructuralSchema =>
  definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};

describe("the definitions", () => {
  for (const definition of [streamJobDefinition(), streamJobSnapshotDefinition()]) {
    const { kind } = definition.spec.names;
    const { spec, status } = schemaOf(definition).properties ?? {};

    it(`of ${kind} are structural, bounded, described field by field, and without defaults (STS1, STS2, SJS1, SJS2, FIE2)`, () => {
      assert.deepEqual(problemsOf(spec, "spec", true), []);
      assert.deepEqual(problemsOf(status, "status", false), []);
    });

    it(`of ${kind} say that a new object was not seen yet (CRD2)`, () => {
      assert.deepEqual(status?.default, { observedGeneration: -1 });
      assert.equal(status?.properties?.["observedGeneration"]?.default, -1);
    });

    it(`of ${kind} let a merge patch leave out what is null (STF1)`, () => {
      const wrong = (schema: StructuralSchema, path: string): string[] =>
        Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
          ...(child.nullable === true && schema.required?.includes(name) === true ? [`${path}.${name}`] : []),
          ...wrong(child, `${path}.${name}`),
        ]);
      assert.deepEqual(wrong(status ?? {}, "status"), []);
    });
  }

  it("have the names, columns and subresources that were agreed on", () => {
    const [job, snapshot] = [streamJobDefinition().spec, streamJobSnapshotDefinition().spec];
    assert.deepEqual(
      [job.group, job.names.plural, job.names.shortNames, job.names.categories],
      ["streamjob.dev", "streamjobs", ["sj"], ["streaming"]],
    );
    assert.deepEqual([snapshot.names.plural, snapshot.names.shortNames], ["streamjobsnapshots", ["sjsnap"]]);
    const version = job.versions[0];
    assert.equal(version?.name, "v1alpha1");
    assert.deepEqual(
      version?.additionalPrinterColumns.map(({ name }) => name),
      ["Ready", "State", "Parallelism", "Last checkpoint", "Operation", "Age"],
    );
    assert.deepEqual(version?.subresources.scale, {
      specReplicasPath: ".spec.taskManager.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    });
  });

  it("have columns and scale paths that lead to fields, of the column's type", () => {
    for (const definition of [streamJobDefinition(), streamJobSnapshotDefinition()]) {
      const version = definition.spec.versions[0];
      assert.ok(version !== undefined);
      for (const { name, type, jsonPath } of version.additionalPrinterColumns) {
        if (jsonPath.startsWith(".metadata.")) continue;
        const found = schemaAt(
          schemaOf(definition),
          jsonPath
            .replace(/\[.*\]/, ".0")
            .split(".")
            .slice(1),
        );
        assert.equal(found?.type, type === "date" ? "string" : type, `${name}: ${jsonPath}`);
        if (type === "date") assert.equal(found?.format, "date-time", `${name}: ${jsonPath}`);
      }
      for (const path of Object.values(version.subresources.scale ?? {})) {
        assert.ok(schemaAt(schemaOf(definition), path.split(".").slice(1)) !== undefined, path);
      }
    }
  });

  it("as YAML are below 256 KiB and say the same (CRD1)", () => {
    const files = definitionFiles();
    assert.deepEqual(Object.keys(files), ["streamjobs.streamjob.dev.yaml", "streamjobsnapshots.streamjob.dev.yaml"]);
    for (const text of Object.values(files)) assert.ok(Buffer.byteLength(text) < DEFINITION_BYTES_MAX);
    const [job] = Object.values(files);
    assert.deepEqual(parse(job ?? ""), JSON.parse(JSON.stringify(streamJobDefinition())));
    assert.doesNotMatch(job ?? "", /[&*]a\d/, "no anchors");
  });
});

describe("the structural schema", () => {
  it("of a tagged union is one object, with what all variants require (STS3)", () => {
    const union = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a"), both: z.string(), one: z.int().min(1) }),
      z.object({ kind: z.literal("b"), both: z.string() }),
    ]);
    assert.deepEqual(structuralSchema(union.nullable().default(null)), {
      nullable: true,
      type: "object",
      properties: {
        kind: { type: "string", enum: ["a", "b"] },
        both: { type: "string" },
        one: { type: "integer", minimum: 1 },
      },
      required: ["kind", "both"],
    });
  });

  it("refuses a rule at a place where there is no field", () => {
    const rule = { reason: "Contradiction", rule: "true", message: "x", holds: () => true } as const;
    const schema = structuralSchema(z.object({ a: z.object({ b: z.string() }) }));
    assert.throws(() => withRules(schema, [{ at: ["a", "c"], rules: [rule] }]), /a rule stands at c, where/);
    const placed = withRules(schema, [{ at: ["a"], rules: [rule] }]);
    assert.deepEqual(placed.properties?.["a"]?.["x-kubernetes-validations"], [{ rule: "true", message: "x" }]);
  });

  it("is found wanting by the check above when something is wrong with it: the check is not blind", () => {
    const wrong = [
      { type: "object", properties: { a: { type: "string", description: "A." } }, additionalProperties: false },
      { type: "object", properties: { a: { description: "A." } } },
      { type: "object", properties: { a: { type: "string", maxLength: 1 } } },
      { type: "object", properties: { a: { type: "string", maxLength: 1, default: "x", description: "A." } } },
      { type: "array", maxItems: 1, items: { type: "string", maxLength: 1 } },
      { anyOf: [{ type: "string" }] },
      { type: "string" },
    ];
    for (const schema of wrong) assert.notDeepEqual(problemsOf(schema, "spec", true), [], JSON.stringify(schema));
  });
});
