/**
 * Owns: where a node's control groups lie: below those of this process, in each hierarchy, so that its limits hold for nodes too.
 * Does not own: making them (node.sh). Called by: node.ts.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export type ControlGroup = {
  readonly folder: string;
  /** With which options its hierarchy is mounted, `cgroup2` for version 2. */
  readonly options: string;
};

const NO_OPTIONS = ["rw", "ro"];

/** One for each hierarchy. Errors: this machine has none that could be used. */
export async function controlGroups(name: string): Promise<readonly ControlGroup[]> {
  const groups = deriveControlGroups(
    await readFile("/proc/self/mountinfo", "utf8"),
    await readFile("/proc/self/cgroup", "utf8"),
    name,
  );
  if (groups.length === 0) throw new Error("this machine has no control groups mounted (/proc/self/mountinfo)");
  return groups;
}

/**
 * From the texts of /proc/self/mountinfo and /proc/self/cgroup. Where there is any hierarchy of version 1, version 2 is left alone: it has
 * no controllers then. A group of version 2 lies at the top, since a group that has processes may have no groups with controllers.
 */
export function deriveControlGroups(mounts: string, memberships: string, name: string): readonly ControlGroup[] {
  const pathOf = new Map<string, string>();
  for (const line of linesOf(memberships)) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    pathOf.set(controllers, path);
  }
  const mounted = linesOf(mounts).flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root = "/", point = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return type === "cgroup" || type === "cgroup2" ? [{ type, root, point, options: options.split(",") }] : [];
  });
  const first = mounted.filter(({ type }) => type === "cgroup");
  if (first.length === 0) {
    return mounted.slice(0, 1).map(({ point }) => ({ folder: join(point, name), options: "cgroup2" }));
  }
  return first.flatMap(({ root, point, options }) => {
    const wanted = options.filter((option) => !NO_OPTIONS.includes(option) && !/^(xattr|release_agent=)/.test(option));
    const path = pathOf.get(wanted.join(","));
    if (path === undefined) return [];
    const below = path.startsWith(root) ? path.slice(root.length) : path;
    const isNamed = wanted[0]?.startsWith("name=") === true;
    return [{ folder: join(point, below, name), options: [...(isNamed ? ["none"] : []), ...wanted].join(",") }];
  });
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** As node.sh and enter.sh take them. */
export const groupFolders = (groups: readonly ControlGroup[]): string =>
  groups.map(({ folder, options }) => `${folder}=${options}`).join(" ");

/** Commands that take them away, once their processes have ended. */
export function removingControlGroups(groups: readonly ControlGroup[]): readonly (readonly string[])[] {
  return [["find", ...groups.map(({ folder }) => folder), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]];
}
