/** Owns: the list of parts, for `npm run env`. A new part: a file beside this one, and a line here. */
import { minioPart } from "./minio.ts";
import type { Part } from "./part.ts";
import { versitygwPart } from "./versitygw.ts";

export const parts: readonly Part[] = [minioPart as Part, versitygwPart as Part];
