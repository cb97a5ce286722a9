import assert from "node:assert/strict";
import test from "node:test";
import { StreamError } from "../../base/index.ts";
import {
  type FieldsOf,
  type IsSame,
  restartStrategies,
  settings,
  type StrategyName,
  strategyNames,
} from "../../settings/index.ts";
import { MAX_PARALLELISM_UPPER } from "../record/index.ts";
import {
  type ConfigurationChange,
  defaultConfiguration,
  effectiveRestartStrategy,
  type JobConfiguration,
  mergeConfiguration,
  type RestartStrategy,
  validateConfiguration,
} from "./configuration.ts";

type Plain<T> = { readonly [K in keyof T]: T[K] };
type Under<T, P extends string> = { readonly [K in keyof T & string as `${P}.${K}`]: T[K] };
type Fields = Plain<
  Omit<JobConfiguration, "checkpoints" | "bufferDebloat" | "s3" | "memory" | "restart"> &
    Under<JobConfiguration["checkpoints"], "checkpoints"> &
    Under<JobConfiguration["bufferDebloat"], "bufferDebloat"> &
    Under<JobConfiguration["s3"], "s3"> &
    Under<JobConfiguration["memory"], "memory">
>;
type FieldsOfStrategy = { readonly [K in StrategyName]: Plain<FieldsOf<(typeof restartStrategies)[K]>> };
type StrategyFields = { readonly [K in StrategyName]: Plain<Omit<Extract<RestartStrategy, { kind: K }>, "kind">> };

test("the types are those of the table of settings: the compiler reports what is in one and not in the other", () => {
  const isConfiguration: IsSame<Plain<FieldsOf<typeof settings>>, Fields> = true;
  const isStrategy: IsSame<FieldsOfStrategy, StrategyFields> = true;
  const areStrategies: IsSame<RestartStrategy["kind"], StrategyName> = true;
  assert.deepEqual([isConfiguration, isStrategy, areStrategies], [true, true, true]);
  assert.deepEqual(strategyNames, Object.keys(restartStrategies));
  assert.equal(settings.parallelism.max, MAX_PARALLELISM_UPPER);
  assert.equal(settings.maxParallelism.max, MAX_PARALLELISM_UPPER);
});

const configured = (...changes: ConfigurationChange[]) => changes.reduce(mergeConfiguration, defaultConfiguration());

test("the defaults are Flink's, with unlimited tolerable failures (CK-2)", () => {
  const { checkpoints } = validateConfiguration(defaultConfiguration());
  assert.deepEqual(checkpoints, {
    intervalMs: null,
    mode: "exactly-once",
    timeoutMs: 600_000,
    minPauseMs: 0,
    maxConcurrent: 1,
    tolerableFailures: null,
    retention: "delete",
    numRetained: 1,
    storeCallTimeoutMs: 60_000,
    directory: null,
  });
});

test("without checkpoints nothing is restarted, with them exponentially (RS-1)", () => {
  assert.deepEqual(effectiveRestartStrategy(configured()), { kind: "none" });
  assert.deepEqual(effectiveRestartStrategy(configured({ checkpoints: { intervalMs: 1000 } })), {
    kind: "exponential-delay",
    initialMs: 1000,
    multiplier: 1.5,
    maxMs: 60_000,
    jitter: 0.1,
    resetAfterMs: 3_600_000,
    attempts: null,
  });
});

test("a strategy that is set holds with and without checkpoints (RS-5)", () => {
  const change: ConfigurationChange = { restart: { kind: "fixed-delay", attempts: 3, delayMs: 5000 } };
  const fixed = { kind: "fixed-delay", attempts: 3, delayMs: 5000 };
  assert.deepEqual(effectiveRestartStrategy(configured(change)), fixed);
  assert.deepEqual(effectiveRestartStrategy(configured(change, { checkpoints: { intervalMs: 10 } })), fixed);
});

test("a later layer changes one parameter of the same strategy, and starts another from its defaults (CONF1)", () => {
  const code: ConfigurationChange = { restart: { kind: "fixed-delay", attempts: 3, delayMs: 5000 } };
  assert.deepEqual(configured(code, { restart: { kind: "fixed-delay", attempts: 9 } }).restart, {
    kind: "fixed-delay",
    attempts: 9,
    delayMs: 5000,
  });
  assert.deepEqual(configured(code, { restart: { kind: "failure-rate", maxFailures: 2 } }).restart, {
    kind: "failure-rate",
    maxFailures: 2,
    intervalMs: 60_000,
    delayMs: 1000,
  });
});

test("a later layer leaves what it does not name (CONF1)", () => {
  const merged = configured(
    { parallelism: 4, checkpoints: { intervalMs: 1000, timeoutMs: 50 } },
    { checkpoints: { timeoutMs: 60 } },
  );
  assert.equal(merged.parallelism, 4);
  assert.equal(merged.checkpoints.intervalMs, 1000);
  assert.equal(merged.checkpoints.timeoutMs, 60);
});

const outOfBounds: Readonly<Record<string, ConfigurationChange>> = {
  "pipeline.name": { jobName: " " },
  "parallelism.default": { parallelism: 0 },
  "pipeline.max-parallelism": { maxParallelism: 32_769 },
  "execution.checkpointing.interval": { checkpoints: { intervalMs: 9 } },
  "execution.checkpointing.timeout": { checkpoints: { timeoutMs: 9 } },
  "execution.checkpointing.min-pause": { checkpoints: { minPauseMs: -1 } },
  "execution.checkpointing.max-concurrent-checkpoints": { checkpoints: { maxConcurrent: 0 } },
  "execution.checkpointing.num-retained": { checkpoints: { numRetained: 0 } },
  "execution.checkpointing.tolerable-failed-checkpoints": { checkpoints: { tolerableFailures: -1 } },
  "execution.buffer-timeout": { bufferTimeoutMs: Number.NaN },
  "pipeline.auto-watermark-interval": { watermarkIntervalMs: 0 },
  "restart-strategy.fixed-delay.attempts": { restart: { kind: "fixed-delay", attempts: -1 } },
  "restart-strategy.failure-rate.failure-rate-interval": { restart: { kind: "failure-rate", intervalMs: 0 } },
  "restart-strategy.exponential-delay.max-backoff": {
    restart: { kind: "exponential-delay", initialMs: 100, maxMs: 99 },
  },
  "restart-strategy.exponential-delay.backoff-multiplier": { restart: { kind: "exponential-delay", multiplier: 0.5 } },
  "restart-strategy.exponential-delay.jitter-factor": { restart: { kind: "exponential-delay", jitter: 1.5 } },
};

for (const [option, change] of Object.entries(outOfBounds)) {
  test(`${option} out of its bounds is refused by name (CONF2)`, () => {
    assert.throws(
      () => validateConfiguration(configured(change)),
      (error) =>
        error instanceof StreamError && error.code === "OPTION_INVALID" && error.message.startsWith(`${option} is`),
    );
  });
}
