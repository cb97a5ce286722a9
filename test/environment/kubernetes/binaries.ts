/**
 * Owns: building the programs of a test cluster: etcd and Kubernetes' own, from the Go module beside this file.
 * Does not own: finding one that is there already (../binary.ts). Called by: the parts of this folder.
 *
 * KBI1 What is built is what go.mod and go.sum say, to the last dependency. Another version: change go.mod, run `go mod tidy` there.
 * KBI2 Kubernetes' programs are told their version: without it they would say and serve v0.0.0.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goBuild } from "../go-install.ts";
import type { Binary } from "../part.ts";

const KUBERNETES = "1.35.4";
const ETCD = "3.6.5";
const moduleFolder = fileURLToPath(new URL("./module", import.meta.url));

/** KBI2. The flags that Kubernetes' own build gives. */
const versionFlags = Object.entries({
  gitVersion: `v${KUBERNETES}`,
  gitMajor: KUBERNETES.split(".")[0],
  gitMinor: KUBERNETES.split(".")[1],
  gitTreeState: "clean",
})
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(" ");

function built(command: string, version: string, program: string, flags: string, about: string): Binary {
  return {
    command,
    version,
    // Another version would be another contract.
    mayBeOnPath: false,
    build: async (folder, tell) => {
      tell(`building ${command} ${version}, once: about ${about} on two cores`);
      const output = join(folder, command);
      const args = ["build", "-v", "-trimpath", "-mod=readonly", "-ldflags", `-s -w ${flags}`, "-o", output, program];
      await goBuild({ command, args, env: { GOWORK: "off" }, cwd: moduleFolder, tell });
    },
  };
}

const kubernetes = (command: string, about: string): Binary =>
  built(command, KUBERNETES, `k8s.io/kubernetes/cmd/${command}`, versionFlags, about);

export const etcdBinary = built("etcd", ETCD, "go.etcd.io/etcd/server/v3", "", "a minute");
export const apiServerBinary = kubernetes("kube-apiserver", "4 minutes");
export const controllerManagerBinary = kubernetes("kube-controller-manager", "75 s");
export const schedulerBinary = kubernetes("kube-scheduler", "10 s after those");
export const kubeletBinary = kubernetes("kubelet", "30 s after those");
export const kubeProxyBinary = kubernetes("kube-proxy", "10 s after those");
export const kubectlBinary = kubernetes("kubectl", "a minute");
