/**
 * Owns: the endpoint's HTTPS server: its socket, its limits, its certificate, its end.
 * Called by: the operator's process, on every replica.
 *
 * RSV1 A slow or large request costs bounded memory and time, as at a JobManager's REST (SER1).
 * RSV2 Its certificate is renewed while it runs: the next handshake shows the new one.
 */
import { createServer } from "node:https";
import { closeAfterGrace, guardRequests, listenForRequests, type Timer } from "../../base/index.ts";
import type { IdentityFiles } from "../../security/index.ts";
import { RestAccess, type AccessOptions } from "./access.ts";
import { type HandlerOptions, RestHandler } from "./handler.ts";

export type OperatorRestOptions = Omit<HandlerOptions, "access"> &
  AccessOptions & {
    /** Default `127.0.0.1`. */
    readonly host?: string;
    /** 0: any free one. */
    readonly port: number;
    /** Its certificate for a time. */
    readonly certificate: (validity: { notBeforeMs: number; notAfterMs: number }) => IdentityFiles;
  };

export interface OperatorRest {
  readonly port: number;
  /** Stops listening, and cuts what is open. */
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const CLOSE_GRACE_MS = 1000;
const DAY_MS = 86_400_000;
const LIFETIME_MS = 7 * DAY_MS;
const RENEW_EVERY_MS = DAY_MS;
/** Of a caller whose clock is behind. */
const SKEW_MS = 3_600_000;

/** Starts listening. Errors: StreamError PORT_IN_USE. */
export async function startOperatorRest(options: OperatorRestOptions): Promise<OperatorRest> {
  const { clock, log, port, host = "127.0.0.1" } = options;
  const handler = new RestHandler({ ...options, access: new RestAccess(options) });
  const secure = (): { cert: string; key: string; minVersion: "TLSv1.2" } => {
    const nowMs = clock.nowMs();
    const { cert, key } = options.certificate({ notBeforeMs: nowMs - SKEW_MS, notAfterMs: nowMs + LIFETIME_MS });
    return { cert, key, minVersion: "TLSv1.2" };
  };
  const limits = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    handshakeTimeout: HANDSHAKE_MS,
  };
  const onFailure = (error: unknown): void => log.error({ err: error }, "a REST request could not be answered");
  const guarded = guardRequests((request, response) => handler.handle(request, response), onFailure);
  const server = createServer({ ...limits, ...secure() }, guarded);
  server.maxConnections = 256;
  server.maxHeadersCount = 100;
  let renewal: Timer;
  const renew = (): void => {
    server.setSecureContext(secure());
    renewal = clock.after(RENEW_EVERY_MS, renew); // RSV2
  };
  renewal = clock.after(RENEW_EVERY_MS, renew);
  const taken = await listenForRequests(
    server,
    { host, port },
    `The port ${port} on ${host} for the operator's REST is taken by another process: stop it, or choose another port.`,
  );
  server.on("error", (error) => log.warn({ err: error }, "a REST connection was not accepted"));
  return {
    port: taken,
    close() {
      renewal.cancel();
      return closeAfterGrace(server, clock, CLOSE_GRACE_MS);
    },
  };
}
