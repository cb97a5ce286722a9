/**
 * Owns: the JobManagers without processes as an operator in another process reaches them: by https, at names of pods, each with the
 * certificate that the operator has issued for it.
 *
 * JMF1 All of them are one server at an address of loopback that nothing else uses, on the port that JobManagers have. Whom a connection is
 *     for is said by TLS; the certificate is read from the Secret that the operator has written for the pod.
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";
import { activationRequestSchema, IDLE_CONNECTION_MS, JOB_ID_HEADER } from "../../contract/index.ts";
import { REST_PORT } from "../../operator/engine/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { InstantJobManagers } from "./instant-jobmanagers.ts";

export type JobManagerFace = {
  /** Where every name of a pod has to lead. */
  readonly address: string;
  close(): Promise<void>;
};

export async function openJobManagerFace(
  api: KubernetesApi,
  namespace: string,
  jobManagers: InstantJobManagers,
): Promise<JobManagerFace> {
  const contexts = new Map<string, Promise<SecureContext>>();
  const contextOf = async (servername: string): Promise<SecureContext> => {
    const incarnation = servername.split(".")[1] ?? "";
    const secret = await api.get("Secret", { namespace, name: `${incarnation}-tls` });
    const file = (name: string): string => Buffer.from(secret?.data?.[name] ?? "", "base64").toString("utf8");
    return createSecureContext({ cert: file("jobmanager.crt"), key: file("jobmanager.key"), ca: file("ca.crt") });
  };
  const SNICallback = (servername: string, answer: (error: Error | null, context?: SecureContext) => void): void => {
    let context = contexts.get(servername);
    if (context === undefined) {
      context = contextOf(servername);
      contexts.set(servername, context);
      context.catch(() => contexts.delete(servername));
    }
    context.then(
      (found) => answer(null, found),
      (error: unknown) => answer(error as Error),
    );
  };
  const server = createServer({ SNICallback, minVersion: "TLSv1.3", keepAliveTimeout: IDLE_CONNECTION_MS }, (request, response) => {
    answer(jobManagers, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const address = await listen(server);
  return {
    address,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server): Promise<string> {
  const address = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  server.listen(REST_PORT, address);
  await once(server, "listening");
  return address;
}

/** What an operator asks of jobs that are deployed and then left alone; anything else fails the bench by its silence. */
async function answer(
  jobManagers: InstantJobManagers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const jobId = String(request.headers[JOB_ID_HEADER]);
  const target = { namespace: "", job: "", incarnation: 0, jobId };
  const text = await bodyOf(request);
  const say = (value: unknown): void => {
    response.writeHead(200, { [JOB_ID_HEADER]: jobId, "content-type": "application/json" }).end(JSON.stringify(value));
  };
  switch (`${request.method} ${(request.url ?? "").split("?")[0]}`) {
    case "GET /v1/streamjob/incarnation": {
      const seen = await jobManagers.incarnation(target);
      return say(seen.kind === "answer" ? seen.value : null);
    }
    case "POST /v1/streamjob/preflight":
      return say({ kind: "compatible", from: null });
    case "PUT /v1/streamjob/activation": {
      const activation = activationRequestSchema.parse(JSON.parse(text));
      await jobManagers.activate(target, activation);
      return say({ activationId: activation.activationId });
    }
    case `GET /v1/jobs/${jobId}/exceptions`:
      return say({ exceptionHistory: { entries: [], truncated: false } });
    default:
      process.stderr.write(`  a JobManager was asked ${request.method} ${request.url}, which none answers here\n`);
      response.destroy();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}
