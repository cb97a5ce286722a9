/**
 * Owns: what a resolved spec means in the runtime's own options (docs/options.md).
 *
 * RUO1 `config` is above the spec's fields, which are above what the job's code says, defaults of the spec included: a reader of the
 *     manifest knows what holds.
 */
import type { ResolvedRestart, ResolvedSpec } from "../../crds/index.ts";

/** Options for PodConfig.options. Durations in milliseconds. */
export function runtimeOptions(spec: ResolvedSpec): Record<string, string> {
  const { checkpoints } = spec;
  return {
    "execution.checkpointing.interval": ms(checkpoints.intervalMs),
    "execution.checkpointing.mode": checkpoints.mode === "exactly-once" ? "EXACTLY_ONCE" : "AT_LEAST_ONCE",
    "execution.checkpointing.timeout": ms(checkpoints.timeoutMs),
    "execution.checkpointing.min-pause": ms(checkpoints.minPauseMs),
    "execution.checkpointing.max-concurrent-checkpoints": String(checkpoints.maxConcurrent),
    "execution.checkpointing.tolerable-failed-checkpoints":
      checkpoints.tolerableFailures === null ? "unlimited" : String(checkpoints.tolerableFailures),
    "execution.checkpointing.num-retained": String(checkpoints.retainCount),
    // Whoever cancels behind the operator's back has not said that the state is to go; the operator says so itself, when it is.
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "state.backend.type": spec.stateBackend,
    ...restartOptions(spec.restart),
    ...spec.config,
  };
}

function restartOptions(restart: ResolvedRestart): Record<string, string> {
  const options: Record<string, string> = { "restart-strategy.type": restart.kind };
  const prefix = `restart-strategy.${restart.kind}`;
  switch (restart.kind) {
    case "none":
      return options;
    case "fixed-delay":
      return { ...options, [`${prefix}.attempts`]: String(restart.attempts), [`${prefix}.delay`]: ms(restart.delayMs) };
    case "failure-rate":
      return {
        ...options,
        [`${prefix}.max-failures-per-interval`]: String(restart.maxFailures),
        [`${prefix}.failure-rate-interval`]: ms(restart.intervalMs),
        [`${prefix}.delay`]: ms(restart.delayMs),
      };
    case "exponential-delay":
      return {
        ...options,
        [`${prefix}.initial-backoff`]: ms(restart.initialMs),
        [`${prefix}.max-backoff`]: ms(restart.maxMs),
        [`${prefix}.backoff-multiplier`]: String(restart.multiplier),
        [`${prefix}.reset-backoff-threshold`]: ms(restart.resetAfterMs),
        [`${prefix}.jitter-factor`]: String(restart.jitter),
        [`${prefix}.attempts-before-reset-backoff`]: restart.attempts === null ? "infinite" : String(restart.attempts),
      };
  }
}

const ms = (value: number): string => `${value} ms`;
