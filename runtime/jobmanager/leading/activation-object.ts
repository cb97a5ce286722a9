/**
 * Owns: the object `activation` in an incarnation's store (IN1 of the contract): the one-way mark that it may run, and from what.
 * Not here: waiting for it (incarnation.ts), what follows from it (latest-state.ts).
 *
 * ACO1 It is created only if absent: the first one counts, whoever asks later is told which that is.
 * ACO2 An unknown outcome is read back before anything is answered.
 */
import { refuseNewer, StreamError } from "../../../base/index.ts";
import { failpoint } from "../../failures/index.ts";
import { type StoredActivation, storedActivationSchema } from "../../../contract/index.ts";
import type { ObjectStore } from "../../storage/index.ts";

const ACTIVATION = "activation";

/** null: there is none. Errors: STORE_UNAVAILABLE, CHECKPOINT_CORRUPT, FORMAT_TOO_NEW (terminal). */
export async function readActivation(store: ObjectStore): Promise<StoredActivation | null> {
  const bytes = await store.read(ACTIVATION);
  if (bytes === null) return null;
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    refuseNewer(`${store.uri}/${ACTIVATION}`, json, 1);
    return storedActivationSchema.parse(json);
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw new StreamError(
      "CHECKPOINT_CORRUPT",
      `${store.uri}/${ACTIVATION} is damaged, so it is unknown what this incarnation started from; start a new one from a savepoint`,
      { destiny: "terminal", cause },
    );
  }
}

/** The activation that counts: this one, or an earlier one (ACO1). Errors: STORE_*, CHECKPOINT_CORRUPT. */
export async function createActivation(store: ObjectStore, activation: StoredActivation): Promise<StoredActivation> {
  failpoint("jm:before-activation");
  let failure: unknown = null;
  try {
    const outcome = await store.createIfAbsent(ACTIVATION, Buffer.from(JSON.stringify(activation)));
    if (outcome === "created") {
      failpoint("jm:after-activation");
      return activation;
    }
  } catch (error) {
    failure = error;
  }
  const held = await readActivation(store);
  if (held !== null) return held;
  throw (
    failure ??
    new StreamError("STORE_UNAVAILABLE", `${store.uri} says that an activation exists, but does not return it`)
  );
}
