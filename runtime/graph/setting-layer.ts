/**
 * Owns: the settings that one layer gives (code, or `-D`) put together as a change of the configuration.
 * Called by: options.ts, runtime/api/settings.ts.
 *
 * SLA1 Two settings of one layer that contradict each other are an error.
 */
import { StreamError } from "../../base/index.ts";
import { type Setting, settings } from "../../settings/index.ts";
import type { ConfigurationChange, RestartChange } from "./configuration.ts";
import { putField } from "./setting-fields.ts";

/** What was given of a setting, by what name. */
export type GivenSetting = { readonly value: unknown; readonly where: string };
export type GivenSettings = ReadonlyMap<Setting, GivenSetting>;

/** The change that a layer makes; `restart`: its strategy, if it has one. Errors: OPTION_INVALID (SLA1). */
export function changeOf(given: GivenSettings, restart: RestartChange | undefined): ConfigurationChange {
  const change: Record<string, unknown> = {};
  for (const [setting, { value }] of given) putField(change, setting.field, value);
  const failOnErrors = given.get(settings.checkpoints.failOnCheckpointingErrors);
  if (failOnErrors !== undefined) {
    const tolerable = resolveTolerableFailures(failOnErrors, given.get(settings.checkpoints.tolerableFailures));
    putField(change, settings.checkpoints.tolerableFailures.field, tolerable);
  }
  return { ...change, ...(restart === undefined ? {} : { restart }) };
}

/** CK-6: both spellings of one setting. */
function resolveTolerableFailures(failOnErrors: GivenSetting, tolerable: GivenSetting | undefined): number | null {
  const meant = failOnErrors.value === true ? 0 : null;
  if (tolerable === undefined || tolerable.value === meant) return meant;
  const words = (count: unknown): string => (count === null ? "unlimited" : String(count));
  throw new StreamError(
    "OPTION_INVALID",
    `${failOnErrors.where} is ${String(failOnErrors.value)}, which means ${words(meant)} tolerable failures, but ${tolerable.where} is ` +
      `${words(tolerable.value)}; set one of the two`,
    { destiny: "terminal" },
  );
}
