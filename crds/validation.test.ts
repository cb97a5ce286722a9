import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fullJob, smallJob } from "./manifest-examples.test-support.ts";
import { validateSnapshot, validateStreamJob } from "./validation.ts";
import type { Issue } from "./validation-issues.ts";

/** The manifest with `value` at `path`; undefined removes the field. */
function changed(object: object, path: string, value: unknown): unknown {
  const copy: any = structuredClone(object);
  const names = path.split(".");
  const last = names.pop() ?? "";
  let inner = copy;
  for (const name of names) inner = inner[name] ??= {};
  if (value === undefined) delete inner[last];
  else inner[last] = value;
  return copy;
}

function issuesOf(object: unknown, before?: unknown): readonly Issue[] {
  const validated = validateStreamJob(object, before);
  return validated.kind === "valid" ? [] : validated.issues;
}

describe("validation of a StreamJob", () => {
  it("accepts the smallest one and one in which every field is set", () => {
    assert.deepEqual(issuesOf(smallJob()), []);
    assert.deepEqual(issuesOf(fullJob()), []);
  });

  it("does not look at the status, and accepts what an API server adds to metadata", () => {
    const object = changed(smallJob(), "status", { phase: "Other" });
    assert.deepEqual(issuesOf(changed(object as object, "metadata.managedFields", [])), []);
  });

  // What is changed in the full manifest, to what, then path, reason and words of the one issue.
  const table: Readonly<Record<string, readonly [string, unknown, string, string, RegExp]>> = {
    "a field with a typing error": [
      "spec.checkpoints.intervall",
      "10s",
      "spec.checkpoints.intervall",
      "UnknownField",
      /is not a known field; did you mean interval\?/,
    ],
    "a field with other upper-case letters": [
      "spec.stateBackEnd",
      "fs",
      "spec.stateBackEnd",
      "UnknownField",
      /did you mean stateBackend\?/,
    ],
    "a field like no other": [
      "spec.restore.xyzzy",
      1,
      "spec.restore.xyzzy",
      "UnknownField",
      /known fields: path, snapshot/,
    ],
    "a field of the spec outside it": [
      "parallelism",
      2,
      "parallelism",
      "UnknownField",
      /is not a field of a StreamJob; it belongs under spec/,
    ],
    "an unknown field in a pod template": [
      "spec.jobManager.podTemplate.metdata",
      {},
      "spec.jobManager.podTemplate.metdata",
      "UnknownField",
      /did you mean metadata/,
    ],
    "a directive that no merge knows": [
      "spec.jobManager.podTemplate.spec",
      { containers: [{ name: "jobmanager", $patch: "remove" }] },
      'spec.jobManager.podTemplate.spec.containers[0]."$patch"',
      "DirectiveInvalid",
      /must be delete or replace, not "remove"/,
    ],
    "an order of a list's elements": [
      "spec.taskManager.podTemplate.spec",
      { "$setElementOrder/containers": [] },
      'spec.taskManager.podTemplate.spec."$setElementOrder/containers"',
      "DirectiveInvalid",
      /is no directive of a merge/,
    ],
    "an unknown field in a list": [
      "spec.job.env.0.val",
      "x",
      "spec.job.env[0].val",
      "UnknownField",
      /did you mean value/,
    ],
    "no job": ["spec.job", undefined, "spec.job", "Missing", /is missing; it must be an object/],
    "no spec": ["spec", undefined, "spec", "Missing", /is missing/],
    "no name": ["metadata.name", undefined, "metadata.name", "Missing", /the object needs a name/],
    "no namespace": ["metadata.namespace", undefined, "metadata.namespace", "Missing", /the object needs a namespace/],
    "no metadata at all": ["metadata", { namespace: "a" }, "metadata.name", "Missing", /needs a name/],
    "another version": [
      "apiVersion",
      "streamjob.dev/v2",
      "apiVersion",
      "ValueInvalid",
      /must be streamjob.dev\/v1alpha1, not "streamjob.dev\/v2"/,
    ],
    "another kind": ["kind", "streamjob", "kind", "ValueInvalid", /must be StreamJob/],
    "a name that is too long": ["metadata.name", "a".repeat(35), "metadata.name", "NameInvalid", /at most 34/],
    "a name with a dot": ["metadata.name", "a.b", "metadata.name", "NameInvalid", /a-z, 0-9 and -/],
    "a choice with a typing error": [
      "spec.upgrade.mode",
      "save-point",
      "spec.upgrade.mode",
      "ValueInvalid",
      /must be one of savepoint, last-state, stateless, not "save-point"; did you mean savepoint\?/,
    ],
    "a duration that is a number": [
      "spec.checkpoints.interval",
      10,
      "spec.checkpoints.interval",
      "TypeInvalid",
      /must be a duration such as "500 ms", "10s", "5 min" or "1h30m", not 10/,
    ],
    "a duration in weeks": [
      "spec.savepoints.retain.age",
      "1w",
      "spec.savepoints.retain.age",
      "DurationInvalid",
      /1h30m/,
    ],
    "a duration below its bound": [
      "spec.checkpoints.interval",
      "9ms",
      "spec.checkpoints.interval",
      "OutOfBounds",
      /"9ms" is out of bounds: it must be a duration from 10ms to 8760h/,
    ],
    "a number above its bound": [
      "spec.parallelism",
      2000,
      "spec.parallelism",
      "OutOfBounds",
      /it must be a whole number from 1 to 1024, not 2000/,
    ],
    "a number that is a text": ["spec.parallelism", "4", "spec.parallelism", "TypeInvalid", /not "4"/],
    "a number that is not whole": [
      "spec.parallelism",
      1.5,
      "spec.parallelism",
      "TypeInvalid",
      /a whole number .*not 1.5/,
    ],
    "a text that is a number": [
      "spec.config.a",
      1,
      "spec.config.a",
      "TypeInvalid",
      /must be a text of at most 4096 characters, not 1; put it in quotes/,
    ],
    "an empty part": ["spec.restart", null, "spec.restart", "TypeInvalid", /must be an object, not null/],
    "a schedule of six fields": [
      "spec.savepoints.schedule",
      "0 0 3 * * *",
      "spec.savepoints.schedule",
      "ValueInvalid",
      /five cron fields/,
    ],
    "a variable that is there twice": [
      "spec.job.env.1.name",
      "LEVEL",
      "spec.job.env[1].name",
      "Duplicate",
      /"LEVEL" occurs twice/,
    ],
    "a nonce that is a list": ["spec.restartNonce", [], "spec.restartNonce", "TypeInvalid", /whole number or text/],
    "an amount that is none": [
      "spec.taskManager.resources.limits",
      { memory: "1 GB" },
      "spec.taskManager.resources.limits.memory",
      "ValueInvalid",
      /amount such as/,
    ],
    "engine flink": [
      "spec.engine",
      "flink",
      "spec.engine",
      "NotInThisVersion",
      /engine flink is not supported in this version/,
    ],
    "two programs": [
      "spec.job.module",
      "a.ts",
      "spec.job",
      "Contradiction",
      /exactly one of module, configMap, inline, sql and jar/,
    ],
    "items without the module": [
      "spec.job.configMap.key",
      "other.ts",
      "spec.job.configMap",
      "Contradiction",
      /items must have an item for job.configMap.key/,
    ],
    "a parallelism above the maximum": [
      "spec.maxParallelism",
      3,
      "spec.parallelism",
      "Contradiction",
      /must not exceed maxParallelism/,
    ],
    "too few slots": [
      "spec.taskManager.slots",
      1,
      "spec.taskManager.slots",
      "Contradiction",
      /must not be below parallelism/,
    ],
    "a savepoint that would be deleted": [
      "spec.savepoints.path",
      undefined,
      "spec.deletion.savepoint",
      "Contradiction",
      /would delete the savepoint/,
    ],
    "a parameter of another strategy": [
      "spec.restart.delay",
      "1s",
      "spec.restart.delay",
      "Contradiction",
      /belongs to strategy fixed-delay or failure-rate/,
    ],
    "an option that has a field": [
      "spec.config",
      { "parallelism.default": "2" },
      "spec.config",
      "Reserved",
      /set the field/,
    ],
    "a variable of the operator": [
      "spec.job.env.0.name",
      "STREAMJOB_CONFIG",
      "spec.job.env[0].name",
      "Reserved",
      /are reserved for the operator/,
    ],
    "a restore from two places": [
      "spec.restore.path",
      "/x",
      "spec.restore",
      "Contradiction",
      /exactly one of path and snapshot/,
    ],
  };
  for (const [what, [at, value, path, reason, message]] of Object.entries(table)) {
    it(`refuses ${what}, once, with path, reason and what to write`, () => {
      const issues = issuesOf(changed(fullJob(), at, value));
      assert.deepEqual(
        issues.map((issue) => ({ path: issue.path, reason: issue.reason })),
        [{ path, reason }],
        JSON.stringify(issues),
      );
      assert.match(issues[0]?.message ?? "", message);
    });
  }

  it("says all that is wrong at once, and asks the rules of other places (VAL1, VAL3)", () => {
    let object = changed(fullJob(), "spec.engin", "native");
    object = changed(object as object, "spec.checkpoints.interval", "ten");
    object = changed(object as object, "spec.job.module", "a.ts");
    object = changed(object as object, "kind", "StreamJobs");
    assert.deepEqual(
      issuesOf(object)
        .map(({ path }) => path)
        .toSorted(),
      ["kind", "spec.checkpoints.interval", "spec.engin", "spec.job"],
    );
  });

  it("refuses what is no object at all", () => {
    for (const object of [null, undefined, 3, "x", []]) assert.equal(issuesOf(object)[0]?.reason, "TypeInvalid");
    for (const spec of [null, 3, "x", []]) assert.ok(issuesOf({ ...smallJob(), spec }).length === 1);
  });

  it("lets each restart strategy have its own parameters only", () => {
    const parameters: Readonly<Record<string, unknown>> = {
      attempts: 2,
      delay: "1s",
      maxFailures: 2,
      interval: "1s",
      initialBackoff: "1s",
      maxBackoff: "1s",
      multiplier: 2,
      jitter: 0,
      resetAfter: "1s",
    };
    const acceptedBy = (strategy: string): string[] =>
      Object.entries(parameters)
        .filter(
          ([name, value]) => issuesOf(changed(smallJob(), "spec.restart", { strategy, [name]: value })).length === 0,
        )
        .map(([name]) => name);
    assert.deepEqual(acceptedBy("none"), []);
    assert.deepEqual(acceptedBy("fixed-delay"), ["attempts", "delay"]);
    assert.deepEqual(acceptedBy("failure-rate"), ["delay", "maxFailures", "interval"]);
    assert.deepEqual(acceptedBy("exponential-delay"), [
      "attempts",
      "initialBackoff",
      "maxBackoff",
      "multiplier",
      "jitter",
      "resetAfter",
    ]);
  });

  it("lets maxParallelism be set, but not changed or removed", () => {
    const [without, small, large] = [smallJob(), smallJob({ maxParallelism: 8 }), smallJob({ maxParallelism: 16 })];
    assert.deepEqual(issuesOf(small, without), []);
    assert.deepEqual(issuesOf(small, small), []);
    for (const after of [large, without]) {
      assert.deepEqual(
        issuesOf(after, small).map(({ path, reason }) => [path, reason]),
        [["spec.maxParallelism", "Immutable"]],
      );
    }
  });
});

describe("validation of a StreamJobSnapshot", () => {
  const snapshot = {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJobSnapshot",
    metadata: { name: "wc-monday", namespace: "default" },
    spec: { jobRef: { name: "wc" } },
  };

  it("accepts one with only a job's name, and says what is wrong with others", () => {
    assert.equal(validateSnapshot(snapshot).kind, "valid");
    const validated = validateSnapshot({ ...snapshot, spec: { jobref: { name: "wc" } } });
    assert.deepEqual(validated.kind === "invalid" && validated.issues.map(({ path }) => path), [
      "spec.jobRef",
      "spec.jobref",
    ]);
  });

  it("lets only disposeOnDelete change", () => {
    const kept = { ...snapshot, spec: { ...snapshot.spec, disposeOnDelete: false } };
    assert.equal(validateSnapshot(kept, snapshot).kind, "valid");
    const other = { ...snapshot, spec: { jobRef: { name: "other" } } };
    const moved = { ...snapshot, spec: { ...snapshot.spec, path: "/x" } };
    for (const after of [other, moved]) assert.equal(validateSnapshot(after, snapshot).kind, "invalid");
  });
});
