/**
 * Owns: the routes as an HTTP application: who may call, errors as messages, the log of what was changed.
 * Not here: sockets and limits of the connection (server.ts).
 *
 * RA1 Bound to loopback, only requests addressed to loopback are served, and none that another site's page sent: there is no
 *     password, so a web page open on the same machine must not reach the job (DNS rebinding, cross-site requests).
 * RA2 Every answer says whose it is, and a request that says whom it means is served by nobody else (JOB_ID_HEADER).
 */
import { type Context, Hono } from "hono";
import type { Log } from "../../base/index.ts";
import { type ErrorsMessage, JOB_ID_HEADER } from "../../contract/index.ts";
import { RestError, toRestError } from "./rest-error.ts";
import type { Route } from "./routes.ts";

export type ApplicationOptions = {
  readonly routes: readonly Route[];
  /** True: RA1 holds. */
  readonly loopbackOnly: boolean;
  readonly jobId: () => string;
  readonly log: Log;
};

export function createApplication({ routes, loopbackOnly, jobId, log }: ApplicationOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    context.header(JOB_ID_HEADER, jobId());
    refuseForeignPages(context, loopbackOnly);
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

function requestFacts(context: Context): { method: string; path: string } {
  return { method: context.req.method, path: context.req.path.slice(0, 256) };
}

function refuseForeignPages(context: Context, loopbackOnly: boolean): void {
  const host = context.req.header("host") ?? "";
  if (loopbackOnly && !isLoopbackHost(host)) {
    throw new RestError(403, [`Host "${host.slice(0, 128)}" is not served: this JobManager listens on loopback only`]);
  }
  const origin = context.req.header("origin");
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new RestError(403, ["Requests from pages of another site are not served"]);
  }
}

function refuseOtherJob(context: Context, jobId: string): void {
  const meant = context.req.header(JOB_ID_HEADER);
  if (meant === undefined || meant === jobId) return;
  throw new RestError(421, [`Job ${meant.slice(0, 64)} is not here: this JobManager runs ${jobId}`]);
}

/** A `Host` header that names this machine by loopback: `127.0.0.1:8081`, `localhost`, `[::1]:8081`. */
function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}
