/**
 * Owns: the port KubernetesApi over HTTP, against a real API server or the embedded one's HTTP face.
 * Does not own: finding address and credentials (connect.ts), retries (retry.ts).
 * Called by: the operator in a cluster, the CLI, tests.
 *
 * HA1 Paths, content types and queries are Kubernetes' own; nothing here knows which server answers.
 * HA2 `get` says null only when the server says that this very object is not there. That the kind is not served (a CRD was removed)
 *     is an error: what cannot be seen is not gone.
 * HA3 A watch asks the server to end it in time, and is cut here if it does not.
 * HA4 Objects in a list carry their kind and apiVersion, which real servers leave out.
 */
import type { IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "../../../base/index.ts";
import {
  ApiError,
  type ApplyObject,
  type ApplyOptions,
  type CallOptions,
  type CreateOptions,
  type DeleteOptions,
  formatApiPath,
  fromApiStatus,
  isApiError,
  isApiStatus,
  type Kind,
  type Kinds,
  type KubernetesApi,
  type KubernetesObject,
  type ListOptions,
  type ListPage,
  type LogOptions,
  type ObjectKey,
  parseApiStatus,
  type PatchOptions,
  resources,
  type WatchEnd,
  type WatchEvent,
  type WatchOptions,
} from "../api/index.ts";
import { type Credentials, fixedCredentials } from "./credentials.ts";
import { type Answer, type Exchange, HttpExchanger } from "./http-exchange.ts";

export type HttpKubernetesApiOptions = {
  /** Such as https://10.0.0.1:6443. */
  readonly baseUrl: string;
  readonly clock: Clock;
  /** Bearer token, where that is all that there is to say. */
  readonly token?: string;
  /** In place of `token`. Whoever made them closes them. */
  readonly credentials?: Credentials;
  /** Who creates, updates and patches, for managedFields. Default "streamjob". */
  readonly fieldManager?: string;
  /** Of a call. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How long the server may keep a watch. Default 5 min. */
  readonly watchTimeoutMs?: number;
};

const JSON_TYPE = "application/json";
const MERGE_PATCH = "application/merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

/** How long after its time a watch is cut that the server did not end. */
const WATCH_GRACE_MS = 30_000;
/** Longer lines are no events: objects are at most a few MiB. */
const LINE_CHARACTERS_MAX = 32 * 1024 * 1024;

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export class HttpKubernetesApi implements KubernetesApi {
  readonly #exchanger: HttpExchanger;
  readonly #ownCredentials: Credentials | null;
  readonly #clock: Clock;
  readonly #fieldManager: string;
  readonly #watchTimeoutMs: number;

  constructor(options: HttpKubernetesApiOptions) {
    const { baseUrl, clock, token, fieldManager = "streamjob" } = options;
    this.#clock = clock;
    this.#fieldManager = fieldManager;
    this.#watchTimeoutMs = options.watchTimeoutMs ?? 300_000;
    const credentials = options.credentials ?? fixedCredentials(baseUrl, token);
    this.#ownCredentials = options.credentials === undefined ? credentials : null;
    this.#exchanger = new HttpExchanger({
      baseUrl,
      clock,
      credentials,
      userAgent: fieldManager,
      timeoutMs: options.requestTimeoutMs ?? 30_000,
    });
  }

  /** Gives back the connections that it keeps. Calls under way go on. */
  close(): void {
    this.#ownCredentials?.close();
  }

  async get<K extends Kind>(kind: K, key: ObjectKey, options: CallOptions = {}): Promise<Kinds[K] | null> {
    const call = { method: "GET", path: pathOf(kind, key), ...signalOf(options) } as const;
    const answer = await this.#exchanger.exchange(call);
    if (answer.code === 404 && parseApiStatus(answer.body)?.details?.name === key.name) return null;
    return objectFrom<K>(answer, call);
  }

  async list<K extends Kind>(kind: K, options: ListOptions = {}): Promise<ListPage<K>> {
    const { limit, continue: token } = options;
    const query = { labelSelector: labelSelector(options.labels), limit, continue: token };
    const path = withQuery(collectionPath(kind, options.namespace ?? null), query);
    const list = await this.#call<RawList>({ method: "GET", path, ...signalOf(options) });
    const { apiVersion } = resources[kind];
    return {
      items: (list.items ?? []).map((item) => ({ ...item, apiVersion, kind }) as unknown as Kinds[K]),
      resourceVersion: list.metadata.resourceVersion,
      continue: list.metadata.continue === undefined || list.metadata.continue === "" ? null : list.metadata.continue,
    };
  }

  async watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    onEvent: (event: WatchEvent<K>) => void,
  ): Promise<WatchEnd> {
    const query = {
      watch: 1,
      resourceVersion: options.resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.ceil(this.#watchTimeoutMs / 1000),
      labelSelector: labelSelector(options.labels),
    };
    const path = withQuery(collectionPath(kind, options.namespace ?? null), query);
    const cut = new AbortController();
    const onAbort = (): void => cut.abort(options.signal.reason);
    options.signal.addEventListener("abort", onAbort, { once: true });
    const timer = this.#clock.after(this.#watchTimeoutMs + WATCH_GRACE_MS, () => cut.abort());
    try {
      options.signal.throwIfAborted();
      const call = { method: "GET", path, signal: cut.signal } as const;
      const response = await this.#exchanger.stream(call);
      return await this.#follow(response, call, onEvent);
    } catch (error) {
      if (cut.signal.aborted || options.signal.aborted) return { kind: "closed" };
      return endOf(error);
    } finally {
      timer.cancel();
      cut.abort();
      options.signal.removeEventListener("abort", onAbort);
    }
  }

  create<K extends Kind>(kind: K, object: Kinds[K], options: CreateOptions = {}): Promise<Kinds[K]> {
    const path = collectionPath(kind, object.metadata.namespace ?? "default");
    const query = options.isDryRun === true ? { dryRun: "All" } : {};
    return this.#write(kind, { method: "POST", path, body: object, contentType: JSON_TYPE }, query, options);
  }

  update<K extends Kind>(kind: K, object: Kinds[K], options: CallOptions = {}): Promise<Kinds[K]> {
    const path = pathOf(kind, keyOf(object));
    return this.#write(kind, { method: "PUT", path, body: object, contentType: JSON_TYPE }, {}, options);
  }

  updateStatus<K extends Kind>(kind: K, object: Kinds[K], options: CallOptions = {}): Promise<Kinds[K]> {
    const path = pathOf(kind, keyOf(object), "status");
    return this.#write(kind, { method: "PUT", path, body: object, contentType: JSON_TYPE }, {}, options);
  }

  patch<K extends Kind>(kind: K, key: ObjectKey, patch: object, options: PatchOptions = {}): Promise<Kinds[K]> {
    const path = pathOf(kind, key, options.subresource);
    const call = { method: "PATCH", path, body: patch, contentType: MERGE_PATCH } as const;
    return this.#write(kind, call, {}, options);
  }

  apply<K extends Kind>(kind: K, object: ApplyObject<K>, options: ApplyOptions): Promise<Kinds[K]> {
    const { fieldManager, force = true } = options;
    // JSON is YAML.
    const call = {
      method: "PATCH",
      path: pathOf(kind, keyOf(object)),
      body: object,
      contentType: APPLY_PATCH,
    } as const;
    return this.#write(kind, call, { fieldManager, force }, options);
  }

  async delete(kind: Kind, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, gracePeriodSeconds, propagation = "Background" } = options;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    const body = {
      kind: "DeleteOptions",
      apiVersion: "v1",
      propagationPolicy: propagation,
      ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    };
    await this.#call({ method: "DELETE", path: pathOf(kind, key), body, contentType: JSON_TYPE, ...signalOf(options) });
  }

  async logs(pod: ObjectKey, options: LogOptions = {}): Promise<string> {
    const { container, tailLines, previous } = options;
    const path = withQuery(pathOf("Pod", pod, "log"), { container, tailLines, previous });
    const call = { method: "GET", path, ...signalOf(options) } as const;
    const answer = await this.#exchanger.exchange(call);
    if (answer.code !== 200) throw errorFrom(answer, call);
    return answer.body;
  }

  async #write<K extends Kind>(kind: K, call: Exchange, query: Query, options: CallOptions): Promise<Kinds[K]> {
    const path = withQuery(call.path, { fieldManager: this.#fieldManager, ...query });
    const object = await this.#call<KubernetesObject>({ ...call, path, ...signalOf(options) });
    return object as unknown as Kinds[K];
  }

  async #call<T>(call: Exchange): Promise<T> {
    return parsed<T>(await this.#exchanger.exchange(call), call);
  }

  async #follow<K extends Kind>(
    response: IncomingMessage,
    call: Exchange,
    onEvent: (event: WatchEvent<K>) => void,
  ): Promise<WatchEnd> {
    if (response.statusCode !== 200) {
      const code = response.statusCode ?? 0;
      throw errorFrom({ code, body: await this.#exchanger.readAll(response, call) }, call);
    }
    try {
      for await (const line of linesOf(response)) {
        const event = JSON.parse(line) as RawEvent;
        if (event.type === "ERROR") throw errorFrom({ code: 500, body: JSON.stringify(event.object) }, call);
        if (call.signal?.aborted === true) break;
        onEvent(typedEvent<K>(event));
      }
    } catch (error) {
      // A connection that breaks ends the watch like one that is closed: resuming it is right, and shows whether the server is there.
      if (isBrokenConnection(error)) return { kind: "closed" };
      throw error;
    }
    return { kind: "closed" };
  }
}

type RawList = {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly object[];
};

type RawEvent = { readonly type: string; readonly object: KubernetesObject };

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of response) {
    const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX)
      throw new ApiError("Unavailable", "a watch brought a line that is no event: it is too long");
    for (const line of lines) if (line !== "") yield line;
  }
}

function typedEvent<K extends Kind>({ type, object }: RawEvent): WatchEvent<K> {
  if (type === "BOOKMARK") return { type, resourceVersion: object.metadata.resourceVersion ?? "" };
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED")
    return { type, object: object as unknown as Kinds[K] };
  throw new ApiError(
    "Unavailable",
    `a watch brought an event of type ${JSON.stringify(type)}, which Kubernetes does not have`,
  );
}

function isBrokenConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(String((error as NodeJS.ErrnoException).code))
  );
}

function endOf(error: unknown): WatchEnd {
  return isApiError(error, "Gone") ? { kind: "gone", message: error.message } : { kind: "failed", error };
}

function objectFrom<K extends Kind>(answer: Answer, call: Exchange): Kinds[K] {
  return parsed<Kinds[K]>(answer, call);
}

function parsed<T>(answer: Answer, call: Exchange): T {
  if (answer.code < 200 || answer.code > 299) throw errorFrom(answer, call);
  try {
    return JSON.parse(answer.body) as T;
  } catch (cause) {
    const what = `${call.method} ${call.path} was answered with ${answer.code} and something that is no JSON`;
    throw new ApiError("Unavailable", `${what}: check that the address is that of an API server`, { cause });
  }
}

function errorFrom(answer: Answer, { method, path }: Exchange): ApiError {
  const status = parseApiStatus(answer.body);
  return fromApiStatus(answer.code, isApiStatus(status) ? status : null, `${method} ${path}`, answer.retryAfterSeconds);
}

function keyOf({ metadata }: KubernetesObject): ObjectKey {
  return { namespace: metadata.namespace ?? "default", name: metadata.name };
}

function pathOf(kind: Kind, { namespace, name }: ObjectKey, subresource: "status" | "log" | null = null): string {
  // Without one the path would be that of the collection, and a delete would take everything.
  if (name === "") throw new ApiError("BadRequest", `a ${kind} is asked for by an empty name: give its name`);
  return formatApiPath({ kind, namespace, name, subresource });
}

function collectionPath(kind: Kind, namespace: string | null): string {
  return formatApiPath({ kind, namespace, name: null, subresource: null });
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as [string, string]],
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

function labelSelector(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  if (labels === undefined || Object.keys(labels).length === 0) return undefined;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function signalOf({ signal }: CallOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
