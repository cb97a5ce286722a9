/** Owns: the part kube-controller-manager: garbage collection, namespaces, service accounts, pods of StatefulSets. */
import type { Part } from "../part.ts";
import { apiServerPart, expectHealth } from "./api-server.ts";
import { controllerManagerArguments } from "./arguments.ts";
import { controllerManagerBinary } from "./binaries.ts";

export type ControllerManager = {
  readonly url: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
};

export const controllerManagerPart: Part<ControllerManager> = {
  name: "kube-controller-manager",
  address: {
    variable: "STREAMJOB_TEST_KUBE_CONTROLLER_MANAGER",
    parse: (json) => JSON.parse(json) as ControllerManager,
  },
  binary: controllerManagerBinary,
  launch: async ({ freePort, need }) => {
    const { kubeconfigs, files, ca } = await need(apiServerPart);
    const port = await freePort();
    return {
      args: controllerManagerArguments(kubeconfigs["controller-manager"], port, files),
      gives: { url: `https://127.0.0.1:${port}`, ca },
    };
  },
  summary: ({ url }) => url,
  check: ({ url, ca }) => expectHealth(`${url}/healthz`, ca),
};
