/**
 * Owns: the settings of restart strategies, like table.ts: `restart.strategy`, and the parameters of each beside it.
 */
import { type ChoiceSetting, LARGEST_COUNT, LONGEST_MS, type Setting } from "./setting.ts";

const HOUR_MS = 3_600_000;
const RESTART = "restart-strategy";

/** `restart.strategy`: which strategy; its parameters are in `restartStrategies`. */
export const restartStrategy = {
  kind: "choice",
  option: `${RESTART}.type`,
  aliases: [RESTART],
  field: "kind",
  default: null,
  defaultDoc: "none without checkpoints; exponential-delay with checkpoints",
  choices: {
    none: ["none", "off", "disable"],
    "fixed-delay": ["fixed-delay"],
    "failure-rate": ["failure-rate"],
    "exponential-delay": ["exponential-delay"],
  },
  doc: "What happens after a failure. A failure that a retry cannot fix fails the job with every strategy.",
  manifest: { default: "exponential-delay" },
} as const satisfies ChoiceSetting;

/** The parameters of each restart strategy, which stand beside `restart.strategy`. */
export const restartStrategies = {
  none: {},
  "fixed-delay": {
    attempts: {
      kind: "whole",
      option: `${RESTART}.fixed-delay.attempts`,
      field: "attempts",
      default: 1,
      min: 0,
      max: LARGEST_COUNT,
      doc: "Number of restarts before the job fails.",
    },
    delay: {
      kind: "duration",
      option: `${RESTART}.fixed-delay.delay`,
      field: "delayMs",
      default: 1000,
      min: 0,
      max: LONGEST_MS,
      doc: "Time between a failure and the restart.",
    },
  },
  "failure-rate": {
    maxFailures: {
      kind: "whole",
      option: `${RESTART}.failure-rate.max-failures-per-interval`,
      field: "maxFailures",
      default: 1,
      min: 0,
      max: LARGEST_COUNT,
      doc: "Maximum number of failures tolerated within the interval; one more fails the job.",
    },
    interval: {
      kind: "duration",
      option: `${RESTART}.failure-rate.failure-rate-interval`,
      field: "intervalMs",
      default: 60_000,
      min: 1,
      max: LONGEST_MS,
      doc: "Time interval over which failures are counted.",
    },
    delay: {
      kind: "duration",
      option: `${RESTART}.failure-rate.delay`,
      field: "delayMs",
      default: 1000,
      min: 0,
      max: LONGEST_MS,
      doc: "Time between a failure and the restart.",
    },
  },
  "exponential-delay": {
    initialBackoff: {
      kind: "duration",
      option: `${RESTART}.exponential-delay.initial-backoff`,
      field: "initialMs",
      default: 1000,
      min: 1,
      max: LONGEST_MS,
      doc: "The first delay.",
    },
    maxBackoff: {
      kind: "duration",
      option: `${RESTART}.exponential-delay.max-backoff`,
      field: "maxMs",
      default: 60_000,
      min: 1,
      max: LONGEST_MS,
      doc: "The longest delay; not below the first one.",
    },
    multiplier: {
      kind: "decimal",
      option: `${RESTART}.exponential-delay.backoff-multiplier`,
      field: "multiplier",
      default: 1.5,
      min: 1,
      max: 1000,
      doc: "Each delay is the previous one multiplied by this.",
    },
    resetAfter: {
      kind: "duration",
      option: `${RESTART}.exponential-delay.reset-backoff-threshold`,
      field: "resetAfterMs",
      default: HOUR_MS,
      min: 1,
      max: LONGEST_MS,
      doc: "After this time without a failure the delay is the first one again.",
    },
    jitter: {
      kind: "decimal",
      option: `${RESTART}.exponential-delay.jitter-factor`,
      field: "jitter",
      default: 0.1,
      min: 0,
      max: 1,
      doc: "Each delay is randomly varied by up to this fraction, up or down.",
    },
    attempts: {
      kind: "whole",
      option: `${RESTART}.exponential-delay.attempts-before-reset-backoff`,
      field: "attempts",
      default: null,
      endless: "infinite",
      min: 1,
      max: LARGEST_COUNT,
      doc: "Number of restarts before the job fails, unless the delay was reset in between.",
      manifest: { defaultDoc: "any number" },
    },
  },
} as const satisfies Readonly<Record<keyof typeof restartStrategy.choices, Readonly<Record<string, Setting>>>>;

/** The name of a restart strategy. */
export type StrategyName = keyof typeof restartStrategies;

export const strategyNames = Object.keys(restartStrategies) as readonly StrategyName[];

/** The parameters of one strategy, by name. */
export function strategyParameters(strategy: StrategyName): Readonly<Record<string, Setting>> {
  return restartStrategies[strategy];
}
