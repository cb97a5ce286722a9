/**
 * Owns: waiting until the API server serves what was just defined.
 */
import { setTimeout } from "node:timers/promises";

const NEW_LOOKS_MAX = 300;
const NEW_LOOK_EVERY_MS = 200;

/** `kubectl` rejects with what it said. `definitions`: names of them, or `--all`. Errors: the last rejection. */
export async function untilEstablished(
  kubectl: (...args: readonly string[]) => Promise<unknown>,
  definitions: string,
): Promise<void> {
  for (let looks = 1; ; looks++) {
    try {
      await kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", definitions);
      return;
    } catch (error) {
      // A definition that is so new that it has no conditions at all is an error to kubectl.
      if (looks === NEW_LOOKS_MAX || !String(error).includes("accessor error")) throw error;
      await setTimeout(NEW_LOOK_EVERY_MS);
    }
  }
}
