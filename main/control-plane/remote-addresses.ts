/**
 * Owns: asking an embedded control plane in another process where on this machine a pod is.
 *
 * REA1 Not known and not answered are told apart: null is what the control plane said; else it throws.
 */
import { z } from "zod";
import { ADDRESS_PATH } from "../../embedded/api-server/index.ts";
import { type Credentials, HttpExchanger } from "../../operator/kubernetes/client/index.ts";
import { type Clock, StreamError } from "../../base/index.ts";

const answerSchema = z.object({ address: z.string().nullable() });
const DEADLINE_MS = 1000;

/** For createHttpJobManagerApi: `host` is a full name, `<pod>.<service>.<namespace>.svc`. */
export function remoteAddressOf({
  baseUrl,
  credentials,
  clock,
}: {
  readonly baseUrl: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
}): (host: string, port: number) => Promise<string | null> {
  const exchanger = new HttpExchanger({ baseUrl, credentials, clock, userAgent: "streamjob", timeoutMs: DEADLINE_MS });
  return async (host, port) => {
    const query = new URLSearchParams({ namespace: "default", host, port: String(port) });
    try {
      const { body } = await exchanger.exchange({ method: "GET", path: `${ADDRESS_PATH}?${query.toString()}` });
      const { address } = answerSchema.parse(JSON.parse(body));
      return address === null ? null : `http://${address}`;
    } catch (cause) {
      const message = `the control plane at ${baseUrl} does not say where ${host} is; check that it runs`;
      throw new StreamError("CONTROL_PLANE_UNAVAILABLE", message, { cause });
    }
  };
}
