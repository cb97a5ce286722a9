/** Owns: words of `streamjob sql` on the command line. Loads nothing (CLI2 of command-line.ts). */
export const outputFormats = ["table", "csv", "json"] as const;
export type OutputFormat = (typeof outputFormats)[number];
