/**
 * Owns: what an API server is shown with each request: headers that say who asks, and the agent that carries the connection.
 * Does not own: where they come from (cluster-credentials.ts reads a kubeconfig), the request (http-exchange.ts).
 * Called by: HttpExchanger.
 *
 * KCR1 They are asked for before each request, since tokens expire, and certificates are replaced while we run.
 * KCR2 An agent that is replaced carries what it has begun to its end.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";

export type Presented = {
  /** Authorization, impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  /** Carries TLS: authorities, client certificate, a proxy. */
  readonly agent: HttpAgent | HttpsAgent;
};

export interface Credentials {
  /**
   * As of now; the same object as long as nothing has changed. `refused`: the server took those for nobody's (401), so look afresh.
   * Errors: ApiError, when they cannot be had at the moment.
   */
  present(refused?: Presented): Promise<Presented>;
  /** Gives back the connections that are kept. */
  close(): void;
}

/** How long an idle connection is kept alive between probes. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 15_000 } as const;

/** The same at all times: a token, or an agent with a client certificate, which its owner destroys. */
export function fixedCredentials(baseUrl: string, token?: string, agent?: HttpAgent | HttpsAgent): Credentials {
  const used =
    agent ?? (new URL(baseUrl).protocol === "https:" ? new HttpsAgent(KEEP_ALIVE) : new HttpAgent(KEEP_ALIVE));
  const presented: Presented = {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    agent: used,
  };
  return {
    present: async () => presented,
    close: () => {
      if (agent === undefined) used.destroy();
    },
  };
}
