/**
 * Owns: telling a process from any other that has or had its id. Ids are given again, and in a container the first is always 1.
 * Called by: whoever wrote a process id down and asks later whether that process lives.
 *
 * PRI1 A process is the one that was written down only if id and identity are equal: the machine's boot and the start time (Linux),
 *      or start time and command (elsewhere).
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** null: there is no such process, or it has ended and its parent has not collected it yet. */
export function processIdentity(pid: number): string | null {
  return process.platform === "linux" ? linuxIdentity(pid) : psIdentity(pid);
}

/** Whether the process that was written down with `identity` runs. null: whoever wrote it down did not know; the id decides. */
export function isSameProcess(pid: number, identity: string | null): boolean {
  return identity === null ? processIdentity(pid) !== null : processIdentity(pid) === identity;
}

function linuxIdentity(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
    // The command, in parentheses, may hold anything; what follows it are: state (3), …, start time in ticks (22).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTicks] = [fields[0], fields[19]];
    return state === "Z" || state === "X" ? null : `${boot.trim()}/${startTicks}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}

function psIdentity(pid: number): string | null {
  try {
    const text = execFileSync("ps", ["-o", "lstart=,command=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return text.trim() === "" ? null : text.trim();
  } catch (error) {
    if ((error as { status?: unknown }).status === 1) return null; // ps says so when there is no such process
    throw error;
  }
}
