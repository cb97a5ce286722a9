/** Room `connectors/kit`: what connectors are made of: option checks, pacing, lines of text, answers of lookups. No package export. */
export { checkCache, type CheckedCache, LookupCache, type LookupCacheOptions } from "./lookup-cache.ts";
export { checkChoice, checkNumber, checkPort, optionInvalid } from "./option-check.ts";
export { Pace } from "./pace.ts";
export { lineOf } from "./text-line.ts";
