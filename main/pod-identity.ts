/**
 * Owns: the identity of a pod's process: the folder that its variable names, and that nothing listens for the network without one.
 * Called by: pod-jobmanager.ts, pod-taskmanager.ts.
 */
import { environmentVariable } from "../base/index.ts";
import { podVariables } from "../contract/variables.ts";
import { invalidPodSetting } from "./pod-setting-error.ts";

/** null: there is none, and `hosts` are all of this machine alone. Errors: OPTION_INVALID when they are not. */
export function identityFolder(hosts: readonly string[]): string | null {
  const folder = environmentVariable(podVariables.identity);
  if (folder !== undefined && folder !== "") return folder;
  const open = hosts.find((host) => host !== "localhost" && host !== "::1" && !host.startsWith("127."));
  if (open === undefined) return null;
  const why = `it would listen on ${open} for whoever connects`;
  throw invalidPodSetting(
    `the variable ${podVariables.identity} is not set, so this process has no certificate: ${why}`,
  );
}
