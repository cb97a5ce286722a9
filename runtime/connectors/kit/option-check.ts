/**
 * Owns: refusing wrong options of connectors, in one wording.
 */
import { StreamError } from "../../../base/index.ts";

/** An option that nobody can work with; found when the job is built, so trying again does not help. */
export function optionInvalid(connector: string, problem: string): StreamError {
  return new StreamError("OPTION_INVALID", `${connector}: ${problem}`, { destiny: "terminal" });
}

/** Throws OPTION_INVALID unless `value` is undefined or a number that `fits`; `bounds` says which do. */
export function checkNumber(
  connector: string,
  option: readonly [name: string, value: number | undefined],
  fits: (value: number) => boolean,
  bounds: string,
): void {
  const [name, value] = option;
  if (value === undefined || (typeof value === "number" && !Number.isNaN(value) && fits(value))) return;
  throw optionInvalid(connector, `${name} is ${String(value)}; give ${bounds}`);
}

/** Throws OPTION_INVALID unless `port` is one of TCP. */
export function checkPort(connector: string, port: number): void {
  const isPort = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65_535;
  checkNumber(connector, ["port", port], isPort, "1 to 65535");
}

/** Throws OPTION_INVALID unless `value` is one of `choices`. */
export function checkChoice(
  connector: string,
  [name, value]: readonly [name: string, value: string],
  choices: readonly string[],
): void {
  if (choices.includes(value)) return;
  throw optionInvalid(connector, `${name} is ${String(value)}; give one of ${choices.join(", ")}`);
}
