/** Owns: the broken versions of the word count as specs (jobs/troubled-words.ts). */
import { fileURLToPath } from "node:url";
import type { StreamJobSpec } from "../../crds/index.ts";
import type { Rig } from "./rig.ts";

const TROUBLED = fileURLToPath(new URL("./jobs/troubled-words.ts", import.meta.url));

/** `trouble`: as the job's option. */
export const troubled = (rig: Rig, trouble: string): Pick<StreamJobSpec, "job"> => ({
  job: { module: TROUBLED, args: rig.args(["--trouble", trouble]) },
});

/** Runs the good version until it is where a rollback goes. */
export async function becomeStable(rig: Rig): Promise<void> {
  await rig.apply(rig.manifest());
  await rig.ready();
  await rig.until("the version to be stable", async () => (await rig.status()).stable !== undefined);
}
