/**
 * Owns: the options of restart strategies, and how several of them make one strategy (RS-1 … RS-4).
 * Called by: options.ts.
 *
 * RO1 A parameter of a strategy that is not the one chosen is an error, not ignored.
 * RO2 Parameters of one strategy without `restart-strategy.type` choose that strategy.
 */
import { StreamError } from "../../base/index.ts";
import type { RestartChange, RestartStrategy } from "./configuration.ts";
import { type OptionForm, readChoice, readDuration, readFraction, readWhole, readWholeOr } from "./option-values.ts";

const PREFIX = "restart-strategy";
const TYPE = `${PREFIX}.type`;
type Kind = RestartStrategy["kind"];

const readKind = readChoice<Kind>({
  none: "none",
  off: "none",
  disable: "none",
  "fixed-delay": "fixed-delay",
  "failure-rate": "failure-rate",
  "exponential-delay": "exponential-delay",
});

type Parameter = {
  readonly kind: Kind;
  readonly name: string;
  readonly field: string;
  readonly read: OptionForm<number | null>;
  readonly defaultValue: string;
  readonly doc: string;
};

function parameter(
  kind: Kind,
  [name, field]: readonly [string, string],
  read: OptionForm<number | null>,
  [defaultValue, doc]: readonly [string, string],
): Parameter {
  return { kind, name: `${PREFIX}.${kind}.${name}`, field, read, defaultValue, doc };
}

const parameters: readonly Parameter[] = [
  parameter("fixed-delay", ["attempts", "attempts"], readWhole, ["1", "Number of restarts before the job fails."]),
  parameter("fixed-delay", ["delay", "delayMs"], readDuration, ["1 s", "Time between a failure and the restart."]),
  parameter("failure-rate", ["max-failures-per-interval", "maxFailures"], readWhole, [
    "1",
    "Maximum number of failures tolerated within the interval; one more fails the job.",
  ]),
  parameter("failure-rate", ["failure-rate-interval", "intervalMs"], readDuration, [
    "1 min",
    "Time interval over which failures are counted.",
  ]),
  parameter("failure-rate", ["delay", "delayMs"], readDuration, ["1 s", "Time between a failure and the restart."]),
  parameter("exponential-delay", ["initial-backoff", "initialMs"], readDuration, ["1 s", "The first delay."]),
  parameter("exponential-delay", ["max-backoff", "maxMs"], readDuration, ["1 min", "The longest delay."]),
  parameter("exponential-delay", ["backoff-multiplier", "multiplier"], readFraction, [
    "1.5",
    "Each delay is the previous one multiplied by this.",
  ]),
  parameter("exponential-delay", ["reset-backoff-threshold", "resetAfterMs"], readDuration, [
    "1 h",
    "After this time without a failure the delay is reset to `initial-backoff`.",
  ]),
  parameter("exponential-delay", ["jitter-factor", "jitter"], readFraction, [
    "0.1",
    "Each delay is randomly varied by up to this fraction, up or down.",
  ]),
  parameter("exponential-delay", ["attempts-before-reset-backoff", "attempts"], readWholeOr("infinite"), [
    "infinite",
    "Number of restarts before the job fails, unless the delay was reset in between.",
  ]),
];

/** For the table of all options. */
export const restartOptions: readonly {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly form: string;
  readonly defaultValue: string;
  readonly doc: string;
}[] = [
  {
    name: TYPE,
    aliases: [PREFIX],
    form: readKind.form,
    defaultValue: "none without checkpoints; exponential-delay with checkpoints",
    doc: "What happens after a failure. A failure that a retry cannot fix fails the job with every strategy.",
  },
  ...parameters.map(({ name, read, defaultValue, doc }) => ({ name, aliases: [], form: read.form, defaultValue, doc })),
];

/** The strategy that the options given make, or undefined when there are none. Throws OPTION_INVALID (RO1). */
export function parseRestart(values: ReadonlyMap<string, string>): RestartChange | undefined {
  const typeText = values.get(TYPE);
  const given = parameters.filter((entry) => values.has(entry.name));
  const kind = typeText === undefined ? given[0]?.kind : readKind.parse(typeText, TYPE);
  if (kind === undefined) return undefined;
  const stranger = given.find((entry) => entry.kind !== kind);
  if (stranger !== undefined) {
    const chosen = typeText === undefined ? `${given[0]?.name} is set` : `${TYPE} is ${typeText}`;
    throw new StreamError(
      "OPTION_INVALID",
      `${stranger.name} belongs to another restart strategy (${chosen}); omit it, or set ${TYPE}=${stranger.kind}`,
      { destiny: "terminal" },
    );
  }
  const fields = given.map((entry) => [entry.field, entry.read.parse(values.get(entry.name) ?? "", entry.name)]);
  return { kind, ...Object.fromEntries(fields) } as RestartChange;
}
