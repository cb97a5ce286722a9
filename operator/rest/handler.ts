/**
 * Owns: one request of the endpoint, from its headers to its answer: who asks, whether that user may, what the JobManager says.
 * Not here: sockets and limits of connections (server.ts), reviews (access.ts), the way to the JobManager (RestRelay).
 *
 * RHA1 Nobody is told anything before it is known who asks: without a token that counts, every path has the same answer. Then the right is
 *     asked for, and only then whether there is such a route and such a StreamJob (SEC-9).
 * RHA2 A body is read when its user may send it, and at most BODY_BYTES_MAX of it.
 * RHA3 What is passed on at once is bounded, and for each StreamJob more tightly: a JobManager that hangs keeps nobody from another.
 * RHA4 Of what changes something, or was to, the log says who, what and with which result (SEC-23).
 * RHA5 Which JobManager is asked follows from the StreamJob alone; it needs no lease, so every replica answers.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Log, StreamError } from "../../base/index.ts";
import type { JobManagerTarget, RelayAnswer, RestRelay } from "../engine/index.ts";
import { isApiError, type KubernetesApi, type UserInfo } from "../kubernetes/api/index.ts";
import { incarnationJobId, statusOf } from "../reconcile/index.ts";
import type { RestAccess } from "./access.ts";
import { busy, RestRefusal } from "./refusal.ts";
import { parseTarget, type RestTarget } from "./target.ts";

export type HandlerOptions = {
  readonly access: RestAccess;
  readonly api: Pick<KubernetesApi, "get">;
  /** null: those of all namespaces. */
  readonly namespaces: readonly string[] | null;
  readonly relay: RestRelay;
  readonly log: Log;
};

/** As a JobManager's (REB1). */
const BODY_BYTES_MAX = 1024 * 1024;
const RELAYS_MAX = 24;
const RELAYS_OF_ONE_MAX = 6;

type Asked = { readonly target: RestTarget | null; readonly user: UserInfo | null };

export class RestHandler {
  readonly #options: HandlerOptions;
  readonly #relays = new Map<string, number>();

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let asked: Asked = { target: null, user: null };
    try {
      const user = await this.#options.access.identify(request.headers.authorization);
      const target = parseTarget(request.method ?? "", request.url ?? "");
      asked = { target, user };
      if (target === null) {
        throw new RestRefusal(
          404,
          "Not found: ask for /namespaces/<namespace>/streamjobs/<name>/<path of the JobManager's REST>",
        );
      }
      const answer = await this.#serve(request, response, { target, user });
      this.#note(request, asked, answer.status);
      send(response, answer.status, answer.contentType, answer.text, {});
    } catch (error) {
      const refusal = this.#refusalOf(error, asked);
      this.#note(request, asked, refusal.status);
      send(
        response,
        refusal.status,
        "application/json",
        JSON.stringify({ errors: [refusal.message] }),
        refusal.headers,
      );
      // What is left of the body is thrown away as it comes: a connection that ends before would take the answer with it.
      request.resume();
    }
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { target, user }: { readonly target: RestTarget; readonly user: UserInfo },
  ): Promise<Extract<RelayAnswer, { kind: "response" }>> {
    const { access, relay } = this.#options;
    const { namespace, job, route, path } = target;
    await access.permit(user, target);
    if (route === null) throw new RestRefusal(404, `Not found: ${request.method} ${path.split("?")[0]}`);
    if (route.access === "operator") {
      throw new RestRefusal(403, `${route.method} ${route.path} belongs to the operator: change the StreamJob instead`);
    }
    return this.#within(`${namespace}/${job}`, async () => {
      const jobManager = await this.#jobManagerOf(target);
      const { method } = route;
      const body = method === "GET" ? null : await readBody(request);
      const cut = new AbortController();
      response.once("close", () => cut.abort(new Error("the caller has gone")));
      const passed = { method, path, body, user: headerText(user.username) };
      const answer = await relay.relay(jobManager, passed, cut.signal);
      if (answer.kind === "response") return answer;
      const what = method === "GET" ? "try again" : "whether it was done is not known: look before trying again";
      throw new RestRefusal(502, `${answer.message}; ${what}`);
    });
  }

  /** RHA3 */
  async #within<T>(job: string, step: () => Promise<T>): Promise<T> {
    const ofJob = this.#relays.get(job) ?? 0;
    let all = 0;
    for (const count of this.#relays.values()) all += count;
    if (ofJob >= RELAYS_OF_ONE_MAX || all >= RELAYS_MAX) throw busy("Too many requests are passed on at once");
    this.#relays.set(job, ofJob + 1);
    try {
      return await step();
    } finally {
      const left = (this.#relays.get(job) ?? 1) - 1;
      if (left === 0) this.#relays.delete(job);
      else this.#relays.set(job, left);
    }
  }

  /** RHA5 */
  async #jobManagerOf({ namespace, job: name }: RestTarget): Promise<JobManagerTarget> {
    const { api, namespaces } = this.#options;
    const missing = new RestRefusal(404, `There is no StreamJob ${namespace}/${name} that this operator reconciles`);
    if (namespaces !== null && !namespaces.includes(namespace)) throw missing;
    const job = await api.get("StreamJob", { namespace, name });
    if (job === null) throw missing;
    const incarnation = statusOf(job).active?.incarnation;
    if (incarnation !== undefined) {
      return { namespace, job: name, incarnation, jobId: incarnationJobId(job, incarnation) };
    }
    const advice = `see kubectl describe streamjob ${name} --namespace ${namespace}`;
    throw new RestRefusal(503, `StreamJob ${namespace}/${name} has no incarnation that runs: ${advice}`);
  }

  #refusalOf(error: unknown, { target }: Asked): RestRefusal {
    if (error instanceof RestRefusal) return error;
    const what = target === null ? "the StreamJob" : `StreamJob ${target.namespace}/${target.job}`;
    if (isApiError(error))
      return new RestRefusal(503, `The API server does not show ${what}: ${error.message}; try again`);
    if (error instanceof StreamError) return new RestRefusal(503, error.message);
    throw error;
  }

  /** RHA4 */
  #note({ method, url }: IncomingMessage, { target, user }: Asked, status: number): void {
    if (method === "GET" || method === "HEAD") return;
    const facts = {
      method,
      path: (target?.path ?? url ?? "").slice(0, 256),
      namespace: target?.namespace,
      job: target?.job,
      user: user?.username.slice(0, 256),
      status,
    };
    const { log } = this.#options;
    if (status < 400) log.info(facts, "a REST request was accepted");
    else log.info(facts, "a REST request was refused");
  }
}

/** Errors: RestRefusal 400, 413. */
async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = new RestRefusal(413, `The body is larger than the limit of ${BODY_BYTES_MAX} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > BODY_BYTES_MAX) throw tooLarge;
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    // It goes on living when it is not read to its end: the answer says why.
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      pieces.push(piece as Buffer);
      bytes += (piece as Buffer).length;
      if (bytes > BODY_BYTES_MAX) break;
    }
  } catch (error) {
    throw new RestRefusal(400, `Bad request: the body broke off (${(error as Error).message})`);
  }
  if (bytes > BODY_BYTES_MAX) throw tooLarge;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces));
  } catch {
    throw new RestRefusal(400, "Bad request: the body is not UTF-8 text");
  }
}

/** A name as a header may hold it; other characters as in a URL. */
function headerText(name: string): string {
  return name.slice(0, 256).replace(/[^!-~]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed) return;
  const always = { "Content-Type": contentType, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" };
  response.writeHead(status, { ...always, "Content-Length": Buffer.byteLength(text), ...headers }).end(text);
}
