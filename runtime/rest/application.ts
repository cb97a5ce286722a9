/**
 * Owns: the routes as an HTTP application: who may call, errors as messages, the log of what was changed.
 * Not here: sockets and limits of the connection (server.ts).
 *
 * RA1 On loopback, only requests addressed to loopback are served, and none that another site's page sent: there is no
 *     password, so a web page open on the same machine must not reach the job (DNS rebinding, cross-site requests).
 * RA3 Nobody is answered before it is known who calls and that this caller may (ACC1); of what changes something, or was to, the log says
 *     who, what and with which result (SEC-23).
 * RA2 Every answer says whose it is, and a request that says whom it means is served by nobody else (JOB_ID_HEADER).
 */
import { type Context, Hono } from "hono";
import type { HttpBindings } from "@hono/node-server";
import type { Log } from "../../base/index.ts";
import { type ErrorsMessage, JOB_ID_HEADER, USER_HEADER } from "../../contract/index.ts";
import { callerFacts, refusalOfCaller } from "./access.ts";
import type { Caller, Callers } from "./callers.ts";
import { RestError, toRestError } from "./rest-error.ts";
import type { Route } from "./routes.ts";

export type ApplicationOptions = {
  readonly routes: readonly Route[];
  readonly callers: Pick<Callers, "of">;
  readonly jobId: () => string;
  readonly log: Log;
};

type Environment = { Bindings: HttpBindings };
type RestContext = Context<Environment>;

export function createApplication({ routes, callers, jobId, log }: ApplicationOptions): Hono<Environment> {
  const app = new Hono<Environment>();
  const callerOf = (context: RestContext): Caller => callers.of(context.env.incoming.socket);
  const requestFacts = (context: RestContext): object => ({
    method: context.req.method,
    path: context.req.path.slice(0, 256),
    ...callerFacts(callerOf(context), context.req.header(USER_HEADER)),
  });
  app.use(async (context, next) => {
    const caller = callerOf(context);
    const refusal = refusalOfCaller(caller);
    if (refusal !== null) throw new RestError(refusal.status, [refusal.error]);
    context.header(JOB_ID_HEADER, jobId());
    refuseForeignPages(context, caller.kind === "loopback");
    refuseOtherJob(context, jobId());
    await next();
    context.header("X-Content-Type-Options", "nosniff");
    context.header("Cache-Control", "no-store");
  });
  for (const route of routes) {
    app.on(route.method, [route.path, `/v1${route.path}`], async (context) => {
      const answer = await route.handle({
        param: (name) => context.req.param(name) ?? "",
        query: (name) => context.req.query(name),
        raw: context.req.raw,
      });
      const facts = { ...requestFacts(context), status: answer.status };
      if (route.mutates && answer.status < 400) log.info(facts, "a REST request was accepted");
      else if (route.mutates) log.info(facts, "a REST request was refused");
      if ("text" in answer) return context.body(answer.text, answer.status, { "content-type": answer.contentType });
      return context.json(answer.body, answer.status);
    });
  }
  app.notFound((context) =>
    context.json({ errors: [`Not found: ${context.req.method} ${context.req.path}`] } satisfies ErrorsMessage, 404),
  );
  app.onError((error, context) => {
    const answer = toRestError(error);
    const facts = { ...requestFacts(context), status: answer.status, err: error };
    if (answer.status >= 500) log.error(facts, "a REST request failed");
    else if (context.req.method !== "GET") log.info(facts, "a REST request was refused");
    return context.json({ errors: [...answer.errors] } satisfies ErrorsMessage, answer.status);
  });
  return app;
}

function refuseForeignPages(context: RestContext, isNear: boolean): void {
  const host = context.req.header("host") ?? "";
  if (isNear && !isLoopbackHost(host)) {
    throw new RestError(403, [`Host "${host.slice(0, 128)}" is not served on loopback: use localhost or 127.0.0.1`]);
  }
  const origin = context.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new RestError(403, ["Requests from pages of another site are not served"]);
  }
}

function refuseOtherJob(context: RestContext, jobId: string): void {
  const meant = context.req.header(JOB_ID_HEADER);
  if (meant === undefined || meant === jobId) return;
  throw new RestError(421, [`Job ${meant.slice(0, 64)} is not here: this JobManager runs ${jobId}`]);
}

/** A `Host` header that names this machine by loopback: `127.0.0.1:8081`, `localhost`, `[::1]:8081`. */
function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}
