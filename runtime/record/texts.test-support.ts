/**
 * Owns: texts of any characters, for property tests. fast-check's own unit `binary` gives the same ones, but first builds a map of all of
 * Unicode in each process, which takes longer than most tests that ask for it.
 */
import fc from "fast-check";

const [SURROGATES_FIRST, SURROGATES, LAST] = [0xd800, 0x800, 0x10ffff];

/** Any code point but the halves of surrogate pairs. */
const anyCharacter = fc.nat({ max: LAST - SURROGATES }).map(
  (index) => String.fromCodePoint(index < SURROGATES_FIRST ? index : index + SURROGATES),
  (character) => {
    const code = typeof character === "string" ? (character.codePointAt(0) ?? -1) : -1;
    const isHalf = code >= SURROGATES_FIRST && code < SURROGATES_FIRST + SURROGATES;
    if (code < 0 || isHalf || String.fromCodePoint(code) !== character) throw new Error("that is no character");
    return code < SURROGATES_FIRST ? code : code - SURROGATES;
  },
);

export const anyText = (bounds: { readonly maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.string({ unit: anyCharacter, ...bounds });
