/**
 * Owns: StreamJobs of a Git repository as Flux applies them: the objects of examples/gitops/flux for a repository and a namespace of a test.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { systemRandom } from "../../base/index.ts";
import type { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { until } from "../kubernetes/until.ts";

const example = fileURLToPath(new URL("../../examples/gitops/flux/streamjobs.yaml", import.meta.url));

type FluxObject = {
  readonly apiVersion: string;
  readonly kind: "GitRepository" | "Kustomization";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: object;
  readonly status?: {
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};

/** kustomize-controller has looked when its health checks have an answer: when an upgrade is through, or is rolled back. */
const PATIENCE_MS = 600_000;
const plurals = { GitRepository: "gitrepositories", Kustomization: "kustomizations" } as const;
const pathOf = ({ apiVersion, kind, metadata }: FluxObject): string =>
  `/apis/${apiVersion}/namespaces/${metadata.namespace}/${plurals[kind]}/${metadata.name}`;

export class FluxRepository {
  readonly #admin: ClusterAdmin;
  readonly #repository: FluxObject;
  readonly #kustomization: FluxObject;

  /** The example, for this repository and namespace. */
  constructor(admin: ClusterAdmin, { url, namespace }: { readonly url: string; readonly namespace: string }) {
    this.#admin = admin;
    const objects = parseAllDocuments(readFileSync(example, "utf8")).map((document) => {
      const { metadata, spec, ...rest } = document.toJS() as FluxObject;
      const here = rest.kind === "GitRepository" ? { url } : { targetNamespace: namespace };
      return { ...rest, metadata: { ...metadata, namespace }, spec: { ...spec, ...here } };
    });
    [this.#repository, this.#kustomization] = objects as [FluxObject, FluxObject];
  }

  /** As `flux reconcile --with-source`: returns when both have looked. */
  async reconcile(): Promise<void> {
    for (const object of [this.#repository, this.#kustomization]) {
      const token = await this.#request(object);
      await until(
        `the ${object.kind} has been looked at`,
        async () => {
          const { status } = (await this.#admin.ask("GET", pathOf(object))) as FluxObject;
          return status?.lastHandledReconcileAt === token;
        },
        PATIENCE_MS,
      );
    }
  }

  /** Waits until Flux says so of Ready, and gives its message. */
  async untilReadyIs(status: "True" | "False", reason: string): Promise<string> {
    let message = "";
    await until(`Ready is ${status}, ${reason}`, async () => {
      const { status: now } = (await this.#admin.ask("GET", pathOf(this.#kustomization))) as FluxObject;
      const ready = now?.conditions?.find(({ type }) => type === "Ready");
      message = ready?.message ?? "";
      return ready?.status === status && ready.reason === reason;
    });
    return message;
  }

  /** Flux would look for them for ever. */
  async remove(): Promise<void> {
    for (const object of [this.#kustomization, this.#repository])
      await this.#admin.ask("DELETE", pathOf(object), undefined, [404]);
    await until("Flux has let go", async () => {
      const left = (await this.#admin.ask("GET", pathOf(this.#kustomization), undefined, [404])) as FluxObject;
      return (left.kind as string) === "Status";
    });
  }

  /** By the annotation that `flux reconcile` writes. */
  async #request(object: FluxObject): Promise<string> {
    const token = systemRandom.hex(8);
    const metadata = { ...object.metadata, annotations: { "reconcile.fluxcd.io/requestedAt": token } };
    await this.#admin.ask("PATCH", `${pathOf(object)}?fieldManager=flux-cli&force=true`, { ...object, metadata });
    return token;
  }
}
