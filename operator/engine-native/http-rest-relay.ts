/**
 * Owns: passing somebody's request on to a JobManager over HTTPS, and what came back.
 * Not here: who may ask for what (operator/rest), the connection (http-exchange.ts).
 *
 * HRR1 As HJ2 and HJ4: the JobManager has to show that it is the one that was meant, and to say so; we show the operator's certificate.
 * HRR2 Each request has a connection of its own: it is never carried out twice, and takes none of those by which the operator itself asks.
 * HRR3 Nothing of the asker's request is passed on but method, path, body and name.
 */
import { Agent } from "node:https";
import type { Clock } from "../../base/index.ts";
import { JOB_ID_HEADER, USER_HEADER } from "../../contract/index.ts";
import { clientOptions, type IdentityFiles } from "../../security/index.ts";
import {
  type JobManagerTarget,
  jobManagerHost,
  type RelayAnswer,
  type RelayRequest,
  REST_PORT,
  type RestRelay,
} from "../engine/index.ts";
import { exchangeAsKnown } from "./http-exchange.ts";

export type HttpRestRelayOptions = {
  readonly clock: Clock;
  /** Base URL by https, without a slash at its end; null: nobody has that name now. */
  readonly addressOf: (host: string, port: number) => string | null | Promise<string | null>;
  readonly identityOf: (target: JobManagerTarget) => readonly IdentityFiles[];
};

export interface HttpRestRelay extends RestRelay {
  /** Cuts what is open. */
  close(): void;
}

const DEADLINE_MS = 10_000;
/** Details of a job with many vertices; of many such answers at once the caller sees to (operator/rest). */
const ANSWER_BYTES_MAX = 4 << 20;
const MISDIRECTED = 421;

export function createHttpRestRelay({ clock, addressOf, identityOf }: HttpRestRelayOptions): HttpRestRelay {
  const agent = new Agent({ keepAlive: false });
  const relay = async (target: JobManagerTarget, request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer> => {
    const host = jobManagerHost(target.namespace, target.job, target.incarnation);
    const unreachable = (what: string): RelayAnswer => ({ kind: "unreachable", message: `JobManager ${host} ${what}` });
    let base: string | null;
    try {
      base = await addressOf(host, REST_PORT);
    } catch (error) {
      return unreachable(`has no known address: ${String(error)}`);
    }
    if (base === null) return unreachable("has no address");
    const { method, path, body, user } = request;
    const headers = { [JOB_ID_HEADER]: target.jobId, [USER_HEADER]: user };
    const expected = { jobId: target.jobId, role: "jobmanager" } as const;
    const limits = { agent, clock, deadlineMs: DEADLINE_MS, bodyBytesMax: ANSWER_BYTES_MAX, signal };
    const ways = identityOf(target).map((files) => ({ ...limits, tls: clientOptions(files, expected) }));
    const outcome = await exchangeAsKnown({ method, url: `${base}${path}`, headers, body }, ways);
    if (outcome === null) return unreachable("is asked by https, and there is no certificate");
    if (outcome.kind === "none") return unreachable(outcome.message);
    const { status, text } = outcome;
    if (outcome.headers[JOB_ID_HEADER] !== target.jobId || status === MISDIRECTED) {
      return unreachable(`answered ${status} and does not say that it runs job ${target.jobId}`);
    }
    return { kind: "response", status, contentType: outcome.headers["content-type"] ?? "application/json", text };
  };
  return { relay, close: () => agent.destroy() };
}
