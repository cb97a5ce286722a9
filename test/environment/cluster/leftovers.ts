/**
 * Owns: what a cluster that has ended has left on this machine: processes, control groups, interfaces, mounts, folders, settings.
 * Called by: tests, with what was noted while it ran.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive } from "../binary.ts";
import type { RunningPart } from "../environment.ts";
import { type ClusterNetwork, clusterNetworkPart, nodeNames } from "./network.ts";
import { type NodeMachine, nodeParts } from "./node.ts";

/** Of the kernel, which a kubelet or kube-proxy that may would change for the whole machine. */
const settingPaths = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
  "net/netfilter/nf_conntrack_max",
].map((name) => `/proc/sys/${name}`);

const GONE_WITHIN_MS = 60_000;

export type MachineSettings = Readonly<Record<string, string>>;

export async function machineSettings(): Promise<MachineSettings> {
  const known = settingPaths.filter((path) => existsSync(path));
  return Object.fromEntries(
    await Promise.all(known.map(async (path) => [path, await readFile(path, "utf8")] as const)),
  );
}

/** In words; empty: nothing is left. A control group that is gone has no process in it: the kernel sees to that. */
async function leftovers(
  running: Readonly<Record<string, RunningPart>>,
  settingsBefore: MachineSettings,
): Promise<readonly string[]> {
  const network = running[clusterNetworkPart.name]?.gives as ClusterNetwork | undefined;
  const nodes = nodeNames.map((name) => running[nodeParts[name].name]?.gives as NodeMachine | undefined);
  const groups = nodes.flatMap((node) => node?.groups ?? []);
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const settings = await machineSettings();
  return [
    ...Object.entries(running).flatMap(([name, { supervisorPid, folder }]) => [
      ...(isAlive(supervisorPid) ? [`${name} still runs (supervisor ${supervisorPid})`] : []),
      ...(existsSync(folder) ? [`the folder of ${name}: ${folder}`] : []),
      ...(mounts.includes(folder) ? [`mounts of ${name}`] : []),
    ]),
    ...groups.filter(({ folder }) => existsSync(folder)).map(({ folder }) => `the control group ${folder}`),
    ...(network !== undefined && existsSync(`/sys/class/net/${network.interface}`)
      ? [`the interface ${network.interface}`]
      : []),
    ...Object.entries(settings)
      .filter(([path, value]) => settingsBefore[path] !== value)
      .map(([path, value]) => `${path} is ${value.trim()}, and was ${settingsBefore[path]?.trim()}`),
  ];
}

/** The kernel takes away a network namespace in its own time. Errors: something is left for good. */
export async function untilNothingIsLeft(
  running: Readonly<Record<string, RunningPart>>,
  settingsBefore: MachineSettings,
): Promise<void> {
  const endMs = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = await leftovers(running, settingsBefore);
    if (left.length === 0) return;
    if (performance.now() > endMs) throw new Error(`a cluster has left on this machine:\n${left.join("\n")}`);
    await wait(50);
  }
}
