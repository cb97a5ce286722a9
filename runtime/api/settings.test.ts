import assert from "node:assert/strict";
import test from "node:test";
import { StreamError } from "../../base/index.ts";
import type { CodeOf, IsSame, restartStrategies, settings as table, StrategyName } from "../../settings/index.ts";
import { job } from "./job.ts";
import { type JobSettings, readSettings, type RestartSettings } from "./settings.ts";
import { buildStreamGraph } from "./build.ts";

type Plain<T> = { readonly [K in keyof T]: T[K] };
type ByStrategy<R extends { readonly strategy: string }> = {
  readonly [K in R["strategy"]]: Plain<Omit<Extract<R, { strategy: K }>, "strategy">>;
};

test("the types are those of the table of settings: the compiler reports what is in one and not in the other", () => {
  const isTable: IsSame<Plain<Omit<JobSettings, "restart">>, CodeOf<typeof table>> = true;
  const areStrategies: IsSame<
    ByStrategy<RestartSettings>,
    { readonly [K in StrategyName]: CodeOf<(typeof restartStrategies)[K]> }
  > = true;
  assert.deepEqual([isTable, areStrategies], [true, true]);
});

test("every setting of the course can be written in code", () => {
  const settings: JobSettings = {
    name: "words",
    parallelism: 2,
    maxParallelism: 256,
    checkpoints: {
      interval: "1s",
      mode: "exactly-once",
      timeout: "60s",
      minPause: 500,
      maxConcurrent: 1,
      failOnCheckpointingErrors: false,
      retention: "retain",
      retain: { count: 3 },
      storage: { path: "/tmp/chk" },
    },
    stateBackend: "memory",
    savepoints: { path: "/tmp/savepoints" },
    restart: { strategy: "fixed-delay", attempts: 3, delay: "10 s" },
    bufferTimeout: 0,
    watermarkInterval: "50 ms",
  };
  assert.deepEqual(readSettings(settings), {
    jobName: "words",
    parallelism: 2,
    maxParallelism: 256,
    checkpoints: {
      intervalMs: 1000,
      mode: "exactly-once",
      timeoutMs: 60_000,
      minPauseMs: 500,
      maxConcurrent: 1,
      tolerableFailures: null,
      retention: "retain",
      numRetained: 3,
      directory: "/tmp/chk",
    },
    stateBackend: "memory",
    savepointDirectory: "/tmp/savepoints",
    restart: { kind: "fixed-delay", attempts: 3, delayMs: 10_000 },
    bufferTimeoutMs: 0,
    watermarkIntervalMs: 50,
  });
});

test("an undefined setting is as good as none", () => {
  assert.deepEqual(readSettings({ name: undefined } as never), {});
});

const refused: Readonly<Record<string, readonly [unknown, StreamError["code"], RegExp]>> = {
  "a misspelt name": [{ paralelism: 2 }, "OPTION_UNKNOWN", /configure: there is no option "paralelism"/],
  "a misspelt name inside": [
    { checkpoints: { intervall: 1 } },
    "OPTION_UNKNOWN",
    /configure\.checkpoints.*"intervall"/,
  ],
  "a duration that is none": [
    { bufferTimeout: "soon" },
    "OPTION_INVALID",
    /configure\.bufferTimeout: "soon" is not a duration: write it like "500 ms"/,
  ],
  "a number as text": [
    { parallelism: "2" },
    "OPTION_INVALID",
    /configure\.parallelism is "2"; give a whole number from 1/,
  ],
  "a duration out of its bounds (SVA1)": [
    { checkpoints: { timeout: "5 ms" } },
    "OPTION_INVALID",
    /^configure\.checkpoints\.timeout is "5 ms"; give a duration from 10ms to 8760h/,
  ],
  "a duration with a part of a millisecond": [
    { hookTimeout: 20.5 },
    "OPTION_INVALID",
    /^configure\.hookTimeout is 20\.5; .*in whole milliseconds/,
  ],
  "a setting that only options have": [{ bufferDebloat: {} }, "OPTION_UNKNOWN", /"bufferDebloat"/],
  "a choice that is none": [{ checkpoints: { mode: "maybe" } }, "OPTION_INVALID", /"exactly-once", "at-least-once"/],
  "a restart strategy that is none": [
    { restart: { strategy: "fixed" } },
    "OPTION_INVALID",
    /configure\.restart\.strategy is "fixed"; give one of "none", "fixed-delay"/,
  ],
  "restart without a strategy": [{ restart: {} }, "OPTION_INVALID", /configure\.restart\.strategy is undefined/],
  "a parameter of another strategy": [
    { restart: { strategy: "fixed-delay", maxFailures: 1 } },
    "OPTION_UNKNOWN",
    /configure\.restart: there is no option "maxFailures"/,
  ],
  "two spellings that contradict (CK-6)": [
    { checkpoints: { failOnCheckpointingErrors: true, tolerableFailures: "unlimited" } },
    "OPTION_INVALID",
    /set one of the two/,
  ],
  "no object at all": ["fast", "OPTION_INVALID", /configure: expected an object/],
  "an array": [{ checkpoints: [] }, "OPTION_INVALID", /configure\.checkpoints: expected an object/],
};

for (const [sentence, [settings, code, message]] of Object.entries(refused)) {
  test(`settings refuse ${sentence} (SE1)`, () => {
    assert.throws(
      () => readSettings(settings as JobSettings),
      (error) => error instanceof StreamError && error.code === code && message.test(error.message),
    );
  });
}

test("later layers win: defaults, file name, code, options (BU1)", async () => {
  const coded = job((env) => {
    env.configure({ parallelism: 2, checkpoints: { interval: "1s", timeout: "5s" } });
    env.fromCollection([1]);
    env.configure({ checkpoints: { timeout: "6s" } });
  });
  const input = {
    defaultName: "words",
    options: { "parallelism.default": "3", "execution.checkpointing.min-pause": "7" },
  };
  const { configuration, nodes } = await buildStreamGraph(coded, input);
  assert.equal(configuration.jobName, "words");
  assert.equal(configuration.parallelism, 3);
  assert.equal(nodes[0]?.parallelism, 3);
  const { intervalMs, timeoutMs, minPauseMs } = configuration.checkpoints;
  assert.deepEqual([intervalMs, timeoutMs, minPauseMs], [1000, 6000, 7]);
  const named = await buildStreamGraph(coded, { ...input, options: { "pipeline.name": "by option" } });
  assert.equal(named.configuration.jobName, "by option");
});

test("settings out of bounds are refused when the job is built", async () => {
  const coded = job((env) => env.configure({ checkpoints: { interval: 1 } }));
  await assert.rejects(
    buildStreamGraph(coded),
    /configure\.checkpoints\.interval is 1; give a duration from 10ms to 8760h/,
  );
});
