/** Owns: the parts containerd-node-a and containerd-node-b: a node's container runtime, with its network plugins. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Part } from "../part.ts";
import { busyboxImages, PAUSE_IMAGE } from "./busybox-image.ts";
import { bash, type NodeName } from "./network.ts";
import { launchWithin, type NodeMachine, nodeParts, runWithin } from "./node.ts";

export type Containerd = { readonly node: NodeMachine; readonly imagesPath: string };

/** Without restrict_oom_score_adj no pod starts where CAP_SYS_RESOURCE is missing. */
const configuration = (confFolder: string): string => `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${confFolder}"
`;

/**
 * Each pod has a cable of its own to its node, and everything is routed: so packets between pods of one node pass its packet filter, as
 * Services need it, without settings of the kernel's bridges. Network policies are not enforced by this plugin.
 */
const podNetwork = (podRange: string): object => ({
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    {
      type: "ptp",
      ipMasq: false,
      ipam: { type: "host-local", ranges: [[{ subnet: podRange }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

function containerdPart(name: NodeName): Part<Containerd> {
  return {
    name: `containerd-${name}`,
    binary: bash,
    programs: [busyboxImages],
    launch: async (place) =>
      launchWithin(place, name, async (node) => {
        const confFolder = join(place.folder, "net.d");
        const configPath = join(place.folder, "config.toml");
        await mkdir(confFolder);
        await writeFile(join(confFolder, "10-pods.conflist"), JSON.stringify(podNetwork(node.podRange), null, 2));
        await writeFile(configPath, configuration(confFolder));
        const imagesPath = await place.program(busyboxImages);
        return { program: ["containerd", "--config", configPath], gives: { node, imagesPath } };
      }),
    summary: () => "up",
    // What can import an image serves.
    check: async ({ node, imagesPath }) => importImages(node, imagesPath),
  };
}

/** Whether a node has an image of that name. */
export async function hasImage(node: NodeMachine, reference: string): Promise<boolean> {
  const found = await runWithin(node, ["ctr", "--namespace", "k8s.io", "images", "list", "-q", `name==${reference}`]);
  return found.trim() === reference;
}

/** Loads a docker-archive. */
export async function importImages(node: NodeMachine, archivePath: string): Promise<void> {
  await runWithin(node, ["ctr", "--namespace", "k8s.io", "images", "import", archivePath]);
}

/** Gives an image that is there another name. */
export async function nameImage(node: NodeMachine, image: string, name: string): Promise<void> {
  await runWithin(node, ["ctr", "--namespace", "k8s.io", "images", "tag", "--force", image, name]);
}

export const containerdParts = {
  "node-a": containerdPart("node-a"),
  "node-b": containerdPart("node-b"),
} as const satisfies Readonly<Record<keyof typeof nodeParts, Part<Containerd>>>;
