/**
 * Owns: what a resolved spec means in the runtime's own options (docs/options.md).
 *
 * RUO1 `config` is above the spec's fields, which are above what the job's code says, defaults of the spec included: a reader of the
 *     manifest knows what holds.
 */
import type { ResolvedSpec } from "../../crds/index.ts";
import { optionText, restartStrategy, type Setting, settings, strategyParameters } from "../../settings/index.ts";
import { s3Options } from "./s3-access.ts";

/** Options for PodConfig.options. */
export function runtimeOptions(spec: ResolvedSpec): Record<string, string> {
  const { interval, mode, timeout, minPause, maxConcurrent, tolerableFailures, retain, retention } =
    settings.checkpoints;
  const { checkpoints, restart } = spec;
  const parameters = Object.values(strategyParameters(restart.kind));
  const said: readonly (readonly [Setting, unknown])[] = [
    [interval, checkpoints.intervalMs],
    [mode, checkpoints.mode],
    [timeout, checkpoints.timeoutMs],
    [minPause, checkpoints.minPauseMs],
    [maxConcurrent, checkpoints.maxConcurrent],
    [tolerableFailures, checkpoints.tolerableFailures],
    [retain.count, checkpoints.retainCount],
    // Whoever cancels behind the operator's back has not said that the state is to go; the operator says so itself, when it is.
    [retention, "retain"],
    [settings.stateBackend, spec.stateBackend],
    [restartStrategy, restart.kind],
    ...parameters.map((setting) => [setting, restart[setting.field as keyof typeof restart]] as const),
  ];
  return {
    ...Object.fromEntries(said.map(([setting, value]) => [setting.option, optionText(setting, value)])),
    ...s3Options(spec),
    ...spec.config,
  };
}
