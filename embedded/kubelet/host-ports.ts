/**
 * Owns: which port of 127.0.0.1 stands for a container port of a pod.
 * Called by: the pod workers (their own ports, and those of pods whose addresses are in their environment), service-addresses.ts.
 *
 * HP1 A (pod, container port) keeps its port until it is released: a restarted pod is found where it was.
 * HP2 It does not matter who asks first: a TaskManager may ask for the port of a JobManager whose pod does not exist yet.
 * HP3 Ports are taken from below the range that systems hand out for outgoing connections (from 32768): while a process is
 *     down nobody gets its port by chance, and a client that calls it cannot end up connected to itself.
 */
import { createServer } from "node:net";
import { type Random, StreamError } from "../../base/index.ts";
import type { ObjectKey } from "../../operator/kubernetes/api/index.ts";

const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 50;

export class HostPorts {
  readonly #random: Random;
  readonly #ports = new Map<string, PodPorts>();
  readonly #taken = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Chosen free when first asked for (HP1). Errors: PORT_IN_USE when none is free. */
  portOf(pod: ObjectKey, containerPort: number): Promise<number> {
    const ofPod = this.#ofPod(pod);
    let port = ofPod.chosen.get(containerPort);
    if (port === undefined) {
      port = this.#choose();
      ofPod.chosen.set(containerPort, port);
      // A failed choice is not remembered: the next one who asks tries again.
      port.catch(() => ofPod.chosen.delete(containerPort));
    }
    return port;
  }

  /** The port if one was chosen; null otherwise: nothing can listen there. */
  async knownPortOf(pod: ObjectKey, containerPort: number): Promise<number | null> {
    return (await this.#ports.get(nameOf(pod))?.chosen.get(containerPort)) ?? null;
  }

  /** Lets go of a pod's ports. With `areStillUsed` they are given to nobody else: a process that was lost may listen there. */
  release(pod: ObjectKey, areStillUsed = false): void {
    const released = this.#ports.get(nameOf(pod));
    if (released === undefined) return;
    this.#ports.delete(nameOf(pod));
    if (areStillUsed) return;
    for (const port of released.chosen.values()) {
      port.then(
        (number) => this.#taken.delete(number),
        () => undefined, // whoever asked for it was told
      );
    }
  }

  /** Every pod that has ports. */
  pods(): readonly ObjectKey[] {
    return [...this.#ports.values()].map(({ pod }) => pod);
  }

  #ofPod(pod: ObjectKey): PodPorts {
    let ofPod = this.#ports.get(nameOf(pod));
    if (ofPod === undefined) {
      ofPod = { pod: { namespace: pod.namespace, name: pod.name }, chosen: new Map() };
      this.#ports.set(nameOf(pod), ofPod);
    }
    return ofPod;
  }

  async #choose(): Promise<number> {
    for (let i = 0; i < TRIES; i++) {
      const port = LOWEST + Math.floor(this.#random.next() * (HIGHEST - LOWEST));
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(port)) return port;
      this.#taken.delete(port);
    }
    throw new StreamError(
      "PORT_IN_USE",
      `found no free port of 127.0.0.1 between ${LOWEST} and ${HIGHEST} in ${TRIES} tries. End some processes that listen there.`,
    );
  }
}

type PodPorts = { readonly pod: ObjectKey; readonly chosen: Map<number, Promise<number>> };

const nameOf = (pod: ObjectKey): string => `${pod.namespace}/${pod.name}`;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
