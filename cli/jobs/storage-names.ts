/**
 * Owns: which places the StreamJobs name that this command can ask: those of the home folder's control plane, and of a cluster that was named.
 *
 * STN1 A control plane that does not run is asked all the same, by its objects: its jobs go on when it is started again.
 * STN2 Whoever cannot be asked ends the command: what is not known to be needless is not deleted.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StreamJob, StreamJobSnapshot } from "../../crds/index.ts";
import { readObjectLog } from "../../embedded/api-server/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { placesNamedBy, placesNamedBySnapshot } from "../../operator/reconcile/index.ts";
import type { NamedPlace } from "../../runtime/checkpoint/index.ts";
import { storeUriOf } from "../../runtime/storage/index.ts";
import type { ClusterChoice } from "../manifests/manifest-command.ts";
import { listAll } from "../manifests/named-objects.ts";
import { findControlPlane, openCluster } from "../manifests/open-control-plane.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { HomeFolder } from "./home-folder.ts";

export type KnownNames = {
  readonly named: readonly NamedPlace[];
  /** Whose StreamJobs were asked, for a person. */
  readonly asked: readonly string[];
};

type Objects = { readonly jobs: readonly StreamJob[]; readonly snapshots: readonly StreamJobSnapshot[] };

/** `namespace` null: all of the cluster. Errors: of reading the control plane's objects, of openCluster, and what a cluster refuses (STN2). */
export async function namesKnownHere(
  home: HomeFolder,
  terminal: Terminal,
  cluster: ClusterChoice | null,
  namespace: string | null,
): Promise<KnownNames> {
  const named: NamedPlace[] = [];
  const asked: string[] = [];
  const add = ({ jobs, snapshots }: Objects, who: string): void => {
    const places = [...jobs.flatMap(placesNamedBy), ...snapshots.flatMap(placesNamedBySnapshot)];
    named.push(...places.map(({ location, by }) => ({ location: canonical(location), by })));
    asked.push(`${who} (${jobs.length} ${jobs.length === 1 ? "StreamJob" : "StreamJobs"})`);
  };
  if (existsSync(home.controlPlane)) add(await objectsOfHome(home, terminal), `the control plane of ${home.root}`);
  if (cluster !== null) {
    const opened = await openCluster(cluster, terminal);
    try {
      const where = namespace === null ? "all namespaces" : `namespace ${namespace}`;
      add(await objectsIn(opened.api, namespace), `the cluster, ${where}`);
    } finally {
      opened.close();
    }
  }
  return { named, asked };
}

/** STN1 */
async function objectsOfHome(home: HomeFolder, terminal: Terminal): Promise<Objects> {
  const plane = findControlPlane(home, terminal);
  if (plane !== null) {
    try {
      return await objectsIn(plane.api, null);
    } finally {
      plane.close();
    }
  }
  const objects = readObjectLog(join(home.controlPlane, "objects"));
  // The API server has let nothing into its log that is not of the shape of its kind.
  const ofKind = (kind: string): unknown => objects.filter((object) => object.kind === kind);
  const jobs = ofKind("StreamJob") as readonly StreamJob[];
  return { jobs, snapshots: ofKind("StreamJobSnapshot") as readonly StreamJobSnapshot[] };
}

async function objectsIn(api: KubernetesApi, namespace: string | null): Promise<Objects> {
  const [jobs, snapshots] = await Promise.all([
    listAll(api, "StreamJob", { namespace }),
    listAll(api, "StreamJobSnapshot", { namespace }),
  ]);
  return { jobs, snapshots };
}

/** As stores say where they are; what is no location (NMP1) stays as it is. */
function canonical(location: string): string {
  try {
    return storeUriOf(location);
  } catch {
    return location;
  }
}
