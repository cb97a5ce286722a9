/** Room `connectors/kit`: what connectors are made of: option checks, pacing, lines of text. No package export. */
export { checkChoice, checkNumber, optionInvalid } from "./option-check.ts";
export { Pace } from "./pace.ts";
export { lineOf } from "./text-line.ts";
