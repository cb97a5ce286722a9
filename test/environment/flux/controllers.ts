/**
 * Owns: the parts source-controller and kustomize-controller: what Flux is made of, as far as it applies what is in Git. They are processes
 * beside the API server, and may everything there.
 */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { apiServerPart } from "../kubernetes/api-server.ts";
import { kubectlBinary } from "../kubernetes/binaries.ts";
import type { Binary, Part, Place } from "../part.ts";
import { expectOk } from "../s3-server.ts";
import { kustomizeControllerBinary, sourceControllerBinary } from "./binaries.ts";

export type FluxController = { readonly healthUrl: string };

const run = promisify(execFile);
const MODE_PRIVATE = 0o700;

function fluxPart(binary: Binary, more: (place: Place) => Promise<readonly string[]>): Part<FluxController> {
  return {
    name: binary.command,
    binary,
    programs: [kubectlBinary],
    launch: async (place) => {
      const { kubeconfigs } = await place.need(apiServerPart);
      const env = { KUBECONFIG: kubeconfigs.admin, RUNTIME_NAMESPACE: "default", HOME: place.folder };
      const kubectl = await place.program(kubectlBinary);
      const crds = join(dirname(place.binary), "crds");
      await run(kubectl, ["apply", "--server-side", "--force-conflicts", "--filename", crds], {
        env: { ...process.env, ...env },
      });
      const healthUrl = `http://127.0.0.1:${await place.freePort()}`;
      const args = [
        "--watch-all-namespaces",
        "--enable-leader-election=false",
        `--health-addr=${new URL(healthUrl).host}`,
        "--metrics-addr=0",
        ...(await more(place)),
      ];
      return { args, env, gives: { healthUrl } };
    },
    check: ({ healthUrl }) => expectOk(healthUrl, "/readyz"),
  };
}

export const sourceControllerPart = fluxPart(sourceControllerBinary, async (place) => {
  const storage = join(place.folder, "storage");
  await mkdir(storage, { mode: MODE_PRIVATE });
  const address = `127.0.0.1:${await place.freePort()}`;
  return [`--storage-path=${storage}`, `--storage-addr=${address}`, `--storage-adv-addr=${address}`];
});

export const kustomizeControllerPart = fluxPart(kustomizeControllerBinary, async () => []);
