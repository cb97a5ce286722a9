/**
 * Owns: the embedded API server over HTTP, with Kubernetes' REST paths, for other processes of this machine: the CLI, tools.
 * Does not own: semantics (local-api-server.ts), which paths there are (api-paths.ts of operator/kubernetes).
 * Called by: the control plane of `streamjob run`.
 *
 * HS1 It listens on loopback only, and serves nobody without the token but `/readyz`.
 * HS2 A watcher that does not read is cut when more than WATCH_BYTES_MAX wait for it.
 * HS3 What is not understood is refused, never ignored: a dry run must not write.
 * HS4 No request ends the process, or changes more than its own object: a target that is no URL, a body that is nested deeper than
 *     BODY_DEPTH_MAX or that reaches for a prototype is refused before anything looks at it.
 * Not done: discovery, tables, strategic merge and JSON patches, selectors beyond equality, following logs, deleting collections.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, guardRequests, type Log, silentLog } from "../../base/index.ts";
import {
  ApiError,
  type ApiPath,
  type ApiStatus,
  type DeleteOptions,
  type Kinds,
  type KubernetesApi,
  parseApiPath,
  resources,
  toApiStatus,
} from "../../operator/kubernetes/api/index.ts";
import { parse as parseYaml } from "yaml";
import { isObject, type Json, type JsonObject, objectAt, textAt } from "./json-value.ts";
import type { LocalApiServer } from "./local-api-server.ts";
import { groupOf } from "./refusals.ts";

export type HttpServerOptions = {
  readonly api: LocalApiServer;
  /** Who calls must know it. */
  readonly token: string;
  readonly clock: Clock;
  readonly log?: Log;
  /** Default 0: one that is free. */
  readonly port?: number;
  /** `host:port` of this machine behind a name of the cluster; null: nothing is. Absent: names are not served. */
  readonly addressOf?: AddressOf;
};

/** `host`: as ProcessKubelet.addressOf takes it. */
export type AddressOf = (namespace: string, host: string, port: number) => Promise<string | null>;

export type HttpServer = {
  /** Such as http://127.0.0.1:40123. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** What cluster DNS and pod networks are elsewhere: `GET ?namespace=…&host=…&port=…` → `{"address": "127.0.0.1:20123"}` or null. */
export const ADDRESS_PATH = "/streamjob/address";

const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** As many levels as no manifest has; managedFields and pod templates have less than 30. */
const BODY_DEPTH_MAX = 128;
const WATCH_BYTES_MAX = 16 * 1024 * 1024;
/** A watch that names no time. */
const WATCH_SECONDS_DEFAULT = 1800;

const MERGE_PATCH = "application/merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

/** Begins to listen on 127.0.0.1. Errors: those of listening. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const face = new HttpFace(options);
  const { log = silentLog } = options;
  const guarded = guardRequests(
    (request, response) => face.serve(request, response),
    (error) => log.error({ err: error }, "a request to the embedded API server could not be answered"),
  );
  const server = createServer({ keepAliveTimeout: 60_000 }, guarded);
  await listen(server, options.port ?? 0);
  server.on("error", (error) => log.warn({ err: error }, "a connection to the embedded API server was not accepted"));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** A request as the routes see it. */
type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: ApiPath;
  readonly query: URLSearchParams;
  readonly api: KubernetesApi;
};

class HttpFace {
  readonly #server: LocalApiServer;
  readonly #token: Buffer;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #addressOf: AddressOf | undefined;

  constructor({ api, token, clock, log = silentLog, addressOf }: HttpServerOptions) {
    this.#addressOf = addressOf;
    this.#server = api;
    this.#token = Buffer.from(`Bearer ${token}`);
    this.#clock = clock;
    this.#log = log;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let about = {};
    try {
      const url = urlOf(request);
      const path = parseApiPath(url.pathname);
      if (path !== null) about = aboutOf(path);
      if (url.pathname === "/readyz") {
        response.writeHead(200, { "Content-Type": "text/plain" }).end("ok");
        return;
      }
      if (!this.#isKnown(request)) {
        const message = "the token is missing or wrong: take it from the control plane that runs";
        answer(response, 401, toApiStatus(new ApiError("Unauthorized", message)));
        return;
      }
      if (url.pathname === ADDRESS_PATH && request.method === "GET" && this.#addressOf !== undefined) {
        const { searchParams: query } = url;
        const [namespace, host] = [query.get("namespace") ?? "", query.get("host") ?? ""];
        const address = await this.#addressOf(namespace, host, numberOf(query, "port") ?? 0);
        return answer(response, 200, { address });
      }
      if (path === null)
        throw new ApiError("NotFound", `the server could not find the requested resource: ${url.pathname}`);
      const api = this.#server.as(managerOf(request, url.searchParams));
      await this.#route({ request, response, path, query: url.searchParams, api });
    } catch (error) {
      this.#fail(response, error, about);
    }
  }

  async #route(call: Call): Promise<void> {
    const { path, query, request } = call;
    const isCreation = request.method === "POST" && path.name === null;
    if (query.has("dryRun") && !(isCreation && query.get("dryRun") === "All"))
      throw new ApiError(
        "BadRequest",
        "the embedded control plane serves dryRun=All when an object is created, and nowhere else",
      );
    if (path.subresource === "log") return this.#logs(call);
    if (request.method === "GET") {
      if (path.name !== null) return this.#get(call);
      return isTrue(query.get("watch")) ? this.#watch(call) : this.#list(call);
    }
    if (isCreation) return this.#create(call);
    if (request.method === "PUT" && path.name !== null) return this.#update(call);
    if (request.method === "PATCH" && path.name !== null) return this.#patch(call);
    if (request.method === "DELETE" && path.name !== null && path.subresource === null) return this.#delete(call);
    const status = toApiStatus(
      new ApiError("BadRequest", "the server does not allow this method on the requested resource"),
    );
    answer(call.response, 405, { ...status, reason: "MethodNotAllowed", code: 405 });
  }

  async #get({ api, path, response }: Call): Promise<void> {
    const key = keyOf(path);
    const object = await api.get(path.kind, key);
    if (object === null) {
      const { plural } = resources[path.kind];
      const group = groupOf(path.kind);
      throw new ApiError("NotFound", `${group === "" ? plural : `${plural}.${group}`} "${key.name}" not found`);
    }
    answer(response, 200, object);
  }

  async #list({ api, path, query, response }: Call): Promise<void> {
    const limit = numberOf(query, "limit");
    const token = query.get("continue");
    const page = await api.list(path.kind, {
      namespace: path.namespace,
      ...labelsOf(query),
      ...(limit === undefined ? {} : { limit }),
      ...(token === null ? {} : { continue: token }),
    });
    const metadata = {
      resourceVersion: page.resourceVersion,
      ...(page.continue === null ? {} : { continue: page.continue }),
    };
    const { apiVersion } = resources[path.kind];
    answer(response, 200, { kind: `${path.kind}List`, apiVersion, metadata, items: page.items });
  }

  async #watch({ api, path, query, response }: Call): Promise<void> {
    const end = new AbortController();
    const seconds = numberOf(query, "timeoutSeconds") ?? WATCH_SECONDS_DEFAULT;
    const withBookmarks = isTrue(query.get("allowWatchBookmarks"));
    const request = {
      namespace: path.namespace,
      ...labelsOf(query),
      resourceVersion: query.get("resourceVersion") ?? "",
      signal: end.signal,
    };
    response.on("close", () => end.abort());
    const timer = this.#clock.after(seconds * 1000, () => end.abort());
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-cache, private" });
    response.flushHeaders();
    const { apiVersion } = resources[path.kind];
    const ended = await api.watch(path.kind, request, (event) => {
      if (event.type !== "BOOKMARK") writeLine(response, event);
      else if (withBookmarks) {
        const metadata = { resourceVersion: event.resourceVersion };
        writeLine(response, { type: event.type, object: { kind: path.kind, apiVersion, metadata } });
      }
      if (response.writableLength > WATCH_BYTES_MAX) response.destroy();
    });
    timer.cancel();
    if (ended.kind === "gone") writeLine(response, errorEvent(new ApiError("Gone", ended.message)));
    if (ended.kind === "failed") writeLine(response, errorEvent(asApiError(ended.error)));
    response.end();
  }

  async #create(call: Call): Promise<void> {
    const { api, path, query, response } = call;
    const object = await this.#readObject(call);
    answer(response, 201, await api.create(path.kind, placed(object, path), { isDryRun: query.has("dryRun") }));
  }

  async #update(call: Call): Promise<void> {
    const { api, path, response } = call;
    const object = placed(await this.#readObject(call), path);
    const written = path.subresource === "status" ? api.updateStatus(path.kind, object) : api.update(path.kind, object);
    answer(response, 200, await written);
  }

  async #patch(call: Call): Promise<void> {
    const { api, path, query, request, response } = call;
    const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim();
    if (type === MERGE_PATCH) {
      const options = path.subresource === "status" ? ({ subresource: "status" } as const) : {};
      answer(response, 200, await api.patch(path.kind, keyOf(path), await readBody(request), options));
      return;
    }
    if (type !== APPLY_PATCH || path.subresource !== null) {
      const status = toApiStatus(
        new ApiError("BadRequest", `patches are served as ${MERGE_PATCH} and ${APPLY_PATCH}, not as ${type}`),
      );
      answer(response, 415, { ...status, reason: "UnsupportedMediaType", code: 415 });
      return;
    }
    const object = placed(await this.#readObject(call), path);
    const isThere = (await api.get(path.kind, keyOf(path))) !== null;
    // Unlike the port, the protocol's default is not to force.
    const options = { fieldManager: query.get("fieldManager") ?? "", force: isTrue(query.get("force")) };
    answer(response, isThere ? 200 : 201, await api.apply(path.kind, object, options));
  }

  async #delete(call: Call): Promise<void> {
    const { api, path, query, request, response } = call;
    const body = await readBody(request, true);
    const preconditions = objectAt(body, "preconditions");
    const grace = numberOf(query, "gracePeriodSeconds") ?? body["gracePeriodSeconds"];
    const propagation = query.get("propagationPolicy") ?? textAt(body, "propagationPolicy");
    if (!["", "Background", "Foreground", "Orphan"].includes(propagation)) {
      throw new ApiError(
        "BadRequest",
        `propagationPolicy ${JSON.stringify(propagation)} is none of Background, Foreground, Orphan`,
      );
    }
    const options: DeleteOptions = {
      ...(textAt(preconditions, "uid") === "" ? {} : { uid: textAt(preconditions, "uid") }),
      ...(textAt(preconditions, "resourceVersion") === ""
        ? {}
        : { resourceVersion: textAt(preconditions, "resourceVersion") }),
      ...(typeof grace === "number" ? { gracePeriodSeconds: grace } : {}),
      ...(propagation === "" ? {} : { propagation: propagation as NonNullable<DeleteOptions["propagation"]> }),
    };
    await api.delete(path.kind, keyOf(path), options);
    const left = await api.get(path.kind, keyOf(path));
    const done: ApiStatus = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
    answer(response, 200, left ?? { ...done, details: aboutOf(path) });
  }

  async #logs({ api, path, query, request, response }: Call): Promise<void> {
    if (request.method !== "GET" || path.kind !== "Pod" || isTrue(query.get("follow"))) {
      throw new ApiError("BadRequest", "logs are read from pods, and are not followed");
    }
    const container = query.get("container");
    const tailLines = numberOf(query, "tailLines");
    const text = await api.logs(keyOf(path), {
      ...(container === null ? {} : { container }),
      ...(tailLines === undefined ? {} : { tailLines }),
      previous: isTrue(query.get("previous")),
    });
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
  }

  /** The object in a body; fields that its kind does not have are told, if the caller wants to hear of them. */
  async #readObject({ request, path, query, response }: Call): Promise<JsonObject> {
    const object = await readBody(request);
    const validation = query.get("fieldValidation");
    if (validation !== "Strict" && validation !== "Warn") return object;
    const unknown = this.#server
      .unknownFields(path.kind, object)
      .map((name) => `unknown field ${JSON.stringify(name)}`);
    if (unknown.length === 0) return object;
    if (validation === "Strict") throw new ApiError("BadRequest", `strict decoding error: ${unknown.join(", ")}`);
    response.setHeader(
      "Warning",
      unknown.map((each) => `299 - ${headerText(each)}`),
    );
    return object;
  }

  #fail(response: ServerResponse, error: unknown, about: object): void {
    const known = asApiError(error);
    if (known !== error) this.#log.error({ err: error }, "a request to the embedded API server failed");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = toApiStatus(known, about);
    answer(response, status.code ?? 500, status);
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    const given = Buffer.from(headers.authorization ?? "");
    return given.length === this.#token.length && timingSafeEqual(given, this.#token);
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new ApiError("Unavailable", `the embedded API server failed: ${what}: see its log`, { cause: error });
}

function answer(response: ServerResponse, code: number, body: object): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": text.length }).end(text);
}

function writeLine(response: ServerResponse, value: object): void {
  if (!response.destroyed) response.write(`${JSON.stringify(value)}\n`);
}

function errorEvent(error: ApiError): object {
  return { type: "ERROR", object: toApiStatus(error) };
}

/** Errors: BadRequest. A target such as `//` is none. */
function urlOf({ url: target = "/" }: IncomingMessage): URL {
  const url = URL.parse(target, "http://127.0.0.1");
  if (url === null) throw new ApiError("BadRequest", `the target of the request is no URL: ${target.slice(0, 256)}`);
  return url;
}

/** Reads a JSON or YAML object. Errors: BadRequest. */
async function readBody(request: IncomingMessage, mayBeEmpty = false): Promise<JsonObject> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  // What is too large is read to its end all the same: who still writes does not hear an answer.
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) chunks = [];
    else chunks.push(chunk as Buffer);
  }
  if (bytes > BODY_BYTES_MAX) throw new ApiError("BadRequest", `Request entity too large: limit is ${BODY_BYTES_MAX}`);
  const text = Buffer.concat(chunks).toString("utf8");
  if (mayBeEmpty && text.trim() === "") return {};
  let value: Json = null;
  try {
    value = (/^\s*\{/.test(text) ? JSON.parse(text) : parseYaml(text)) as Json;
  } catch (cause) {
    throw new ApiError("BadRequest", `the body of the request cannot be read: ${String(cause).split("\n")[0]}`, {
      cause,
    });
  }
  if (!isObject(value)) throw new ApiError("BadRequest", "the body of the request must be an object");
  assertPlain(value);
  return value;
}

/** HS4. Level by level: what is nested too deep for the stack is refused, too. Errors: BadRequest. */
function assertPlain(body: JsonObject): void {
  let level: readonly Json[] = [body];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > BODY_DEPTH_MAX) {
      throw new ApiError("BadRequest", `the body of the request is nested deeper than ${BODY_DEPTH_MAX}`);
    }
    const next: Json[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null) continue;
      if (Object.hasOwn(value, "__proto__")) {
        throw new ApiError("BadRequest", 'the body of the request has a field "__proto__", which is not allowed');
      }
      for (const member of Object.values(value)) next.push(member);
    }
    level = next;
  }
}

/** The object with the namespace, and no other name than that, of its path. */
function placed(object: JsonObject, path: ApiPath): Kinds[ApiPath["kind"]] {
  const metadata = objectAt(object, "metadata");
  const namespace = textAt(metadata, "namespace") || path.namespace || "default";
  const name = textAt(metadata, "name");
  if (path.name !== null && name !== path.name) {
    throw new ApiError(
      "BadRequest",
      `the name of the object (${name}) does not match the name on the URL (${path.name})`,
    );
  }
  if (path.namespace !== null && namespace !== path.namespace) {
    const both = `${namespace}, ${path.namespace}`;
    throw new ApiError(
      "BadRequest",
      `the namespace of the provided object does not match the namespace sent on the request (${both})`,
    );
  }
  return { ...object, metadata: { ...metadata, namespace } } as unknown as Kinds[ApiPath["kind"]];
}

/** A quoted string that a header may hold: ASCII. */
function headerText(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function keyOf({ namespace, name }: ApiPath): { namespace: string; name: string } {
  return { namespace: namespace ?? "default", name: name ?? "" };
}

function aboutOf({ kind, name }: ApiPath): { name?: string; group: string; kind: string } {
  return { ...(name === null ? {} : { name }), group: groupOf(kind), kind: resources[kind].plural };
}

function managerOf({ headers }: IncomingMessage, query: URLSearchParams): string {
  return query.get("fieldManager") ?? headers["user-agent"]?.split("/")[0] ?? "unknown";
}

function isTrue(value: string | null): boolean {
  return value === "1" || value === "true";
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new ApiError("BadRequest", `${name} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
}

/** Only equality is served: HS3. */
function labelsOf(query: URLSearchParams): { readonly labels?: Readonly<Record<string, string>> } {
  const selector = query.get("labelSelector") ?? "";
  if (query.has("fieldSelector") && query.get("fieldSelector") !== "") {
    throw new ApiError("BadRequest", "field selectors are not served by the embedded control plane");
  }
  if (selector === "") return {};
  const pairs = selector.split(",").map((term) => {
    const [, key, value] = /^\s*([^=!\s]+)\s*==?\s*([^=!\s]*)\s*$/.exec(term) ?? [];
    if (key === undefined || value === undefined) {
      throw new ApiError(
        "BadRequest",
        `unable to parse the label selector ${JSON.stringify(term)}: only <label>=<value> is served`,
      );
    }
    return [key, value] as const;
  });
  return { labels: Object.fromEntries(pairs) };
}
