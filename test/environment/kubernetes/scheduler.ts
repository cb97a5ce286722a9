/** Owns: the part kube-scheduler. */
import type { Part } from "../part.ts";
import { apiServerPart, expectHealth } from "./api-server.ts";
import { componentArguments } from "./arguments.ts";
import { schedulerBinary } from "./binaries.ts";

export type Scheduler = {
  readonly url: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
};

export const schedulerPart: Part<Scheduler> = {
  name: "kube-scheduler",
  binary: schedulerBinary,
  launch: async ({ freePort, need }) => {
    const { kubeconfigs, files, ca } = await need(apiServerPart);
    const port = await freePort();
    return {
      args: componentArguments(kubeconfigs.scheduler, port, files),
      gives: { url: `https://127.0.0.1:${port}`, ca },
    };
  },
  summary: ({ url }) => url,
  check: ({ url, ca }) => expectHealth(`${url}/healthz`, ca),
};
