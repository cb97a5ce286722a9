/** Owns: the trigger id of a savepoint's disposal: of its location alone, so that whoever asks again asks about the same. */
import { hexDigest } from "../../base/index.ts";

export function disposalTriggerId(location: string): string {
  return hexDigest(32, "disposal", location);
}
