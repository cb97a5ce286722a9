/** Owns: programs that people have on their side of a cluster: kubectl of the cluster's own version, Helm 3 and Helm 4. */
import { helm3Binary, helm4Binary } from "../helm.ts";
import type { Binary } from "../part.ts";
import { kubectlBinary } from "./binaries.ts";

/** By the word of `npm run env`. */
export const clusterClients: Readonly<Partial<Record<string, Binary>>> = {
  kubectl: kubectlBinary,
  helm: helm3Binary,
  helm4: helm4Binary,
};
