/**
 * Owns: connections to pods of a cluster, by the host names that JobManagers have there; and what is said when a person may not have them.
 * Does not own: the way (operator/kubernetes/client/port-forward.ts).
 *
 * WPD1 A right that is missing is said once for a namespace, in one line; the API server is not asked there again.
 */
import type { Duplex } from "node:stream";
import { type ApiError, isApiError, type ObjectKey } from "../../operator/kubernetes/api/index.ts";

/** Of PortForwarder. */
type Way = { open(pod: ObjectKey, port: number): Promise<Duplex> };

export class PodConnections {
  readonly #way: Way;
  readonly #say: (text: string) => void;
  readonly #refused = new Map<string, ApiError>();

  constructor(way: Way, say: (text: string) => void) {
    this.#way = way;
    this.#say = say;
  }

  /** `host`: `<pod>.<service>.<namespace>.svc`. Errors: ApiError. */
  async open(host: string, port: number): Promise<Duplex> {
    const [name = "", , namespace = ""] = host.split(".");
    const refused = this.#refused.get(namespace);
    if (refused !== undefined) throw refused;
    try {
      return await this.#way.open({ namespace, name }, port);
    } catch (error) {
      if (isApiError(error, "Forbidden")) this.#noteRefusal(namespace, error);
      throw error;
    }
  }

  #noteRefusal(namespace: string, error: ApiError): void {
    if (this.#refused.has(namespace)) return;
    this.#refused.set(namespace, error);
    this.#say(
      `JobManagers in namespace ${namespace} cannot be asked: you need the verbs get and create on pods/portforward there. Shown is what statuses say, which may be minutes old.`,
    );
  }
}
