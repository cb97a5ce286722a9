/** The contract that the embedded API server keeps, held against a real kube-apiserver: so neither can drift from the other. */
import { after, before, describe, it } from "node:test";
import { ClusterAdmin, describeKubernetesApi } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, controllerManagerPart, testPart } from "../environment/index.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const skip = server.skip === false ? manager.skip : server.skip;

if (skip !== false)
  describe("a real kube-apiserver", () => it("keeps the contract of a Kubernetes API server", { skip }));
else {
  const { url, ca, tokens } = server.gives();
  const admin = new ClusterAdmin({ url, ca, token: tokens.admin });
  before(() => admin.installDefinitions());
  after(() => admin.close());
  describeKubernetesApi("a real kube-apiserver", () => admin.open());
}
