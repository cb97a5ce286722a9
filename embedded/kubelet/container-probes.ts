/**
 * Owns: the probes of one running process, by its container's spec.
 * Called by: pod-worker.ts.
 */
import type { Clock } from "../../base/index.ts";
import type { Container } from "../../operator/kubernetes/api/index.ts";
import { HttpProber } from "./http-prober.ts";

type Probe = NonNullable<Container["readinessProbe"]>;

export type ProbeListener = {
  readonly onReady: (isReady: boolean) => void;
  /** The container was alive and is no more. */
  readonly onDead: (message: string) => void;
};

export class ContainerProbes {
  readonly #clock: Clock;
  readonly #portOf: (containerPort: number) => Promise<number | null>;
  #probers: HttpProber[] = [];
  #isStopped = false;

  /** `portOf`: host port of a container port. */
  constructor(clock: Clock, portOf: (containerPort: number) => Promise<number | null>) {
    this.#clock = clock;
    this.#portOf = portOf;
  }

  async start(container: Container, listener: ProbeListener): Promise<void> {
    await this.#probe(container, container.readinessProbe, listener.onReady);
    await this.#probe(container, container.livenessProbe, (isAlive, message) => {
      if (!isAlive) listener.onDead(message);
    });
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#isStopped = true;
    for (const prober of this.#probers) prober.stop();
    this.#probers = [];
  }

  async #probe(
    container: Container,
    probe: Probe | undefined,
    onChange: (isGood: boolean, message: string) => void,
  ): Promise<void> {
    if (probe?.httpGet === undefined) return;
    const { port, path = "/" } = probe.httpGet;
    const named = container.ports?.find((candidate) => candidate.name === port)?.containerPort;
    const hostPort = await this.#portOf(typeof port === "number" ? port : (named ?? Number(port)));
    if (hostPort === null || this.#isStopped) return;
    this.#probers.push(new HttpProber({ probe, hostPort, path }, this.#clock, onChange));
  }
}
