/** The contract that the embedded API server keeps, held against a real kube-apiserver: so neither can drift from the other. */
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { connectKubernetes } from "../../operator/kubernetes/client/index.ts";
import { ClusterAdmin, describeKubernetesApi } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, controllerManagerPart, testPart } from "../environment/index.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const skip = server.skip === false ? manager.skip : server.skip;

if (skip !== false)
  describe("a real kube-apiserver", () => it("keeps the contract of a Kubernetes API server", { skip }));
else {
  const { url, ca, tokens, kubeconfigs } = server.gives();
  const admin = new ClusterAdmin({ url, ca, token: tokens.admin });
  before(() => admin.installDefinitions());
  after(() => admin.close());
  // As the operator and the command line come: with a kubeconfig, here one with a client certificate.
  describeKubernetesApi("a real kube-apiserver", async () => {
    const namespace = await admin.makeNamespace("contract");
    const { api, close } = await connectKubernetes({ clock: systemClock, kubeconfig: kubeconfigs.admin });
    return { api, namespace, close: async () => close() };
  });
}
