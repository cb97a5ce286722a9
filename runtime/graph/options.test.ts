import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { StreamError } from "../../base/index.ts";
import {
  type ConfigurationChange,
  defaultConfiguration,
  mergeConfiguration,
  validateConfiguration,
} from "./configuration.ts";
import { describeOptions, jobSettings, parseOptions } from "./options.ts";

const parsed: Readonly<Record<string, readonly [string, ConfigurationChange]>> = {
  "the course's checkpoint settings": [
    `execution.checkpointing.interval=1s execution.checkpointing.mode=EXACTLY_ONCE execution.checkpointing.timeout=60s
     execution.checkpointing.min-pause=500ms execution.checkpointing.max-concurrent-checkpoints=1
     execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION
     execution.checkpointing.tolerable-failed-checkpoints=0 execution.checkpointing.num-retained=3
     execution.checkpointing.dir=/tmp/chk`,
    {
      checkpoints: {
        intervalMs: 1000,
        mode: "exactly-once",
        timeoutMs: 60_000,
        minPauseMs: 500,
        maxConcurrent: 1,
        retention: "retain",
        tolerableFailures: 0,
        numRetained: 3,
        directory: "/tmp/chk",
      },
    },
  ],
  "the job's own": [
    "pipeline.name=words parallelism.default=2 pipeline.max-parallelism=256 execution.buffer-timeout=0 pipeline.auto-watermark-interval=50ms",
    { jobName: "words", parallelism: 2, maxParallelism: 256, bufferTimeoutMs: 0, watermarkIntervalMs: 50 },
  ],
  "hashmap is another name of fs": ["state.backend.type=hashmap", { stateBackend: "fs" }],
  "an older name": ["state.savepoints.dir=/tmp/s", { savepointDirectory: "/tmp/s" }],
  "case and underscores make no difference": [
    "execution.checkpointing.mode=at-least-once",
    { checkpoints: { mode: "at-least-once" } },
  ],
  "fail-on-checkpointing-errors=true is no tolerance (CK-6)": [
    "execution.checkpointing.fail-on-checkpointing-errors=true",
    { checkpoints: { tolerableFailures: 0 } },
  ],
  "fail-on-checkpointing-errors=false is any tolerance (CK-6)": [
    "execution.checkpointing.fail-on-checkpointing-errors=false",
    { checkpoints: { tolerableFailures: null } },
  ],
  "both spellings that agree (CK-6)": [
    "execution.checkpointing.fail-on-checkpointing-errors=true execution.checkpointing.tolerable-failed-checkpoints=0",
    { checkpoints: { tolerableFailures: 0 } },
  ],
  "fixed delay (RS-2)": [
    "restart-strategy.type=fixed-delay restart-strategy.fixed-delay.attempts=3 restart-strategy.fixed-delay.delay=10s",
    { restart: { kind: "fixed-delay", attempts: 3, delayMs: 10_000 } },
  ],
  "failure rate without its type (RO2)": [
    "restart-strategy.failure-rate.max-failures-per-interval=3 restart-strategy.failure-rate.failure-rate-interval=5min",
    { restart: { kind: "failure-rate", maxFailures: 3, intervalMs: 300_000 } },
  ],
  "exponential delay (RS-4)": [
    `restart-strategy=exponential-delay restart-strategy.exponential-delay.jitter-factor=0
     restart-strategy.exponential-delay.attempts-before-reset-backoff=infinite`,
    { restart: { kind: "exponential-delay", jitter: 0, attempts: null } },
  ],
};

for (const [sentence, [text, change]] of Object.entries(parsed)) {
  test(`options: ${sentence}`, () => {
    const pairs = text.split(/\s+/).map((pair) => pair.split("=") as [string, string]);
    assert.deepEqual(parseOptions(Object.fromEntries(pairs)), change);
  });
}

const refused: Readonly<Record<string, readonly [Record<string, string>, StreamError["code"], RegExp]>> = {
  "an unknown name, with the near ones": [
    { "execution.checkpointing.intervall": "1s" },
    "OPTION_UNKNOWN",
    /did you mean execution\.checkpointing\.interval/,
  ],
  "a name's last part alone": [{ parallelism: "2" }, "OPTION_UNKNOWN", /docs\/options\.md|did you mean/],
  "a duration that is none": [
    { "execution.checkpointing.timeout": "soon" },
    "OPTION_INVALID",
    /checkpointing\.timeout: "soon" is not a duration: write it like "500 ms"/,
  ],
  "a mode that is none": [{ "execution.checkpointing.mode": "MAYBE" }, "OPTION_INVALID", /EXACTLY_ONCE, AT_LEAST_ONCE/],
  "a count that is none": [{ "parallelism.default": "two" }, "OPTION_INVALID", /"two"; give a whole number/],
  "a duration out of its bounds (SVA1)": [
    { "execution.checkpointing.timeout": "5 ms" },
    "OPTION_INVALID",
    /^execution\.checkpointing\.timeout is "5 ms"; give a duration from 10ms to 8760h$/,
  ],
  "a count out of its bounds, by the name that was written (SVA1)": [
    { "state.checkpoints.num-retained": "0" },
    "OPTION_INVALID",
    /^state\.checkpoints\.num-retained is "0"; give a whole number from 1 to 1000$/,
  ],
  "two spellings that contradict (CK-6)": [
    {
      "execution.checkpointing.fail-on-checkpointing-errors": "true",
      "execution.checkpointing.tolerable-failed-checkpoints": "3",
    },
    "OPTION_INVALID",
    /set one of the two/,
  ],
  "two names for the same option with different values": [
    { "state.savepoints.dir": "/a", "execution.checkpointing.savepoint-dir": "/b" },
    "OPTION_INVALID",
    /two names for the same option/,
  ],
  "a parameter of a strategy that is not chosen (RO1)": [
    { "restart-strategy.type": "none", "restart-strategy.fixed-delay.attempts": "3" },
    "OPTION_INVALID",
    /restart-strategy\.fixed-delay\.attempts.*restart-strategy\.type=fixed-delay/,
  ],
};

for (const [sentence, [options, code, message]] of Object.entries(refused)) {
  test(`options refuse ${sentence}`, () => {
    assert.throws(
      () => parseOptions(options),
      (error) => error instanceof StreamError && error.code === code && message.test(error.message),
    );
  });
}

test("any values are read or refused with a code, never otherwise (OPT1)", () => {
  const name = fc.constantFrom(...jobSettings.map(({ setting }) => setting.option));
  const value = fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom("1s", "true", "none", "unlimited", "fs"));
  fc.assert(
    fc.property(fc.dictionary(name, value), (options) => {
      try {
        validateConfiguration(mergeConfiguration(defaultConfiguration(), parseOptions(options)));
      } catch (error) {
        assert.ok(error instanceof StreamError && error.code === "OPTION_INVALID", String(error));
      }
    }),
  );
});

test("the page of options has a line for each (OPT2)", () => {
  const page = describeOptions();
  for (const { setting } of jobSettings) assert.ok(page.includes(`\n| \`${setting.option}\``), setting.option);
});
