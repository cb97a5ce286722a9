import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { streamJobDefinition } from "./custom-resource-definition.ts";
import { snapshotWithDefaults, withDefaults } from "./defaults.ts";
import { parseDuration } from "../base/index.ts";
import { fullJob, smallJob } from "./manifest-examples.test-support.ts";
import { schemaAt, type StructuralSchema } from "./structural-schema.ts";
import type { StreamJobSpec } from "./stream-job-spec.ts";

const schema = schemaAt(streamJobDefinition().spec.versions[0]?.schema.openAPIV3Schema ?? {}, ["spec"]) ?? {};

/** The default as a field's description states it: number, truth value, milliseconds or word; undefined: in other words. */
function statedDefault(description: string): unknown {
  const word = /Default ([^\s,;:]+?)[.,;:]?(?:\s|$)/.exec(description)?.[1];
  if (word === undefined) return undefined;
  const duration = parseDuration(word);
  if (duration.kind === "duration") return duration.ms;
  return /^[0-9.]+$/.test(word) ? Number(word) : word === "true" || word === "false" ? word === "true" : word;
}

const small = withDefaults(smallJob().spec);
const restart = (strategy: NonNullable<StreamJobSpec["restart"]>["strategy"]) =>
  withDefaults(smallJob({ restart: { strategy } }).spec).restart as unknown as Record<string, unknown>;

/** Where the value of each field with a stated default is found. */
const resolved: Readonly<Record<string, unknown>> = {
  engine: small.engine,
  state: small.state,
  parallelism: small.parallelism,
  "checkpoints.interval": small.checkpoints.intervalMs,
  "checkpoints.mode": small.checkpoints.mode,
  "checkpoints.timeout": small.checkpoints.timeoutMs,
  "checkpoints.minPause": small.checkpoints.minPauseMs,
  "checkpoints.maxConcurrent": small.checkpoints.maxConcurrent,
  "checkpoints.retain.count": small.checkpoints.retainCount,
  stateBackend: small.stateBackend,
  "savepoints.retain.count": small.savepoints.retainCount,
  "restart.attempts": restart("fixed-delay")["attempts"],
  "restart.delay": restart("fixed-delay")["delayMs"],
  "restart.maxFailures": restart("failure-rate")["maxFailures"],
  "restart.interval": restart("failure-rate")["intervalMs"],
  "restart.initialBackoff": restart("exponential-delay")["initialMs"],
  "restart.maxBackoff": restart("exponential-delay")["maxMs"],
  "restart.multiplier": restart("exponential-delay")["multiplier"],
  "restart.jitter": restart("exponential-delay")["jitter"],
  "restart.resetAfter": restart("exponential-delay")["resetAfterMs"],
  "recovery.onFailed": small.recovery.onFailed,
  "recovery.attemptsMax": small.recovery.attemptsMax,
  "recovery.backoffInitial": small.recovery.backoffInitialMs,
  "recovery.backoffMax": small.recovery.backoffMaxMs,
  "recovery.resetAfter": small.recovery.resetAfterMs,
  "upgrade.mode": small.upgrade.mode,
  "upgrade.standby": small.upgrade.standby,
  "upgrade.savepointTimeout": small.upgrade.savepointTimeoutMs,
  "upgrade.retryBackoffMax": small.upgrade.retryBackoffMaxMs,
  "upgrade.deployTimeout": small.upgrade.deployTimeoutMs,
  "upgrade.rollback": small.upgrade.rollback,
  "upgrade.stability.window": small.upgrade.stabilityWindowMs,
  "upgrade.stability.maxRestarts": small.upgrade.stabilityMaxRestarts,
  "upgrade.approval": small.upgrade.approval,
  "upgrade.allowNonRestoredState": small.upgrade.allowNonRestoredState,
  "restore.allowNonRestoredState": resolvedRestore().allowNonRestoredState,
  "jobManager.pdb": small.jobManager.pdb,
  "taskManager.replicas": small.taskManager.replicas,
  "taskManager.pdb": small.taskManager.pdb,
  "deletion.savepoint": small.deletion.savepoint,
  "deletion.savepointTimeout": small.deletion.savepointTimeoutMs,
  "deletion.keepState": small.deletion.keepState,
  "deletion.cleanUpTimeout": small.deletion.cleanUpTimeoutMs,
};

function resolvedRestore(): { readonly allowNonRestoredState: boolean } {
  const { restore } = withDefaults(smallJob({ restore: { path: "/x" } }).spec);
  assert.ok(restore.kind === "path");
  return restore;
}

function statedDefaults(part: StructuralSchema, path: readonly string[]): [string, unknown][] {
  return Object.entries(part.properties ?? {}).flatMap(([name, child]): [string, unknown][] => {
    const here = [...path, name];
    const stated = statedDefault(child.description ?? "");
    return [
      ...(stated === undefined ? [] : [[here.join("."), stated] as [string, unknown]]),
      ...statedDefaults(child, here),
    ];
  });
}

describe("defaults", () => {
  // Not resolved here: Kubernetes' own, or of what is not in this version.
  const elsewhere = new Set(["checkpoints.incremental", "checkpoints.unaligned"]);
  const stated = statedDefaults(schema, []).filter(([path]) => !elsewhere.has(path));

  for (const [path, value] of stated) {
    it(`of spec.${path} is what its description says`, () => assert.equal(resolved[path], value));
  }

  it("are stated in the description of every field that has one", () => {
    assert.deepEqual(
      Object.keys(resolved).filter((path) => !stated.some(([each]) => each === path)),
      [],
    );
  });

  it("give a strategy without parameters its own, and a job without a strategy exponential delay", () => {
    assert.deepEqual(
      small.restart,
      withDefaults(smallJob({ restart: { strategy: "exponential-delay" } }).spec).restart,
    );
    assert.deepEqual(restart("none"), { kind: "none" });
    assert.deepEqual(restart("fixed-delay"), { kind: "fixed-delay", attempts: 1, delayMs: 1000 });
  });

  it("never contradict what is said: the longest delay is not below the first", () => {
    const spec = smallJob({
      restart: { strategy: "exponential-delay", initialBackoff: "2h" },
      recovery: { backoffInitial: "2h" },
    }).spec;
    const { restart: strategy, recovery } = withDefaults(spec);
    assert.equal(strategy.kind === "exponential-delay" && strategy.maxMs, 7_200_000);
    assert.equal(recovery.backoffMaxMs, 7_200_000);
  });

  it("give enough slots for the parallelism", () => {
    const slots = (parallelism: number, replicas: number): number =>
      withDefaults(smallJob({ parallelism, taskManager: { replicas } }).spec).taskManager.slots;
    assert.deepEqual([slots(1, 1), slots(8, 2), slots(7, 2), slots(1, 4)], [1, 4, 4, 1]);
  });

  it("change nothing that is said, and leave the object as it was (DEF1)", () => {
    const job = fullJob();
    const { taskManager, upgrade, job: program, restore, checkpoints, config } = withDefaults(job.spec);
    assert.deepEqual(job, fullJob());
    assert.deepEqual(taskManager, {
      ...fullJob().spec.taskManager,
      resources: { requests: { cpu: 1, memory: "1Gi" } },
      slots: 2,
    });
    assert.equal(upgrade.lastStateMaxAgeMs, 30_000);
    assert.deepEqual(program.source, { kind: "configMap", ...fullJob().spec.job.configMap });
    assert.deepEqual(restore, { kind: "snapshot", name: "wc-1", allowNonRestoredState: true });
    assert.deepEqual(checkpoints.storage, { kind: "path", path: "/state" });
    assert.deepEqual(config, { "execution.buffer-timeout": "10 ms" });
  });

  it("leave no field absent (DEF2)", () => {
    const absent = (value: unknown, path: string): string[] =>
      value === undefined
        ? [path]
        : typeof value !== "object" || value === null
          ? []
          : Object.entries(value).flatMap(([name, each]) => absent(each, `${path}.${name}`));
    assert.deepEqual(absent(small, "spec"), []);
  });

  it("of a snapshot: asked for by a person, files deleted with it", () => {
    assert.deepEqual(snapshotWithDefaults({ jobRef: { name: "wc" } }), {
      jobName: "wc",
      origin: "manual",
      path: null,
      disposeOnDelete: true,
    });
  });
});
