/**
 * Owns: the parts node-a and node-b: machines for nodes, made of namespaces; and running a program within one.
 * Does not own: what runs there (containerd.ts, kubelet.ts, kube-proxy.ts).
 *
 * ECM1 Whatever runs on a node ends with it: its first process is the init of a process namespace.
 * ECM2 A node writes only into its own folder: it has own layers over /etc and /var, an own /run, and sees /usr without writing there.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Part, Place } from "../part.ts";
import { type ControlGroup, controlGroups, groupFolders, removingControlGroups } from "./control-groups.ts";
import { bash, CABLE_PREFIX, clusterNetworkPart, type NodeName, nodeNames, SERVICE_RANGE } from "./network.ts";
import { nodeSoftware } from "./software.ts";

export type NodeMachine = {
  readonly name: NodeName;
  readonly folder: string;
  readonly address: string;
  readonly podRange: string;
  readonly groups: readonly ControlGroup[];
};

/** A program and its arguments. */
export type Command = { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };

const run = promisify(execFile);
const scriptPath = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));
export const NODE_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

function nodePart(name: NodeName): Part<NodeMachine> {
  return {
    name,
    binary: bash,
    programs: [nodeSoftware],
    launch: async (place) => {
      const network = await place.need(clusterNetworkPart);
      const groups = await controlGroups(`streamjob-${name}-${randomBytes(4).toString("hex")}`);
      const { address, podRange } = network.nodes[name];
      const peers = nodeNames.filter((other) => other !== name).map((other) => network.nodes[other]);
      return {
        args: [scriptPath("node.sh")],
        env: {
          PATH: NODE_PATH,
          SOFTWARE: await place.program(nodeSoftware),
          NODE: name,
          ADDRESS: address,
          PREFIX: String(CABLE_PREFIX),
          CABLE_FOLDER: network.folder,
          PORT: name,
          CLUSTER_ROUTES: SERVICE_RANGE,
          PEERS: peers.map((peer) => `${peer.podRange}=${peer.address}`).join(" "),
          GROUP_FOLDERS: groupFolders(groups),
        },
        afterwards: removingControlGroups(groups),
        gives: { name, folder: place.folder, address, podRange, groups },
      };
    },
    summary: ({ address, podRange }) => `${address}, pods ${podRange}`,
    check: async ({ folder }) => {
      if (!existsSync(join(folder, "ready"))) throw new Error("the node is not set up yet");
    },
  };
}

export const nodeParts = { "node-a": nodePart("node-a"), "node-b": nodePart("node-b") } as const;

/** How bash runs a program within a node. */
export function withinNode(node: NodeMachine, program: readonly string[]): Command {
  return {
    args: [scriptPath("enter.sh"), ...program],
    env: { PATH: NODE_PATH, NODE_FOLDER: node.folder, GROUP_FOLDERS: groupFolders(node.groups) },
  };
}

/** Runs a program within a node to its end, and gives what it printed. Errors: it fails; with what it said. */
export async function runWithin(node: NodeMachine, program: readonly string[]): Promise<string> {
  const { args, env } = withinNode(node, program);
  const { stdout } = await run("bash", args, { env: { ...process.env, ...env } });
  return stdout;
}

/** A program that runs within a node for as long as its part. */
export async function launchWithin<Gives>(
  place: Place,
  name: NodeName,
  launch: (node: NodeMachine) => Promise<{ readonly program: readonly string[]; readonly gives: Gives }>,
): Promise<Command & { readonly gives: Gives }> {
  const node = await place.need(nodeParts[name]);
  const { program, gives } = await launch(node);
  return { ...withinNode(node, program), gives };
}
