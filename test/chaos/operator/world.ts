/**
 * Owns: a cluster without processes for one life: an API server over HTTP, nodes on which every pod runs at once, and JobManagers that
 * only keep books. The API server is the embedded one, or a real kube-apiserver with its controller manager.
 *
 * SWO1 What is compared and counted is read past the proxy, from the API server itself.
 */
import { type Clock, silentLog, systemClock, systemRandom } from "../../../base/index.ts";
import { openLocalApiServer, serveHttp } from "../../../embedded/api-server/index.ts";
import { InstantKubelet } from "../../../embedded/kubelet/index.ts";
import { StatefulSetController } from "../../../embedded/workloads/index.ts";
import type { ControllerOptions } from "../../../operator/controller/index.ts";
import type { KubernetesApi } from "../../../operator/kubernetes/api/index.ts";
import { type ClusterAccess, ClusterAdmin } from "../../../operator/kubernetes/conformance/index.ts";
import { FastClock } from "./fast-clock.ts";
import { ModelJobManagers } from "./model-jobmanagers.ts";
import type { ProxyTarget } from "./proxy.ts";

/** So much faster than real time all parts run. */
const HASTE = 6;

export type World = {
  /** As a person. */
  readonly api: KubernetesApi;
  readonly namespace: string;
  readonly target: ProxyTarget;
  /** The operator's. */
  readonly token: string;
  readonly clock: Clock;
  readonly jobManagers: ModelJobManagers;
  /** Beyond what every operator of these lives is started with. */
  readonly operator?: Partial<ControllerOptions>;
  close(): Promise<void>;
};

/** `real`: null: the embedded API server, one for each world. */
export async function openWorld(real: ClusterAccess | null): Promise<World> {
  const clock = new FastClock(HASTE);
  const closers: Closers = [() => clock.stop()];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    const server = real === null ? await embedded(clock, closers) : await realServer(real, closers);
    const { api, namespace } = server;
    const parts = { api, clock, random: systemRandom, log: silentLog };
    const kubelet = new InstantKubelet({ ...parts, namespace });
    await kubelet.start();
    closers.push(() => kubelet.stop());
    const jobManagers = new ModelJobManagers({ api, namespace, clock });
    await jobManagers.start();
    closers.push(() => jobManagers.stop());
    return { ...server, clock, jobManagers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Server = Pick<World, "api" | "namespace" | "target" | "token">;
type Closers = (() => Promise<void> | void)[];

async function embedded(clock: Clock, closers: Closers): Promise<Server> {
  const parts = { clock, random: systemRandom, log: silentLog };
  const token = systemRandom.hex(16);
  const server = await openLocalApiServer(parts);
  closers.push(() => server.close());
  const http = await serveHttp({ api: server, token, clock });
  closers.push(() => http.close());
  const workloads = new StatefulSetController({ ...parts, api: server.as("statefulset-controller") });
  await workloads.start();
  closers.push(() => workloads.stop());
  return { api: server.as("person"), namespace: "default", target: { url: http.url, ca: null }, token };
}

async function realServer(access: ClusterAccess, closers: Closers): Promise<Server> {
  const admin = new ClusterAdmin(access);
  closers.push(() => admin.close());
  await admin.installDefinitions();
  const namespace = await admin.makeNamespace("sieve");
  const api = admin.api();
  closers.push(() => api.close());
  return { api, namespace, target: { url: access.url, ca: access.ca }, token: access.token ?? "" };
}

/** In model time, which stands while the machine does other things (FCL2): for what should take seconds of it. */
const PATIENCE_MS = 900_000;
const LOOK_EVERY_MS = 40;

/** Errors: with `what`, and what `said` says, when it does not hold in time. */
export async function until(
  clock: Clock,
  what: string,
  holds: () => Promise<boolean> | boolean,
  said: () => string = () => "",
): Promise<void> {
  const endMs = clock.monotonicMs() + PATIENCE_MS;
  while (!(await holds())) {
    if (clock.monotonicMs() >= endMs) throw new Error(`not within ${PATIENCE_MS} ms of model time: ${what}. ${said()}`);
    await new Promise<void>((resolve) => void systemClock.after(LOOK_EVERY_MS, resolve));
  }
}
