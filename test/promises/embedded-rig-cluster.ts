/**
 * Owns: the embedded cluster for a promise's test: a control plane of its own in the test's workspace.
 */
import { writeFileSync } from "node:fs";
import { createLog } from "../../base/index.ts";
import {
  type ControlPlane,
  kubeconfigText,
  LOCAL_IMAGE,
  operatorVariables,
  startControlPlane,
} from "../../main/control-plane/index.ts";
import type { Workspace } from "../integration/workspace.ts";
import type { ArmedImages } from "./armed-images.ts";
import { NAMESPACE, type RigCluster, type RigClusterOptions } from "./rig-cluster.ts";

export async function openEmbeddedRigCluster(
  workspace: Workspace,
  images: ArmedImages,
  options: RigClusterOptions,
): Promise<RigCluster> {
  const logFile = workspace.path("control-plane.log");
  const log = createLog({ process: "control-plane" }, { file: logFile });
  const folder = workspace.path("control-plane");
  const plane = await startControlPlane({ folder, log, images: images.table, ...options });
  return rigClusterOf(plane, workspace.path("control-plane", "checkpoints"), [folder, logFile]);
}

function rigClusterOf(plane: ControlPlane, storeFolder: string, logs: readonly string[]): RigCluster {
  const { api, server, kubelet, url, token, kubeconfig, storageRoot, controller } = plane;
  return {
    api,
    storageRoot,
    defaultImage: LOCAL_IMAGE,
    otherImage: "streamjob:next",
    controller,
    podTemplate: () => null,
    storeFolder,
    startOperator: (options) => plane.startOperator(options),
    apiUrl: url,
    operatorEnvironment: (path, apiUrl) => {
      if (apiUrl !== undefined) writeFileSync(path, kubeconfigText({ url: apiUrl, token }));
      return {
        variables: { [operatorVariables.kubeconfig]: apiUrl === undefined ? kubeconfig : path },
        settings: { storageRoot, defaultImage: LOCAL_IMAGE, addresses: "api", election: null },
      };
    },
    pidOf: (pod) => Promise.resolve(kubelet.pidOf(pod)),
    abandon: (pods) => Promise.resolve(pods.map((pod) => kubelet.abandon(pod))),
    // Only pods are lost there, and no node.
    stuck: () => Promise.resolve([]),
    recover: () => Promise.resolve(),
    addressOf: (host, port) => kubelet.addressOf(NAMESPACE, host, port),
    publish: (port) => Promise.resolve(`127.0.0.1:${port}`),
    apiAs: (fieldManager) => server.as(fieldManager),
    collected: () => server.collected(),
    compactHistory: () => Promise.resolve(server.compactHistory()),
    logs,
    close: () => plane.stop(),
  };
}
