/**
 * Owns: asking an embedded control plane in another process where on this machine a pod is.
 *
 * REA1 Not known and not answered are told apart: null is what the control plane said; else it throws.
 */
import { z } from "zod";
import { ADDRESS_PATH } from "../../embedded/api-server/index.ts";
import { type Clock, StreamError } from "../../base/index.ts";

const answerSchema = z.object({ address: z.string().nullable() });
const DEADLINE_MS = 1000;

/** For createHttpJobManagerApi: `host` is a full name, `<pod>.<service>.<namespace>.svc`. */
export function remoteAddressOf({
  baseUrl,
  token,
  clock,
}: {
  readonly baseUrl: string;
  readonly token: string;
  readonly clock: Clock;
}): (host: string, port: number) => Promise<string | null> {
  return async (host, port) => {
    const cut = new AbortController();
    const timer = clock.after(DEADLINE_MS, () => cut.abort(new Error(`no answer within ${DEADLINE_MS} ms`)));
    const url = new URL(ADDRESS_PATH, baseUrl);
    url.search = new URLSearchParams({ namespace: "default", host, port: String(port) }).toString();
    const headers = { Authorization: `Bearer ${token}` };
    try {
      const response = await fetch(url, { headers, signal: cut.signal });
      const { address } = answerSchema.parse(await response.json());
      return address === null ? null : `http://${address}`;
    } catch (cause) {
      const message = `the control plane at ${baseUrl} does not say where ${host} is; check that it runs`;
      throw new StreamError("CONTROL_PLANE_UNAVAILABLE", message, { cause });
    } finally {
      timer.cancel();
    }
  };
}
