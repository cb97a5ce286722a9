/**
 * Owns: the operator's endpoint for people and tools, put together: reviews of the API server, the way to JobManagers, its certificate, and
 * where people find what to trust.
 * Called by: operator-process.ts, on every replica.
 */
import { type JobAuthority, operatorIdentities, publishAuthority } from "../operator/certificates/index.ts";
import { certificatePolicy } from "../operator/engine/index.ts";
import { createHttpRestRelay } from "../operator/engine-native/index.ts";
import type { ObjectKey } from "../operator/kubernetes/api/index.ts";
import { HttpReviews, type KubernetesConnection } from "../operator/kubernetes/client/index.ts";
import { startOperatorRest } from "../operator/rest/index.ts";
import { type Log, systemClock } from "../base/index.ts";

/** Of a review: the caller waits. */
const REVIEW_TIMEOUT_MS = 5000;

export type RestSettings = {
  readonly host?: string | undefined;
  readonly port: number;
  readonly audiences: readonly string[];
  readonly names: readonly string[];
  readonly authority: ObjectKey;
};

type Parts = {
  readonly connection: Pick<KubernetesConnection, "api" | "baseUrl" | "credentials">;
  readonly authority: JobAuthority;
  /** null: all. */
  readonly namespaces: readonly string[] | null;
  readonly log: Log;
  /** Where JobManagers are; tests put something in between. Default: by their names. */
  readonly addressOf?: (host: string, port: number) => string;
};

/** Errors: PORT_IN_USE; those of the API. */
export async function startRest(
  settings: RestSettings,
  parts: Parts,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { host, port, audiences, names } = settings;
  const { connection, authority, namespaces, log, addressOf = byName } = parts;
  const { api, baseUrl, credentials } = connection;
  const clock = systemClock;
  const nowMs = clock.nowMs();
  await publishAuthority(
    api,
    settings.authority,
    authority.restFiles({ names, notBeforeMs: nowMs, notAfterMs: nowMs }).ca,
  );
  const relay = createHttpRestRelay({
    clock,
    addressOf,
    identityOf: operatorIdentities(authority, certificatePolicy, clock),
  });
  const exchange = { baseUrl, credentials, clock, userAgent: "streamjob-operator", timeoutMs: REVIEW_TIMEOUT_MS };
  const rest = await startOperatorRest({
    ...(host === undefined ? {} : { host }),
    port,
    certificate: (validity) => authority.restFiles({ names, ...validity }),
    reviews: new HttpReviews(exchange),
    audiences,
    api,
    namespaces,
    relay,
    clock,
    log,
  });
  log.info({ port: rest.port, names, audiences }, "the REST endpoint listens");
  return {
    port: rest.port,
    async close() {
      await rest.close();
      relay.close();
    },
  };
}

const byName = (host: string, port: number): string => `https://${host}:${port}`;
