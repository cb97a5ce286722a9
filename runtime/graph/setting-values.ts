/**
 * Owns: how the value of one setting is read, from the text of an option and from code, and what is said when it cannot be.
 * Does not own: the settings (settings/table.ts).
 * Called by: options.ts, restart-options.ts, configuration.ts, runtime/api/settings.ts.
 *
 * SVA1 A value that was read is within its setting's bounds; a message names the setting as the user wrote it.
 */
import { readDuration, StreamError } from "../../base/index.ts";
import { type ChoiceSetting, formOf, type Setting } from "../../settings/index.ts";

/** Reads the text of an option; `where`: the name that was written. Errors: OPTION_INVALID. */
export function readOption(setting: Setting, written: string, where: string): unknown {
  const text = written.trim();
  const value = setting.kind === "duration" ? readDuration(text, where) : readText(setting, text);
  if (value !== undefined && isAllowed(setting, value)) return value;
  throw wrong(where, JSON.stringify(written), optionForm(setting));
}

/** Reads what code gives for a setting; `where`: its path. Errors: OPTION_INVALID. */
export function readWritten(setting: Setting, written: unknown, where: string): unknown {
  const value = valueOfCode(setting, written, where);
  if (value !== undefined && isAllowed(setting, value)) return value;
  const shown = typeof written === "string" ? JSON.stringify(written) : String(written);
  throw wrong(where, shown, codeForm(setting));
}

/** Throws OPTION_INVALID for a value of a configuration that is out of its setting's bounds. */
export function assertAllowed(setting: Setting, value: unknown): void {
  if (value === null && setting.default === null) return;
  if (!isAllowed(setting, value)) throw wrong(setting.option, String(value), optionForm(setting));
}

/** What the text of an option looks like, in words. */
export function optionForm(setting: Setting): string {
  if (setting.kind !== "choice") return formOf(setting);
  const words = Object.values(setting.choices).map(([first, ...others]) =>
    others.length === 0 ? first : `${first} (or ${others.join(", ")})`,
  );
  return `one of ${words.join(", ")}`;
}

/** `what` of `where` is not allowed; `allowed`: what to give. */
export function wrong(where: string, what: string, allowed: string): StreamError {
  return new StreamError("OPTION_INVALID", `${where} is ${what}; give ${allowed}`, { destiny: "terminal" });
}

function isAllowed(setting: Setting, value: unknown): boolean {
  if (value === null) return setting.default === null;
  switch (setting.kind) {
    case "duration":
    case "whole":
      return Number.isSafeInteger(value) && isWithin(setting, value as number);
    case "decimal":
      return typeof value === "number" && isWithin(setting, value);
    case "flag":
      return typeof value === "boolean";
    case "text":
      return typeof value === "string" && value.trim() !== "";
    case "choice":
      return typeof value === "string" && Object.hasOwn(setting.choices, value);
  }
}

function isWithin({ min, max }: { readonly min: number; readonly max: number }, value: number): boolean {
  return value >= min && value <= max;
}

/** undefined: the text is no value. */
function readText(setting: Exclude<Setting, { kind: "duration" }>, text: string): unknown {
  switch (setting.kind) {
    case "whole":
      if (text.toLowerCase() === setting.endless) return null;
      return /^\d+$/.test(text) ? Number(text) : undefined;
    case "decimal":
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case "flag":
      return ({ true: true, false: false } as Readonly<Record<string, boolean>>)[text.toLowerCase()];
    case "text":
      return text;
    case "choice":
      return chosen(setting, text);
  }
}

/** Case, `-` and `_` make no difference. */
function chosen({ choices }: ChoiceSetting, text: string): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
  return Object.entries(choices).find(([, words]) => words.some((word) => plain(word) === plain(text)))?.[0];
}

/** undefined: it is no value. null only where the setting may be without one. */
function valueOfCode(setting: Setting, written: unknown, where: string): unknown {
  if (setting.kind === "duration") {
    return written === null && setting.orNull === true ? null : readDuration(written, where);
  }
  if (setting.kind === "whole" && setting.endless !== undefined && written === setting.endless) return null;
  return written === null ? undefined : written;
}

function codeForm(setting: Setting): string {
  switch (setting.kind) {
    case "choice":
      return `one of ${Object.keys(setting.choices)
        .map((choice) => `"${choice}"`)
        .join(", ")}`;
    case "whole":
      return setting.endless === undefined ? formOf(setting) : formOf(setting).replace(/\w+$/, '"$&"');
    case "duration":
      return `${formOf(setting)}, in whole milliseconds`;
    default:
      return formOf(setting);
  }
}
