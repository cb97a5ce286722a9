/**
 * Owns: one operator behind a proxy of its own: it dies with the proxy, and then reaches neither API server nor JobManagers.
 */
import { type Log, systemRandom } from "../../../base/index.ts";
import { type Controller, startController } from "../../../operator/controller/index.ts";
import { nativeEngine } from "../../../operator/engine-native/index.ts";
import { HttpKubernetesApi } from "../../../operator/kubernetes/client/index.ts";
import { SievedOperator } from "../controller/sieve.ts";
import type { FaultPlan } from "../controller/sieve.ts";
import { type ProxyHooks, SieveProxy } from "./proxy.ts";
import type { World } from "./world.ts";

export type OperatorHooks = Omit<ProxyHooks, "onDeath"> & {
  /** For calls of JobManagers, by what they do. */
  readonly onJobManagerCall: FaultPlan;
  readonly onDeath: () => void;
};

export class ProxiedOperator {
  readonly #proxy: SieveProxy;
  readonly #api: HttpKubernetesApi;
  readonly #controller: Controller;

  private constructor(proxy: SieveProxy, api: HttpKubernetesApi, controller: Controller) {
    this.#proxy = proxy;
    this.#api = api;
    this.#controller = controller;
  }

  static async start(world: World, log: Log, hooks: OperatorHooks): Promise<ProxiedOperator> {
    const { clock, namespace, jobManagers } = world;
    const onDeath = (): void => {
      jobManagerWay.isDead = true;
      proxy.kill();
      hooks.onDeath();
    };
    const proxy = await SieveProxy.start(world.target, { ...hooks, onDeath });
    const jobManagerWay = new SievedOperator({ plan: hooks.onJobManagerCall, onMutation: () => undefined, onDeath });
    const api = new HttpKubernetesApi({
      baseUrl: proxy.url,
      clock,
      token: world.token,
      fieldManager: "streamjob-operator",
    });
    const controller = await startController({
      api,
      jobManagers: jobManagerWay.jobManagers(jobManagers.port),
      settings: { storageRoot: "/state", defaultImage: "streamjob:sieve", engine: nativeEngine },
      clock,
      random: systemRandom,
      log,
      identity: `sieve-${systemRandom.hex(4)}`,
      namespaces: [namespace],
      election: null,
      endpoints: null,
      // So long only a machine that is busy makes it wait.
      reconcileDeadlineMs: 30_000,
      jobManagersDeadlineMs: 20_000,
      backoff: { firstMs: 50, maxMs: 2000 },
      ...world.operator,
    });
    return new ProxiedOperator(proxy, api, controller);
  }

  /** Ends it: nothing of it is left. */
  async stop(): Promise<void> {
    await this.#controller.stop();
    this.#api.close();
    await this.#proxy.close();
  }
}
