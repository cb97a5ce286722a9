/**
 * Owns: what can be done to a cluster of ours: its servers stopped, killed, frozen and started again, a node cut off or drained; and what its
 * audit log says of one user.
 *
 * ECF1 Whatever a test breaks it mends in the end (`mend`): the cluster is shared.
 */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { freezeServer, serverPid, startServer, stopServer } from "../control.ts";
import type { RunningPart } from "../environment.ts";
import { type ApiServer, apiServerPart } from "../kubernetes/api-server.ts";
import { controllerManagerPart } from "../kubernetes/controller-manager.ts";
import { etcdPart } from "../kubernetes/etcd.ts";
import { schedulerPart } from "../kubernetes/scheduler.ts";
import type { Part } from "../part.ts";
import { apiRelayPart } from "./api-relay.ts";
import { containerdParts } from "./containerd.ts";
import { dnsPart } from "./dns.ts";
import { kubeProxyParts } from "./kube-proxy.ts";
import { kubeletParts } from "./kubelet.ts";
import { clusterNetworkPart, type NodeName } from "./network.ts";
import { type NodeMachine, nodeParts, nodeReadyPath, runWithin } from "./node.ts";

/** What can be stopped and started again. */
const servers = {
  etcd: etcdPart,
  "kube-apiserver": apiServerPart,
  "kube-controller-manager": controllerManagerPart,
  "kube-scheduler": schedulerPart,
  /** Between nodes and API server: without it nodes and pods do not reach it, and tests do. */
  "api-relay": apiRelayPart,
  coredns: dnsPart,
  "containerd-node-a": containerdParts["node-a"],
  "containerd-node-b": containerdParts["node-b"],
  "kubelet-node-a": kubeletParts["node-a"],
  "kubelet-node-b": kubeletParts["node-b"],
  "kube-proxy-node-a": kubeProxyParts["node-a"],
  "kube-proxy-node-b": kubeProxyParts["node-b"],
  /** Machines: `crashNode`, `bootNode`. */
  ...nodeParts,
} as const;

export type ServerName = Exclude<keyof typeof servers, NodeName>;

/** What runs on a node, in the order in which it starts. */
const onNode = (node: NodeName): readonly ServerName[] => [
  `containerd-${node}`,
  `kubelet-${node}`,
  `kube-proxy-${node}`,
];

const SERVES_WITHIN_MS = 120_000;
const run = promisify(execFile);

export class ClusterFailures {
  readonly #running: Readonly<Record<string, RunningPart>>;
  readonly #toMend = new Map<string, () => Promise<void>>();

  constructor(running: Readonly<Record<string, RunningPart>>) {
    this.#running = running;
  }

  get server(): ApiServer {
    return this.#part(apiServerPart.name).gives as ApiServer;
  }

  /** Where it listens and its log lies (`folder`/log). */
  part(name: ServerName): RunningPart {
    return this.#part(name);
  }

  /** Ends a server; pods of a node run on without its kubelet and containerd. */
  async stop(name: ServerName, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#toMend.set(name, () => this.start(name));
    await stopServer(this.#part(name), signal);
  }

  /** Starts it again, and resolves when it serves (a kubelet: when its node is Ready). */
  async start(name: ServerName): Promise<void> {
    await startServer(this.#part(name));
    await this.untilServing(name);
    this.#toMend.delete(name);
  }

  /** Killed, and started again at once. */
  async restart(name: ServerName): Promise<void> {
    await this.stop(name, "SIGKILL");
    await this.start(name);
  }

  /** It keeps its connections and answers nothing, until `thaw`. */
  async freeze(name: ServerName): Promise<void> {
    this.#toMend.set(`${name} frozen`, () => this.thaw(name));
    await freezeServer(this.#part(name), "SIGSTOP");
  }

  async thaw(name: ServerName): Promise<void> {
    await freezeServer(this.#part(name), "SIGCONT");
    this.#toMend.delete(`${name} frozen`);
  }

  /** Pulls a node's cable: nothing reaches it, or what runs there, but its own pods each other. */
  async cutNetwork(node: NodeName): Promise<void> {
    this.#toMend.set(`${node} cut`, () => this.mendNetwork(node));
    await this.#atCable("ip", "link", "set", node, "down");
  }

  async mendNetwork(node: NodeName): Promise<void> {
    await this.#atCable("ip", "link", "set", node, "up");
    this.#toMend.delete(`${node} cut`);
  }

  /** Gives a folder of a node a disk of its own, which a test can fill (`within`): everybody may write to it. */
  async mountSmallDisk(node: NodeName, folder: string, bytes: number): Promise<void> {
    this.#toMend.set(`${node} ${folder}`, async () => {
      await this.within(node, "umount", "--lazy", folder);
      this.#toMend.delete(`${node} ${folder}`);
    });
    await this.within(node, "mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0777`, "tmpfs", folder);
  }

  /** Runs a program on a node to its end, and gives what it printed. Errors: it fails. */
  within(node: NodeName, ...program: readonly string[]): Promise<string> {
    return runWithin(this.#part(node).gives as NodeMachine, program);
  }

  /** Takes a node's power: everything on it is dead at once, its pods too. Its disk stays. */
  async crashNode(node: NodeName): Promise<void> {
    this.#toMend.set(`${node} crashed`, () => this.bootNode(node));
    // First what is not the node's init: its end would count as one that nobody asked for.
    await Promise.all(onNode(node).map((name) => stopServer(this.#part(name), "SIGKILL")));
    await stopServer(this.#part(node), "SIGKILL");
  }

  /** Resolves when the node is Ready again. */
  async bootNode(node: NodeName): Promise<void> {
    const part = this.#part(node);
    // From its life before the crash.
    await rm(nodeReadyPath(part.folder), { force: true });
    await startServer(part);
    await this.#untilServing(node);
    for (const name of onNode(node)) await this.start(name);
    this.#toMend.delete(`${node} crashed`);
  }

  /** ECF1 In the opposite order; for `after` of a test. */
  async mend(): Promise<void> {
    for (const act of [...this.#toMend.values()].toReversed()) await act();
  }

  /** Resolves when the server answers as it did when the cluster was started. */
  untilServing(name: ServerName): Promise<void> {
    return this.#untilServing(name);
  }

  async #untilServing(name: keyof typeof servers): Promise<void> {
    const part: Part = servers[name] as Part;
    const endMs = performance.now() + SERVES_WITHIN_MS;
    for (;;) {
      try {
        return await part.check(this.#part(name).gives);
      } catch (error) {
        if (performance.now() > endMs) {
          throw new Error(`${name} does not serve again: ${String(error)}`, { cause: error });
        }
      }
      await wait(50);
    }
  }

  async #atCable(...program: readonly string[]): Promise<void> {
    const pid = await serverPid(this.#part(clusterNetworkPart.name));
    await run("nsenter", [`--target=${pid}`, "--net", "--mount", ...program]);
  }

  #part(name: string): RunningPart {
    const part = this.#running[name];
    if (part === undefined) throw new Error(`this cluster has no ${name}`);
    return part;
  }
}
