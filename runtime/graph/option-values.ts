/**
 * Owns: how the text of an option's value is read, form by form, and what is said when it cannot be.
 */
import { readDuration as durationOf, StreamError } from "../../base/index.ts";

/** `form`: what a value looks like, in words, for messages and docs. `parse` throws OPTION_INVALID that names the option. */
export type OptionForm<V> = { readonly form: string; readonly parse: (text: string, option: string) => V };

function formOf<V>(form: string, read: (text: string) => V | undefined): OptionForm<V> {
  const parse = (text: string, option: string): V => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    throw new StreamError("OPTION_INVALID", `${option} is ${JSON.stringify(text)}; give ${form}`, {
      destiny: "terminal",
    });
  };
  return { form, parse };
}

export const readText: OptionForm<string> = formOf("a non-empty text", (text) => (text === "" ? undefined : text));

export const readDuration: OptionForm<number> = {
  form: "a duration",
  parse: (text, option) => durationOf(text.trim(), option),
};

export const readWhole: OptionForm<number> = formOf("a whole number, 0 or more", wholeOrUndefined);

export const readFraction: OptionForm<number> = formOf("a number, such as 1.5", (text) =>
  /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined,
);

export const readBoolean: OptionForm<boolean> = formOf(
  "true or false",
  (text) => ({ true: true, false: false })[text.toLowerCase()],
);

/** A whole number, or a word for "without end", which is null. */
export function readWholeOr(endless: string): OptionForm<number | null> {
  return formOf(`a whole number, 0 or more, or ${endless}`, (text) =>
    text.toLowerCase() === endless ? null : wholeOrUndefined(text),
  );
}

/** One of some names; case, `-` and `_` make no difference. */
export function readChoice<V extends string>(choices: Readonly<Record<string, V>>): OptionForm<V> {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
  const entries = Object.entries(choices);
  return formOf(`one of ${entries.map(([name]) => name).join(", ")}`, (text) => {
    return entries.find(([name]) => plain(name) === plain(text))?.[1];
  });
}

function wholeOrUndefined(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
