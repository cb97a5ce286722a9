/** Owns: the error of a setting that a pod's process cannot read. */
import { StreamError } from "../base/index.ts";

export function invalidPodSetting(what: string, cause?: unknown): StreamError {
  const text = `${what}; a pod's process gets it from the operator, or from the embedded cluster`;
  return new StreamError("OPTION_INVALID", text, { destiny: "terminal", cause });
}
