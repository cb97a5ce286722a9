/**
 * Owns: how several options of restart strategies make one strategy (RS-1 … RS-4).
 * Called by: options.ts.
 *
 * RO1 A parameter of a strategy that is not the one chosen is an error, not ignored.
 * RO2 Parameters of one strategy without `restart-strategy.type` choose that strategy.
 */
import { StreamError } from "../../base/index.ts";
import {
  restartStrategy,
  type Setting,
  type StrategyName,
  strategyNames,
  strategyParameters,
} from "../../settings/index.ts";
import type { RestartChange } from "./configuration.ts";
import type { GivenSettings } from "./setting-layer.ts";

const parameters = strategyNames.flatMap((strategy) =>
  Object.values(strategyParameters(strategy)).map((setting) => ({ strategy, setting })),
);

/** The settings of which restart strategies are made. */
export const restartSettings: ReadonlySet<Setting> = new Set([
  restartStrategy,
  ...parameters.map(({ setting }) => setting),
]);

/** The strategy that the options given make, or undefined when there are none. Throws OPTION_INVALID (RO1). */
export function restartOf(given: GivenSettings): RestartChange | undefined {
  const type = given.get(restartStrategy);
  const said = parameters.flatMap(({ strategy, setting }) => {
    const value = given.get(setting);
    return value === undefined ? [] : [{ strategy, setting, ...value }];
  });
  const kind = (type?.value as StrategyName | undefined) ?? said[0]?.strategy;
  if (kind === undefined) return undefined;
  const stranger = said.find(({ strategy }) => strategy !== kind);
  if (stranger !== undefined) {
    const chosen = type === undefined ? `${said[0]?.where} is set` : `${type.where} is ${kind}`;
    throw new StreamError(
      "OPTION_INVALID",
      `${stranger.where} belongs to another restart strategy (${chosen}); omit it, or set ${restartStrategy.option}=${stranger.strategy}`,
      { destiny: "terminal" },
    );
  }
  return { kind, ...Object.fromEntries(said.map(({ setting, value }) => [setting.field, value])) } as RestartChange;
}
