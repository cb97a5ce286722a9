/**
 * Owns: what a promise's test needs of the cluster that it runs on: the same tests run on the embedded one and on a real one.
 * Not here: either of them (embedded-rig-cluster.ts, kubernetes-rig-cluster.ts), the word count and its sink (rig.ts).
 *
 * RGC1 Everything runs on this machine: a pod's process has a pid here, and what it writes below the workspace is seen here.
 */
import { systemRandom } from "../../base/index.ts";
import type { Controller, ControllerOptions } from "../../operator/controller/index.ts";
import type { KubernetesApi, ObjectKey } from "../../operator/kubernetes/api/index.ts";
import type { ControlPlaneOptions, OperatorSettings } from "../../main/control-plane/index.ts";
import type { PodTemplate } from "../../crds/index.ts";

/** Set by `npm run promises -- --cluster`. */
export const isOnKubernetes = process.env["STREAMJOB_PROMISES_ON"] === "kubernetes";

/** Where the StreamJobs of these tests are. */
export const NAMESPACE = isOnKubernetes ? `promise-${systemRandom.hex(4)}` : "default";

/** What a process that is an operator needs to be one of this cluster. */
export type OperatorEnvironment = {
  readonly variables: Readonly<Record<string, string>>;
  readonly settings: OperatorSettings;
};

export interface RigCluster {
  /** As a person, by the field manager `streamjob-cli`. */
  readonly api: KubernetesApi;
  /** Store URI for checkpoints and savepoints. */
  readonly storageRoot: string;
  /** Of jobs that name no image. */
  readonly defaultImage: string;
  /** The same programs by another name, as the next version of them is called. */
  readonly otherImage: string;
  /** The operator that runs from the start; null: none does. */
  readonly controller: Controller | null;
  /** What its pods need beyond what the operator gives them; null: nothing. */
  podTemplate(component: "jobmanager" | "taskmanager"): PodTemplate | null;
  /** Folder of `storageRoot` on this machine. */
  readonly storeFolder: string;
  /** Another operator, in this process; the caller stops it. */
  startOperator(options?: Partial<ControllerOptions>): Promise<Controller>;
  /** Base URL of the API server. */
  readonly apiUrl: string;
  /** `apiUrl`: where it finds the API server, by a kubeconfig that is written to `path`. Default: at the server itself. */
  operatorEnvironment(path: string, apiUrl?: string): OperatorEnvironment;
  /** Process of a pod; null: it has none now. */
  pidOf(pod: ObjectKey): Promise<number | null>;
  /**
   * Loses pods, as a node that nobody can reach does: their processes live on, and nothing that happens to their objects reaches them.
   * Gives their processes; null: it had none, or its node is another one and was not lost. What was lost before may come back.
   */
  abandon(pods: readonly ObjectKey[]): Promise<readonly (number | null)[]>;
  /** Pods of which nothing becomes before `recover`: on a lost node they are told to go, or have lost their process. */
  stuck(): Promise<readonly string[]>;
  /** What was lost comes back: it ends what is gone, and starts what has ended. */
  recover(): Promise<void>;
  /** `host:port` at which this process reaches a pod's or Service's port; null: nothing is behind that name now. */
  addressOf(host: string, port: number): Promise<string | null>;
  /** `host:port` at which pods reach what listens on a port of 127.0.0.1 here; it ends with the cluster. */
  publish(port: number): Promise<string>;
  /** The API server as somebody whose writes are told from those of others by their field manager. */
  apiAs(fieldManager: string): KubernetesApi;
  /** Resolves when everything whose owner is gone has been collected. */
  collected(): Promise<void>;
  /** The API server forgets what was: a watch from an older version gets 410. */
  compactHistory(): Promise<void>;
  /** Where its logs are, for who looks for the cause of a failure. */
  readonly logs: readonly string[];
  /** Everything ends that this started. */
  close(): Promise<void>;
}

/** What a test may put between the parts of a cluster. */
export type RigClusterOptions = Pick<
  ControlPlaneOptions,
  | "withOperator"
  | "operatorApi"
  | "operatorJobManagers"
  | "operatorAddressOf"
  | "withRules"
  | "certificatePolicy"
  | "operator"
>;
