import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { type RulesAt, streamJobRules, streamJobSnapshotRules } from "./cel-rules.ts";
import { celDurationWithin } from "./duration.ts";
import { streamJobDefinition, streamJobSnapshotDefinition } from "./custom-resource-definition.ts";
import { randomJob } from "./random-jobs.test-support.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { validateSnapshot, validateStreamJob } from "./validation.ts";

const environment = new Environment({ unlistedVariablesAreDyn: true });
const programs = new Map<string, (context: Record<string, unknown>) => unknown>();

/** CEL's answer; an error counts as a refusal, as it does in an API server. */
function celHolds(rule: string, self: unknown, oldSelf?: unknown): boolean {
  let program = programs.get(rule);
  if (program === undefined) programs.set(rule, (program = environment.parse(rule)));
  try {
    return program({ self: withInts(self), oldSelf: withInts(oldSelf) }) === true;
  } catch {
    return false;
  }
}

/** CEL's whole numbers are BigInt here. */
function withInts(value: unknown): unknown {
  if (Number.isInteger(value)) return BigInt(value as number);
  if (Array.isArray(value)) return value.map(withInts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withInts(each)]));
}

/** What an API server would say of `value`: the schema and its rules. Only what our schemas use. */
function accepts(schema: StructuralSchema, value: any, old?: any): boolean {
  if (!hasForm(schema, value)) return false;
  if (schema.items !== undefined) {
    if (!(value as unknown[]).every((item) => accepts(schema.items ?? {}, item))) return false;
    const keys = schema["x-kubernetes-list-map-keys"];
    const names = (value as any[]).map((item) => keys?.map((key) => item[key]).join());
    if (keys !== undefined && new Set(names).size < names.length) return false;
  }
  if (typeof value === "object" && !Array.isArray(value)) {
    if (schema.required?.some((name) => value[name] === undefined) === true) return false;
    for (const [name, each] of Object.entries(value)) {
      const child = schema.properties?.[name] ?? schema.additionalProperties;
      if (child !== undefined && !accepts(child, each, old?.[name])) return false;
    }
  }
  return (schema["x-kubernetes-validations"] ?? []).every(({ rule }) => {
    if (rule.includes("oldSelf") && old === undefined) return true;
    return celHolds(rule, value, old);
  });
}

function hasForm(schema: StructuralSchema, value: unknown): boolean {
  const isInRange = (size: number, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): boolean =>
    size >= min && size <= max;
  const isText = (): boolean =>
    isInRange((value as string).length, schema.minLength, schema.maxLength) &&
    (schema.pattern === undefined || new RegExp(schema.pattern).test(value as string));
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (schema["x-kubernetes-int-or-string"] === true) {
    return typeof value === "string" ? isText() : Number.isInteger(value) && isInRange(value as number, schema.minimum);
  }
  switch (schema.type) {
    case "string":
      return typeof value === "string" && isText();
    case "integer":
      return Number.isInteger(value) && isInRange(value as number, schema.minimum, schema.maximum);
    case "number":
      return typeof value === "number" && isInRange(value, schema.minimum, schema.maximum);
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return Array.isArray(value) && isInRange(value.length, 0, schema.maxItems);
    default:
      if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
      return isInRange(Object.keys(value).length, 0, schema.maxProperties);
  }
}

const schemaOf = (definition: ReturnType<typeof streamJobDefinition>): StructuralSchema =>
  definition.spec.versions[0]?.schema.openAPIV3Schema ?? {};
const jobSchema = schemaOf(streamJobDefinition());
const snapshotSchema = schemaOf(streamJobSnapshotDefinition());

describe("the two forms of the rules (CER1)", () => {
  it("accept the same objects: an API server with schema and CEL, and our own validation", () => {
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(randomJob, randomJob, fc.boolean(), (object, other, hasBefore) => {
        const before = hasBefore ? other : undefined;
        const validated = validateStreamJob(object, before);
        // Unknown fields are dropped by an API server, not refused; there are none here.
        const words = validated.kind === "invalid" ? JSON.stringify(validated.issues) : "valid";
        assert.equal(accepts(jobSchema, object, before), validated.kind === "valid", `ours: ${words}`);
        seen[validated.kind]++;
      }),
      { numRuns: 300 },
    );
    assert.ok(seen.valid > 80 && seen.invalid > 80, `too few of one kind to say anything: ${JSON.stringify(seen)}`);
  });

  it("are each broken by some object, and broken by the same ones", () => {
    const broken = new Set<string>();
    const check = (places: readonly RulesAt[], at: string, self: unknown, oldSelf: unknown): void => {
      for (const rule of places.find((place) => place.at.join(".") === at)?.rules ?? []) {
        if (rule.isAboutChange === true && oldSelf === undefined) continue;
        const holds = rule.holds(self, oldSelf);
        assert.equal(celHolds(rule.rule, self, oldSelf), holds, `${rule.rule} of ${JSON.stringify({ self, oldSelf })}`);
        if (!holds) broken.add(rule.rule);
      }
    };
    for (const [at, values] of Object.entries(breakingValues)) {
      for (const value of values) check(streamJobRules, at, value, undefined);
    }
    const max = (maxParallelism?: number): unknown => (maxParallelism === undefined ? {} : { maxParallelism });
    for (const [after, before] of [
      [4, 8],
      [4, 4],
      [4, undefined],
      [undefined, 4],
    ]) {
      check(streamJobRules, "spec", { job: {}, ...(max(after) as object) }, { job: {}, ...(max(before) as object) });
    }
    const reference = { jobRef: { name: "a" } };
    const snapshots = [
      reference,
      { jobRef: { name: "b" } },
      { ...reference, path: "/x" },
      { ...reference, path: "/y" },
    ];
    const origins = [
      { ...reference, origin: "manual" },
      { ...reference, origin: "upgrade", disposeOnDelete: true },
    ];
    for (const after of [...snapshots, ...origins]) {
      for (const before of [...snapshots, ...origins]) {
        check(streamJobSnapshotRules, "spec", after, before);
        const object = (spec: object): object => ({ ...snapshotHead, spec });
        const isValid = validateSnapshot(object(after), object(before)).kind === "valid";
        assert.equal(accepts(snapshotSchema, object(after), object(before)), isValid);
      }
    }
    const all = [...streamJobRules, ...streamJobSnapshotRules].flatMap(({ rules }) => rules.map(({ rule }) => rule));
    assert.deepEqual(
      all.filter((rule) => !broken.has(rule)),
      [],
      "no object of the table breaks these rules",
    );
  });

  it("differ when one of them is changed: the comparison is not blind", () => {
    assert.equal(celHolds("!has(self.jar)", { jar: "x" }), false);
    assert.equal(celHolds(celDurationWithin(10, 20), "9ms"), false);
    assert.equal(celHolds(celDurationWithin(0, 5_400_000), "90m"), true);
    assert.equal(celHolds("self.nothing == 1", {}), false);
  });
});

const snapshotHead = {
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJobSnapshot",
  metadata: { name: "a", namespace: "b" },
};

/** By place: values of which each breaks some rule, and neighbours that do not. */
const breakingValues: Readonly<Record<string, readonly unknown[]>> = {
  "": ["wc", "1a", "a-", "a.b", "A", "a".repeat(34), "a".repeat(35)].map((name) => ({ metadata: { name } })),
  spec: [
    {},
    { engine: "flink" },
    { engine: "native" },
    { stateBackend: "rocksdb" },
    { stateBackend: "fs", upgrade: { mode: "last-state" } },
    { stateBackend: "memory", upgrade: { mode: "last-state" } },
    { stateBackend: "memory", upgrade: { lastStateMaxAge: "1m" } },
    { stateBackend: "memory", upgrade: { mode: "savepoint" } },
    { parallelism: 8, maxParallelism: 7 },
    { parallelism: 8, maxParallelism: 8 },
    { parallelism: 8, taskManager: { slots: 7 } },
    { parallelism: 8, taskManager: { slots: 4, replicas: 2 } },
    { taskManager: { slots: 1 } },
    { deletion: { savepoint: true, keepState: false } },
    { deletion: { savepoint: true, keepState: false }, savepoints: {} },
    { deletion: { savepoint: true, keepState: false }, savepoints: { path: "/x" } },
    { deletion: { savepoint: true } },
    { deletion: { keepState: false } },
    { config: { "restart-strategy": "none" } },
    { config: { "state.backend": "fs" } },
    { config: { "pipeline.name": "x" } },
  ],
  "spec.job": [
    {},
    { module: "a" },
    { inline: "a" },
    { inline: "a", module: "a" },
    { sql: "x" },
    { jar: "x" },
    { configMap: { name: "code", key: "job.ts", items: [{ key: "other.ts", path: "job.ts" }] } },
    { module: "a", sql: "x" },
    { args: [] },
  ],
  "spec.job.env.*": [
    { name: "A" },
    { name: "A", value: "" },
    { name: "STREAMJOB_A" },
    { name: "A", value: "", valueFrom: { fieldRef: { fieldPath: "x" } } },
    { name: "A", valueFrom: {} },
    { name: "A", valueFrom: { fieldRef: { fieldPath: "x" } } },
    { name: "A", valueFrom: { fieldRef: { fieldPath: "x" }, secretKeyRef: { name: "x", key: "y" } } },
  ],
  "spec.checkpoints": [
    {},
    { incremental: true },
    { incremental: false },
    { unaligned: true },
    { unaligned: false },
    { minPause: "1s", maxConcurrent: 2 },
    { minPause: "0ms", maxConcurrent: 2 },
    { minPause: "1s", maxConcurrent: 1 },
  ],
  "spec.checkpoints.storage.s3": [
    {},
    { encryption: { algorithm: "SSE-S3" } },
    { encryption: { algorithm: "SSE-S3", key: "k" } },
    { encryption: { algorithm: "SSE-KMS" } },
    { encryption: { algorithm: "SSE-KMS", key: "k" } },
  ],
  "spec.restart": ["none", "fixed-delay", "failure-rate", "exponential-delay"].flatMap((strategy) => [
    { strategy },
    { strategy, attempts: 0 },
    { strategy, attempts: 1 },
    { strategy, delay: "1s" },
    { strategy, maxFailures: 1 },
    { strategy, interval: "1s" },
    { strategy, initialBackoff: "1s" },
    { strategy, maxBackoff: "1s" },
    { strategy, initialBackoff: "1m1s", maxBackoff: "1m" },
    { strategy, initialBackoff: "60s", maxBackoff: "1m" },
    { strategy, multiplier: 1.5 },
    { strategy, jitter: 0.5 },
    { strategy, resetAfter: "1s" },
  ]),
  "spec.recovery": [{}, { backoffInitial: "2s" }, { backoffInitial: "2s", backoffMax: "1s" }, { backoffMax: "1s" }],
  "spec.restore": [{}, { path: "a" }, { snapshot: "a" }, { path: "a", snapshot: "b" }, { allowNonRestoredState: true }],
};
