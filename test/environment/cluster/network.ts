/**
 * Owns: the part cluster-network: the cable between a cluster's nodes, with a range of addresses that no other cluster of this machine has.
 *
 * ECN1 Two clusters never share a range: its number is in the name of the interface, and a name is given once.
 * ECN2 There is no way out: nodes know ranges of the cluster only, and this machine as a neighbour.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomInt } from "node:crypto";
import type { Part } from "../part.ts";
import { systemBinary } from "../system-binary.ts";
import { nodeSoftware } from "./software.ts";

export const nodeNames = ["node-a", "node-b"] as const;
export type NodeName = (typeof nodeNames)[number];

export type ClusterNetwork = {
  readonly folder: string;
  /** Name of this machine's end of the cable. */
  readonly interface: string;
  /** This machine's address on the cable: the API server and DNS are there for nodes and pods. */
  readonly machineAddress: string;
  /** All pods. */
  readonly podRange: string;
  readonly nodes: Readonly<Record<NodeName, { readonly address: string; readonly podRange: string }>>;
};

export const SERVICE_RANGE = "10.96.0.0/16";
export const CABLE_PREFIX = 24;
/** Second bytes of 10.x: away from what machines and container engines usually have. */
const [RANGE_FIRST, RANGE_END] = [130, 250];
const RANGE_TRIES = 500;

const script = fileURLToPath(new URL("./machine-network.sh", import.meta.url));
export const bash = systemBinary("bash", "bash");

export const clusterNetworkPart: Part<ClusterNetwork> = {
  name: "cluster-network",
  binary: bash,
  programs: [systemBinary("unshare", "util-linux"), systemBinary("nsenter", "util-linux"), nodeSoftware],
  assertPossible: () => {
    if (process.getuid?.() !== 0) throw new Error("nodes need root: they are made of namespaces, mounts and networks");
  },
  launch: async ({ folder, program }) => {
    const number = await freeNumber();
    const base = `10.${number}`;
    const nodes = Object.fromEntries(
      nodeNames.map((name, index) => [
        name,
        { address: `${base}.0.${11 + index}`, podRange: `${base}.${129 + index}.0/24` },
      ]),
    ) as ClusterNetwork["nodes"];
    const machineAddress = `${base}.0.1`;
    const routes = Object.values(nodes).flatMap(({ address, podRange }) => [address, podRange]);
    const software = await program(nodeSoftware);
    const name = `sj${number}`;
    return {
      args: [script, software, name, `${machineAddress}/${CABLE_PREFIX}`, ...routes],
      gives: { folder, interface: name, machineAddress, podRange: `${base}.128.0/17`, nodes },
    };
  },
  summary: ({ machineAddress }) => `this machine is ${machineAddress} there`,
  check: async ({ folder }) => {
    if (!existsSync(join(folder, "ready"))) throw new Error("the network is not set up yet");
  },
};

/** One whose range this machine has no route to, beside the default one. */
async function freeNumber(): Promise<number> {
  const taken = takenRanges(await readFile("/proc/net/route", "utf8"));
  for (let tries = 0; tries < RANGE_TRIES; tries++) {
    const number = randomInt(RANGE_FIRST, RANGE_END);
    if (!taken(number)) return number;
  }
  throw new Error(
    "this machine has routes to each range of 10.130.0.0 to 10.249.0.0: there is none left for a cluster",
  );
}

/** Whether a route of the text of /proc/net/route overlaps with 10.`number`.0.0/16. */
export function takenRanges(routes: string): (number: number) => boolean {
  const known = routes
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter((fields) => fields.length > 7)
    .map((fields) => ({ network: hexAddress(fields[1]), mask: hexAddress(fields[7]) }))
    .filter(({ mask }) => mask !== 0);
  return (number) => {
    const range = ((10 << 24) | (number << 16)) >>> 0;
    return known.some(({ network, mask }) => {
      const both = (mask & 0xffff0000) >>> 0;
      return (network & both) >>> 0 === (range & both) >>> 0;
    });
  };
}

/** As the kernel prints it: in the order of bytes of this machine, which is little-endian. */
function hexAddress(text = "0"): number {
  const value = Number.parseInt(text, 16);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
