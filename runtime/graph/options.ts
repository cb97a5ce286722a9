/**
 * Owns: the options of a job as `name=value`: which there are, how a set of them is read, and their page.
 * Not here: the settings they make (settings/table.ts), restart strategies (restart-options.ts).
 * Called by: the job module's loader (`-D`), tools that write docs/options.md.
 *
 * OPT1 Nothing is ignored: an unknown name, a value that is no value, and two options that contradict each other are errors.
 * OPT2 Every option of the table can be parsed, and every line of docs/options.md comes from it.
 */
import { StreamError } from "../../base/index.ts";
import {
  type NamedSetting,
  optionText,
  restartStrategy,
  type Setting,
  settings,
  settingsIn,
  strategyNames,
  strategyParameters,
  valueInWords,
} from "../../settings/index.ts";
import type { ConfigurationChange } from "./configuration.ts";
import { nearestNames } from "./nearest-names.ts";
import { restartOf, restartSettings } from "./restart-options.ts";
import { changeOf, type GivenSetting } from "./setting-layer.ts";
import { optionForm, readOption } from "./setting-values.ts";

/** Every setting of a job, with its name in code and manifests. */
export const jobSettings: readonly NamedSetting[] = [
  ...settingsIn(settings),
  { name: "restart.strategy", setting: restartStrategy },
  ...strategyNames.flatMap((strategy) => settingsIn(strategyParameters(strategy), "restart.")),
];

const byOption: ReadonlyMap<string, Setting> = new Map(
  jobSettings.flatMap(({ setting }) =>
    [setting.option, ...(setting.aliases ?? [])].map((option) => [option, setting] as const),
  ),
);

/**
 * Reads `name -> value` pairs, as from `-D name=value`, into settings.
 * Errors: OPTION_UNKNOWN with the nearest names; OPTION_INVALID with what is allowed, or with the two that contradict.
 */
export function parseOptions(values: Readonly<Record<string, string>>): ConfigurationChange {
  const given = new Map<Setting, GivenSetting>();
  for (const [name, value] of Object.entries(values)) {
    const setting = byOption.get(name);
    if (setting === undefined) throw unknownOption(name);
    const other = given.get(setting);
    if (other !== undefined && values[other.where]?.trim() !== value.trim()) {
      throw new StreamError(
        "OPTION_INVALID",
        `${other.where} and ${name} are two names for the same option with different values; set only one of them`,
        { destiny: "terminal" },
      );
    }
    given.set(setting, { value: readOption(setting, value, name), where: name });
  }
  const plain = new Map([...given].filter(([setting]) => !restartSettings.has(setting)));
  return changeOf(plain, restartOf(given));
}

/** All options as a Markdown page's body. */
export function describeOptions(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const lines = [
    "| option | in code and manifests | value | default | meaning |",
    "|---|---|---|---|---|",
    ...jobSettings.map(({ name, setting }) => {
      const also = (setting.aliases ?? []).map((alias) => ` (also \`${alias}\`)`).join("");
      const cells = [`\`${setting.option}\`${also}`, namesOf(name, setting), optionForm(setting), defaultOf(setting)];
      return `| ${[...cells, setting.doc].map(cell).join(" | ")} |`;
    }),
    "",
    "## What is not everywhere",
    "",
    "| setting | where it is | why |",
    "|---|---|---|",
    ...jobSettings.flatMap(({ name, setting }) => {
      const { notInCode, notInManifests } = setting;
      if (notInCode === undefined && notInManifests === undefined) return [];
      const places = `option${notInCode === undefined ? ", code" : ""}${notInManifests === undefined ? ", manifest" : ""}`;
      const reasons = [...new Set([notInCode, notInManifests].filter((reason) => reason !== undefined))];
      return [`| \`${name}\` | ${places} | ${cell(reasons.join("; "))} |`];
    }),
  ];
  return lines.join("\n");
}

/** The name, where there is one. */
function namesOf(name: string, { notInCode, notInManifests }: Setting): string {
  if (notInCode !== undefined && notInManifests !== undefined) return "–";
  if (notInManifests !== undefined) return `\`${name}\` (code)`;
  return notInCode === undefined ? `\`${name}\`` : `\`${name}\` (manifest)`;
}

function defaultOf(setting: Setting): string {
  const own = setting.defaultDoc ?? inWords(setting, setting.default);
  const { manifest } = setting;
  if (manifest === undefined || (manifest.default ?? manifest.defaultDoc) === undefined) return own;
  const other = manifest.defaultDoc ?? inWords(setting, manifest.default);
  return setting.kind === "whole" && setting.endless !== undefined ? own : `${own}; in manifests ${other}`;
}

/** In the option's own words, but for durations. */
function inWords(setting: Setting, value: unknown): string {
  return setting.kind === "choice" ? optionText(setting, value) : valueInWords(setting, value);
}

function unknownOption(name: string): StreamError {
  const nearest = nearestNames(name, [...byOption.keys()]);
  const advice = nearest.length > 0 ? `did you mean ${nearest.join(", ")}?` : "docs/options.md lists all names";
  return new StreamError("OPTION_UNKNOWN", `there is no option "${name}"; ${advice}`, { destiny: "terminal" });
}
