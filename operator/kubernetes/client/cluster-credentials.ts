/**
 * Owns: credentials from a kubeconfig or from a pod's service account, kept fresh.
 * Does not own: what they are (open-access.ts), which kubeconfig is meant (connect.ts).
 *
 * CLC2 Every file that credentials come from is looked at before each request: a rotated token, certificate or authority counts from
 *      the next request on, without a restart. What was begun goes on to its end.
 * CLC3 After a 401 everything is read anew and plugins are asked again, at most once a second.
 * CLC4 Requests that begin together ask a plugin once.
 */
import { statSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions } from "node:https";
import type { Clock } from "../../../base/index.ts";
import { ApiError } from "../api/index.ts";
import type { ClusterAccess, ClusterFacts, CredentialSource } from "./cluster-access.ts";
import { type Credentials, KEEP_ALIVE, type Presented } from "./credentials.ts";
import { openAccess } from "./open-access.ts";

const RENEWAL_GAP_MS = 1000;

export class ClusterCredentials implements Credentials {
  readonly facts: ClusterFacts;
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  #access: ClusterAccess;
  /** Of the files when they were read last. */
  #stamp: string;
  #pending: Promise<Presented> | null = null;
  #presented: (Presented & { readonly tls: string }) | null = null;
  #isRefused = false;
  #renewedMs = Number.NEGATIVE_INFINITY;
  /** Replaced, and not known to be idle. */
  #retired: (HttpAgent | HttpsAgent)[] = [];

  /** Use open. */
  private constructor(source: CredentialSource, clock: Clock, access: ClusterAccess) {
    this.#source = source;
    this.#clock = clock;
    this.#access = access;
    this.#stamp = stampOf(source, access);
    this.facts = access.facts;
  }

  /** Errors: KUBECONFIG_INVALID, KUBERNETES_CLIENT_MISSING. */
  static async open(source: CredentialSource, clock: Clock): Promise<ClusterCredentials> {
    return new ClusterCredentials(source, clock, await openAccess(source));
  }

  present(refused?: Presented): Promise<Presented> {
    if (refused !== undefined && refused === this.#presented) this.#isRefused = true;
    this.#pending ??= this.#look().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  close(): void {
    this.#presented?.agent.destroy();
    for (const agent of this.#retired) agent.destroy();
  }

  async #look(): Promise<Presented> {
    try {
      const nowMs = this.#clock.monotonicMs();
      const isRenewal = this.#isRefused && nowMs - this.#renewedMs >= RENEWAL_GAP_MS;
      if (isRenewal) this.#renewedMs = nowMs;
      if (isRenewal || stampOf(this.#source, this.#access) !== this.#stamp) await this.#load();
      this.#isRefused = false;
      let options = await this.#access.options();
      const before = this.#presented;
      if (before !== null && before.tls !== tlsOf(options)) {
        // The library keeps an agent for a name, whatever certificate it has by now.
        await this.#load();
        options = await this.#access.options();
      }
      return this.#presentAs(options);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message.trim() : String(cause);
      const message = `the credentials for ${this.facts.baseUrl} cannot be read: ${what}`;
      throw new ApiError("Unavailable", message, { cause });
    }
  }

  async #load(): Promise<void> {
    // Taken before: what is written while it is read is seen the next time.
    const stamp = stampOf(this.#source, this.#access);
    this.#access = await openAccess(this.#source);
    this.#stamp = stamp;
  }

  #presentAs(options: RequestOptions): Presented {
    const before = this.#presented;
    const headers = headersOf(options);
    const tls = tlsOf(options);
    if (before !== null && before.tls === tls) {
      if (JSON.stringify(before.headers) === JSON.stringify(headers)) return before;
      this.#presented = { headers, agent: before.agent, tls };
      return this.#presented;
    }
    if (before !== null) this.#retire(before.agent);
    this.#presented = { headers, agent: agentOf(this.#access, options), tls };
    return this.#presented;
  }

  /** It takes no new requests; idle connections end now, the others when they become idle. */
  #retire(agent: HttpAgent | HttpsAgent): void {
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    this.#retired = [...this.#retired, agent].filter(({ sockets }) => Object.keys(sockets).length > 0);
  }
}

/** Changes when one of the files is replaced or written. */
function stampOf(source: CredentialSource, { files }: ClusterAccess): string {
  return [...(source.kind === "kubeconfig" ? source.paths : []), ...files]
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats === undefined ? "" : `${stats.ino}/${stats.size}/${stats.mtimeMs}`;
    })
    .join();
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]);
  if (typeof auth === "string") given.push(["Authorization", `Basic ${Buffer.from(auth).toString("base64")}`]);
  return Object.fromEntries(given) as Record<string, string>;
}

function agentOptionsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): AgentOptions {
  const all = { ca, cert, key, servername, rejectUnauthorized };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Equal as long as connections may be shared. */
function tlsOf(options: RequestOptions): string {
  return Object.values(agentOptionsOf(options)).map(String).join("\n");
}

/** Ours keeps connections; of the library is what goes through a proxy. */
function agentOf({ facts: { baseUrl }, hasProxy }: ClusterAccess, options: RequestOptions): HttpAgent | HttpsAgent {
  if (hasProxy) return Object.assign(options.agent as HttpAgent, { keepAlive: true });
  return baseUrl.startsWith("http:")
    ? new HttpAgent(KEEP_ALIVE)
    : new HttpsAgent({ ...KEEP_ALIVE, ...agentOptionsOf(options) });
}
