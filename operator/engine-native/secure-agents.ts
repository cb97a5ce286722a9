/**
 * Owns: connections by https to JobManagers, kept between calls.
 * Called by: http-jobmanager-api.ts.
 *
 * SAG1 An agent is for one certificate of ours and one JobManager, whose identity it checks itself: Node keeps no connection whose peer is
 *     checked by a function that came with a single request.
 * SAG2 Nobody is believed for a session that was resumed: whoever answers shows a certificate at each connection.
 * SAG3 Bounded: of more than AGENTS_MAX the one that was not used for the longest time is closed.
 */
import { Agent, type AgentOptions } from "node:https";
import { clientOptions, type ExpectedPeer, type IdentityFiles } from "../../security/index.ts";

/** Two for each of some thousand incarnations, while a root is replaced. */
const AGENTS_MAX = 5000;

type Known = { readonly jobId: string; readonly agent: Agent };

export class SecureAgents {
  readonly #sockets: AgentOptions;
  /** The one that was used last comes last. */
  readonly #agents = new Map<IdentityFiles, Known>();

  constructor(sockets: AgentOptions) {
    this.#sockets = sockets;
  }

  /** `files`: the same object for as long as it is the same certificate. */
  of(files: IdentityFiles, expected: ExpectedPeer): Agent {
    const known = this.#agents.get(files);
    const { jobId } = expected;
    const agent = known?.jobId === jobId ? known.agent : this.#made(files, expected);
    this.#agents.delete(files);
    this.#agents.set(files, { jobId, agent });
    const [oldest] = this.#agents;
    if (this.#agents.size > AGENTS_MAX && oldest !== undefined) {
      this.#agents.delete(oldest[0]);
      oldest[1].agent.destroy();
    }
    return agent;
  }

  /** Cuts what is open. */
  close(): void {
    for (const { agent } of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #made(files: IdentityFiles, expected: ExpectedPeer): Agent {
    return new Agent({ ...this.#sockets, ...clientOptions(files, expected), maxCachedSessions: 0 });
  }
}
