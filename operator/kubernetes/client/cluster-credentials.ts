/**
 * Owns: credentials from a kubeconfig or from a pod's service account, kept fresh. The only file that loads @kubernetes/client-node,
 * which knows users, plugins, OIDC, TLS and proxies.
 * Does not own: what a kubeconfig says (kubeconfig-document.ts), which one is meant (connect.ts).
 *
 * CLC1 The library is loaded when it is needed: it takes half a second and 90 MB.
 * CLC2 Every file that credentials come from is looked at before each request: a rotated token, certificate or authority counts from
 *      the next request on, without a restart. What was begun goes on to its end.
 * CLC3 After a 401 everything is read anew and plugins are asked again, at most once a second.
 * CLC4 Requests that begin together ask a plugin once.
 */
import { readFileSync, statSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions, type RequestOptions } from "node:https";
import { dirname, resolve } from "node:path";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { parse as parseYaml } from "yaml";
import { type Clock, StreamError } from "../../../base/index.ts";
import { ApiError } from "../api/index.ts";
import { type Credentials, KEEP_ALIVE, type Presented } from "./credentials.ts";
import { forLibrary, mergeKubeconfigs, parseKubeconfig } from "./kubeconfig-document.ts";

export type CredentialSource =
  /** Files, the first counting most. Those that are not there are passed over, but for the last one left. */
  | { readonly kind: "kubeconfig"; readonly paths: readonly string[]; readonly context: string | null }
  /** A pod's service account. `root`: folder before `/var/run/secrets`, for tests. */
  | { readonly kind: "inCluster"; readonly root: string };

/** Which cluster it is. */
export type ClusterFacts = {
  readonly baseUrl: string;
  /** Of the context. */
  readonly namespace: string | null;
  readonly context: string;
};

const RENEWAL_GAP_MS = 1000;

type Library = new () => KubeConfig;
type Loaded = { readonly kube: KubeConfig; readonly cluster: Cluster };

export class ClusterCredentials implements Credentials {
  readonly facts: ClusterFacts;
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #library: Library;
  #loaded: Loaded;
  /** Of the files when they were read last. */
  #stamp: string;
  #pending: Promise<Presented> | null = null;
  #presented: (Presented & { readonly tls: string }) | null = null;
  #isRefused = false;
  #renewedMs = Number.NEGATIVE_INFINITY;
  /** Replaced, and not known to be idle. */
  #retired: (HttpAgent | HttpsAgent)[] = [];

  /** Use open. */
  private constructor(source: CredentialSource, clock: Clock, library: Library) {
    this.#source = source;
    this.#clock = clock;
    this.#library = library;
    this.#loaded = load(source, library);
    this.#stamp = stampOf(source, this.#loaded);
    const { kube, cluster } = this.#loaded;
    const namespace = kube.getContextObject(kube.getCurrentContext())?.namespace?.trim() ?? "";
    this.facts = {
      baseUrl: cluster.server,
      namespace: namespace === "" ? null : namespace,
      context: kube.getCurrentContext(),
    };
  }

  /** Errors: KUBECONFIG_INVALID, KUBERNETES_CLIENT_MISSING. */
  static async open(source: CredentialSource, clock: Clock): Promise<ClusterCredentials> {
    return new ClusterCredentials(source, clock, await library());
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
      if (isRenewal || stampOf(this.#source, this.#loaded) !== this.#stamp) this.#load();
      this.#isRefused = false;
      let options = await this.#ask();
      const before = this.#presented;
      if (before !== null && before.tls !== tlsOf(options)) {
        // The library keeps an agent for a name, whatever certificate it has by now.
        this.#load();
        options = await this.#ask();
      }
      return this.#presentAs(options);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message.trim() : String(cause);
      const message = `the credentials for ${this.facts.baseUrl} cannot be read: ${what}`;
      throw new ApiError("Unavailable", message, { cause });
    }
  }

  #load(): void {
    // Taken before: what is written while it is read is seen the next time.
    const stamp = stampOf(this.#source, this.#loaded);
    this.#loaded = load(this.#source, this.#library);
    this.#stamp = stamp;
  }

  async #ask(): Promise<RequestOptions> {
    const options: RequestOptions = {};
    await this.#loaded.kube.applyToHTTPSOptions(options);
    return options;
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
    this.#presented = { headers, agent: agentOf(this.#loaded.cluster, options), tls };
    return this.#presented;
  }

  /** It takes no new requests; idle connections end now, the others when they become idle. */
  #retire(agent: HttpAgent | HttpsAgent): void {
    agent.maxFreeSockets = 0;
    for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    this.#retired = [...this.#retired, agent].filter(({ sockets }) => Object.keys(sockets).length > 0);
  }
}

async function library(): Promise<Library> {
  try {
    return (await import("@kubernetes/client-node")).KubeConfig;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message =
      "clusters are spoken to with the package @kubernetes/client-node, which is not installed here: run `npm install @kubernetes/client-node@2` beside streamjob";
    throw new StreamError("KUBERNETES_CLIENT_MISSING", message, { cause });
  }
}

function load(source: CredentialSource, Library: Library): Loaded {
  const kube = new Library();
  const where = source.kind === "kubeconfig" ? source.paths.join(", ") : "this pod's service account";
  try {
    if (source.kind === "inCluster") kube.loadFromCluster(source.root);
    else kube.loadFromString(JSON.stringify(documentOf(source)));
    const cluster = kube.getCurrentCluster();
    if (cluster === null) throw new Error("it names no cluster");
    if (!URL.canParse(cluster.server)) throw new Error(`its server ${JSON.stringify(cluster.server)} is no URL`);
    return { kube, cluster };
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new StreamError("KUBECONFIG_INVALID", `the kubeconfig ${where} cannot be used: ${what}`, { cause });
  }
}

function documentOf({ paths, context }: CredentialSource & { readonly kind: "kubeconfig" }): object {
  const documents = paths.flatMap((path) => {
    const isNeeded = paths.length === 1;
    if (!isNeeded && statSync(path, { throwIfNoEntry: false }) === undefined) return [];
    return [parseKubeconfig(parseYaml(readFileSync(path, "utf8")), dirname(resolve(path)))];
  });
  const document = mergeKubeconfigs(documents);
  const chosen = context ?? document["current-context"];
  if (chosen === null) throw new Error("it has no current-context: name a context");
  return forLibrary(document, chosen);
}

/** Changes when one of the files is replaced or written. */
function stampOf(source: CredentialSource, { kube, cluster }: Loaded): string {
  const user = kube.getCurrentUser();
  const authProvider = user?.authProvider as { readonly config?: { readonly tokenFile?: string } } | null | undefined;
  const files = [cluster.caFile, user?.certFile, user?.keyFile, authProvider?.config?.tokenFile];
  return [...(source.kind === "kubeconfig" ? source.paths : []), ...files]
    .map((path) => {
      const stats = path === undefined || path === null ? undefined : statSync(path, { throwIfNoEntry: false });
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
function agentOf({ server, proxyUrl }: Cluster, options: RequestOptions): HttpAgent | HttpsAgent {
  if (proxyUrl !== undefined && proxyUrl !== "") return Object.assign(options.agent as HttpAgent, { keepAlive: true });
  return server.startsWith("http:")
    ? new HttpAgent(KEEP_ALIVE)
    : new HttpsAgent({ ...KEEP_ALIVE, ...agentOptionsOf(options) });
}
