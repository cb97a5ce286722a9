/**
 * Owns: what a test needs of a real API server beside the port: our definitions installed, a namespace of its own, a raw request.
 * Does not own: where the server is (whoever asks); the port. Called by: real-api-server.ts, tests on real clusters.
 *
 * CLA1 A namespace is ready for pods: it has the service account that admission asks for, whether or not a controller makes it.
 * CLA2 Namespaces are not taken away: without a namespace controller they would only stay `Terminating`.
 */
import assert from "node:assert/strict";
import { Agent } from "node:https";
import { sleep, systemClock, systemRandom } from "../../../base/index.ts";
import {
  type CustomResourceDefinition,
  streamJobDefinition,
  streamJobSnapshotDefinition,
} from "../../../crds/index.ts";
import { type Credentials, fixedCredentials, HttpExchanger, HttpKubernetesApi } from "../client/index.ts";
import type { OpenedApi } from "./api-conformance.ts";

export type ClusterAccess = {
  readonly url: string;
  /** Bearer token of someone who may do everything; null: the server asks for none. */
  readonly token: string | null;
  /** PEM of the authority that signed the server's certificate; null: one that Node trusts, or no TLS. */
  readonly ca: string | null;
};

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Established = { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } };

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const ESTABLISHED_MS = 60_000;

/** Someone who may do everything. */
export class ClusterAdmin {
  readonly #access: ClusterAccess;
  readonly #agent: Agent | null;
  readonly #credentials: Credentials[] = [];
  readonly #exchanger: HttpExchanger;

  constructor(access: ClusterAccess) {
    const { url, token, ca } = access;
    this.#access = access;
    this.#agent = ca === null ? null : new Agent({ ca, keepAlive: true, keepAliveMsecs: 15_000 });
    this.#exchanger = new HttpExchanger({
      baseUrl: url,
      clock: systemClock,
      credentials: this.#credentialsOf(token),
      userAgent: "contract",
      timeoutMs: 60_000,
    });
  }

  /** The port, with these rights or with those of another token. Whoever takes it closes it. */
  api(token: string | null = this.#access.token): HttpKubernetesApi {
    return new HttpKubernetesApi({
      baseUrl: this.#access.url,
      clock: systemClock,
      credentials: this.#credentialsOf(token),
    });
  }

  /** A raw request; an answer that is no 2xx, and not among `tolerated`, fails the test with the server's words. PATCH is an apply. */
  async ask(method: Method, path: string, body?: object, tolerated: readonly number[] = []): Promise<unknown> {
    const contentType = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    const answer = await this.#exchanger.exchange({
      method,
      path,
      ...(body === undefined ? {} : { body, contentType }),
    });
    const isGood = answer.code >= 200 && answer.code <= 299;
    assert.ok(
      isGood || tolerated.includes(answer.code),
      `${method} ${path} was answered with ${answer.code}: ${answer.body}`,
    );
    return JSON.parse(answer.body);
  }

  /** Installs both of our kinds, and waits until they are served. */
  async installDefinitions(): Promise<void> {
    for (const definition of [streamJobDefinition(), streamJobSnapshotDefinition()]) await this.#install(definition);
  }

  /** Makes a namespace with a name that nothing else has (CLA1). */
  async makeNamespace(prefix: string): Promise<string> {
    const namespace = `${prefix}-${systemRandom.hex(6)}`;
    await this.ask("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace },
    });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    await this.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, account, [409]);
    return namespace;
  }

  /** What a test of the contract is run on: the port, and a namespace of its own. */
  async open(): Promise<OpenedApi> {
    const namespace = await this.makeNamespace("contract");
    const api = this.api();
    return { api, namespace, close: async () => api.close() };
  }

  /** Gives back the connections. */
  close(): void {
    for (const credentials of this.#credentials) credentials.close();
    this.#agent?.destroy();
  }

  #credentialsOf(token: string | null): Credentials {
    const credentials = fixedCredentials(this.#access.url, token ?? undefined, this.#agent ?? undefined);
    this.#credentials.push(credentials);
    return credentials;
  }

  async #install(definition: CustomResourceDefinition): Promise<void> {
    const path = `${DEFINITIONS}/${definition.metadata.name}`;
    await this.ask("PATCH", `${path}?fieldManager=contract&force=true`, definition);
    const endMs = systemClock.monotonicMs() + ESTABLISHED_MS;
    for (;;) {
      const { status } = (await this.ask("GET", path)) as Established;
      const isEstablished = status?.conditions?.some((one) => one.type === "Established" && one.status === "True");
      if (isEstablished === true && (await this.#isServed(definition))) return;
      assert.ok(systemClock.monotonicMs() < endMs, `${definition.metadata.name} was not established`);
      await sleep(systemClock, 100);
    }
  }
  /** Established is not served: at first the server may not know the kind, or say that its storage is initializing. */
  async #isServed({ spec: { group, names, versions } }: CustomResourceDefinition): Promise<boolean> {
    const path = `/apis/${group}/${versions[0]?.name}/${names.plural}`;
    const { kind } = (await this.ask("GET", path, undefined, [404, 429])) as { readonly kind: string };
    return kind === names.listKind;
  }
}
