/**
 * Owns: finding the process of a pod whose node is on this machine: by its control group, which has the pod's uid in its name.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The program of our image. */
const PROGRAM = "pod-main.js";

/** null: no process of our image runs in the pod now. */
export function pidOfPod(uid: string): number | null {
  const group = `pod${uid}`;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (!readFileSync(`/proc/${name}/cgroup`, "utf8").includes(group)) continue;
      if (readFileSync(`/proc/${name}/cmdline`, "utf8").includes(PROGRAM)) return Number(name);
    } catch {
      // it has ended meanwhile
    }
  }
  return null;
}
