/**
 * Owns: ports of this machine that lead to REST of JobManagers in a real cluster: what is said there in plain HTTP goes on by TLS, with the
 * certificate that an operator has. So tests, and what they put between operators and JobManagers, read what is said.
 */
import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { connect } from "node:tls";
import { INCARNATION_LABEL, JOB_LABEL, type KubernetesObject, parseTime } from "../../crds/index.ts";
import type { AddressOf } from "../../embedded/api-server/index.ts";
import type { IncarnationIdentity } from "../../operator/engine/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { clientOptions, type IdentityFiles } from "../../security/index.ts";

const REST_PORT = 8081;

export class JobManagerTunnel {
  readonly #api: KubernetesApi;
  readonly #identityOf: (of: IncarnationIdentity) => readonly IdentityFiles[];
  readonly #addressOf: AddressOf;
  readonly #servers = new Map<string, Promise<Server>>();
  readonly #sockets = new Set<Socket>();

  /** `addressOf`: of the pods themselves. */
  constructor(
    api: KubernetesApi,
    identityOf: (of: IncarnationIdentity) => readonly IdentityFiles[],
    addressOf: AddressOf,
  ) {
    this.#api = api;
    this.#identityOf = identityOf;
    this.#addressOf = addressOf;
  }

  /** Ports other than REST's are the pods' own. A pod that is gone keeps its port here: its process may live on. */
  readonly through: AddressOf = async (namespace, host, port) => {
    const address = await this.#addressOf(namespace, host, port);
    if (address === null || port !== REST_PORT) return address;
    const of = await this.#identity(namespace, host);
    if (of === null) return null;
    const key = `${of.jobId} ${address}`;
    const server = this.#servers.get(key) ?? this.#open(address, of);
    this.#servers.set(key, server);
    return `127.0.0.1:${((await server).address() as AddressInfo).port}`;
  };

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers.values()) (await server).close();
  }

  #open(address: string, of: IncarnationIdentity): Promise<Server> {
    const server = createServer((near) => {
      this.#track(near);
      this.#join(near, address, of);
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }

  #join(near: Socket, address: string, of: IncarnationIdentity): void {
    const [ip, port] = address.split(":");
    const [files] = this.#identityOf(of);
    assert.ok(files !== undefined, "an operator has a certificate");
    const options = clientOptions(files, { jobId: of.jobId, role: "jobmanager" });
    const far = connect({ ...options, host: ip, port: Number(port) });
    this.#track(far);
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    near.pipe(far).pipe(near);
  }

  /** `wc-1-jobmanager-0.wc-1.default.svc` */
  async #identity(namespace: string, host: string): Promise<IncarnationIdentity | null> {
    const [, service = "", own = namespace] = host.split(".");
    const [, job, number] = /^(.+)-(\d+)$/.exec(service) ?? [];
    if (job === undefined || number === undefined) return null;
    const labels = { [JOB_LABEL]: job, [INCARNATION_LABEL]: number };
    const { items } = await this.#api.list("ConfigMap", { namespace: own, labels });
    // That of an earlier StreamJob of the same name may still be there.
    const [config] = items.toSorted((one, other) => createdAt(other) - createdAt(one));
    const { jobId } = JSON.parse(config?.data?.["config.json"] ?? "{}") as { readonly jobId?: string };
    if (jobId === undefined) return null;
    return { namespace: own, job, incarnation: Number(number), jobId };
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

const createdAt = ({ metadata }: KubernetesObject): number => parseTime(metadata.creationTimestamp ?? "");
