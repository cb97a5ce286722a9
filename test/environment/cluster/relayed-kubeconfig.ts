/** Owns: kubeconfigs for who runs within a node, and so reaches the API server by its relay. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { PRIVATE_FILE } from "../../../base/index.ts";
import type { UserName } from "../kubernetes/credentials.ts";
import type { Place } from "../part.ts";
import { apiRelayPart } from "./api-relay.ts";

type Kubeconfig = { readonly clusters: readonly { readonly cluster: Record<string, string> }[] };

/** Path of one for the user, in the place's folder. */
export async function relayedKubeconfig(place: Place, user: UserName): Promise<string> {
  const { address, port, server } = await place.need(apiRelayPart);
  const config = parse(await readFile(server.kubeconfigs[user], "utf8")) as Kubeconfig;
  for (const { cluster } of config.clusters) {
    cluster["server"] = `https://${address}:${port}`;
    // The certificate is of another address.
    cluster["tls-server-name"] = "kubernetes";
  }
  const path = join(place.folder, "kubeconfig");
  await writeFile(path, stringify(config, { lineWidth: 0 }), { mode: PRIVATE_FILE });
  return path;
}
