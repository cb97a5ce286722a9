/**
 * Owns: the embedded control plane: API server, workload controller, kubelet and operator in one process, and the way in for others.
 * Not here: any of the parts (embedded, operator/controller), commands.
 * Called by: `streamjob run <manifest>`, tests, benches.
 *
 * CPL1 One control plane per folder: the endpoint file names the process that has it.
 * CPL2 It may die at any moment: its objects are in the folder, and the next one on it goes on from them.
 * CPL3 The order of starting is the order of need; stopping goes the other way, and leaves the objects.
 * CPL4 Its folder is its owner's alone: objects with the environments of jobs, logs, files of pods, checkpoints.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Controller, type ControllerOptions, startController } from "../../operator/controller/index.ts";
import { type CertificatePolicy, certificatePolicy, type JobManagerApi } from "../../operator/engine/index.ts";
import { openJobAuthority, operatorIdentities } from "../../operator/certificates/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import {
  type AddressOf,
  type LocalApiServer,
  openFileObjectLog,
  openLocalApiServer,
  serveHttp,
} from "../../embedded/api-server/index.ts";
import { imageTable, type ImageTable, ProcessKubelet, type Programs } from "../../embedded/kubelet/index.ts";
import { StatefulSetController } from "../../embedded/workloads/index.ts";
import {
  checkFailpoints,
  checkLogLevel,
  type Clock,
  type Log,
  makePrivateFolderSync,
  type Random,
  StreamError,
  systemClock,
  systemRandom,
} from "../../base/index.ts";
import { podProgram } from "../pod-program.ts";
import { removeEndpoint, takeEndpoint } from "./endpoint.ts";
import { planeKubeconfig, removePlaneKubeconfig, writePlaneKubeconfig } from "./plane-kubeconfig.ts";

/** What a StreamJob without an image runs: this checkout. */
export const LOCAL_IMAGE = "streamjob:local";

/** Where every operator of this cluster finds the root of certificates. */
const ROOT_SECRET = { namespace: "default", name: "streamjob-operator-root" } as const;

export type ControlPlaneOptions = {
  /** Everything that it keeps is below. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log: Log;
  /** Default: this checkout's programs, whatever the image. */
  readonly images?: ImageTable;
  /** Store URI for checkpoints and savepoints. Default: `<folder>/checkpoints`. */
  readonly storageRoot?: string;
  /** Variables for all pods' processes. */
  readonly podEnvironment?: Readonly<Record<string, string>>;
  /** False: no operator; tests start their own. Default true. */
  readonly withOperator?: boolean;
  /** What the operator sees of the API server; tests put something in between. */
  readonly operatorApi?: (api: KubernetesApi) => KubernetesApi;
  /** What the operator sees of JobManagers; tests put something in between. */
  readonly operatorJobManagers?: (jobManagers: JobManagerApi) => JobManagerApi;
  /** Where operators find pods, those in processes of their own too; tests put something in between. */
  readonly operatorAddressOf?: (addressOf: AddressOf) => AddressOf;
  /** False: the API server takes what only the rules of our CRDs would refuse; tests see what holds then. Default true. */
  readonly withRules?: boolean;
  /** How long certificates of processes live, and how often they are renewed. Default: certificatePolicy. */
  readonly certificatePolicy?: CertificatePolicy;
  /** Beyond what this composition sets. */
  readonly operator?: Partial<ControllerOptions>;
};

export interface ControlPlane {
  /** As a person, by the field manager `streamjob-cli`. */
  readonly api: KubernetesApi;
  readonly server: LocalApiServer;
  readonly kubelet: ProcessKubelet;
  /** Base URL of the API server's HTTP face on 127.0.0.1, and what it asks for. */
  readonly url: string;
  readonly token: string;
  /** Path of a kubeconfig for it. */
  readonly kubeconfig: string;
  /** Store URI for checkpoints and savepoints. */
  readonly storageRoot: string;
  /** null without an operator. */
  readonly controller: Controller | null;
  /** Starts another operator on this cluster; the caller stops it. */
  startOperator(options?: Partial<ControllerOptions>): Promise<Controller>;
  /** Ends the operator, then every process. Objects stay. */
  stop(): Promise<void>;
}

/** The programs of this checkout, for `imageTable`. */
export function localPrograms(environment: Readonly<Record<string, string>> = {}): Programs {
  const program = (role: string): Programs[string] => ({
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", podProgram, role],
    env: environment,
  });
  return { jobmanager: program("jobmanager"), taskmanager: program("taskmanager"), storage: program("storage") };
}

/**
 * Starts all parts. Errors: CONTROL_PLANE_RUNNING when another process has the folder; STORE_* when its files cannot be used;
 * OPTION_INVALID when STREAMJOB_FAILPOINTS has a name that this process does not declare.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, log, clock = systemClock, random = systemRandom } = options;
  const parts = { clock, random, log };
  const token = random.hex(24);
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  try {
    checkFailpoints();
    checkLogLevel();
    makePrivateFolderSync(folder);
    await takeEndpoint(folder);
    closers.push(() => removeEndpoint(folder));
    const server = await openLocalApiServer({
      ...parts,
      objectLog: openFileObjectLog({ folder: join(folder, "objects"), log }),
      withRules: options.withRules ?? true,
    });
    closers.push(() => server.close());
    const kubelet = new ProcessKubelet({
      ...parts,
      api: server.as("kubelet"),
      folder: join(folder, "kubelet"),
      images: options.images ?? imageTable({ programs: localPrograms(options.podEnvironment) }),
    });
    server.serveLogs((pod, logOptions) => kubelet.logs(pod, logOptions));
    const found: AddressOf = (namespace, host, port) => kubelet.addressOf(namespace, host, port);
    const addressOf = options.operatorAddressOf?.(found) ?? found;
    const http = await serveHttp({ api: server, token, clock, log, addressOf });
    closers.push(() => http.close());
    writePlaneKubeconfig(folder, { url: http.url, token });
    closers.push(async () => removePlaneKubeconfig(folder));
    const workloads = new StatefulSetController({ ...parts, api: server.as("statefulset-controller") });
    await kubelet.start();
    closers.push(() => kubelet.stop());
    await workloads.start();
    closers.push(() => workloads.stop());
    const storageRoot = options.storageRoot ?? pathToFileURL(join(folder, "checkpoints")).href;
    const policy = options.certificatePolicy ?? certificatePolicy;
    /** Each operator reads the root when it starts; JobManagers are shown what the newest one has. */
    const openCertificates = async (): Promise<NonNullable<ControllerOptions["certificates"]>> => {
      const authority = await openJobAuthority(server.as("streamjob-operator"), ROOT_SECRET, random);
      identityOf = operatorIdentities(authority, policy, clock);
      return { authority, policy };
    };
    let identityOf: ReturnType<typeof operatorIdentities> = () => [];
    // What tests put in between reads what is said.
    const scheme = options.operatorAddressOf === undefined ? "https" : "http";
    const jobManagers = createHttpJobManagerApi({
      clock,
      identityOf: (of) => identityOf(of),
      addressOf: async (host, port) => {
        const address = await addressOf("default", host, port);
        return address === null ? null : `${scheme}://${address}`;
      },
    });
    closers.push(async () => jobManagers.close());
    const startOperator = async (more: Partial<ControllerOptions> = {}): Promise<Controller> => {
      const certificates = await openCertificates();
      const api = server.as("streamjob-operator");
      return startController({
        ...parts,
        api: options.operatorApi?.(api) ?? api,
        jobManagers: options.operatorJobManagers?.(jobManagers) ?? jobManagers,
        settings: { storageRoot, defaultImage: LOCAL_IMAGE, engine: nativeEngine },
        certificates,
        identity: `embedded-${random.hex(4)}`,
        election: null,
        endpoints: null,
        ...options.operator,
        ...more,
      });
    };
    const controller = options.withOperator === false ? null : await startOperator();
    if (controller !== null) closers.push(() => controller.stop());
    await takeEndpoint(folder, { url: http.url, token });
    const api = server.as("streamjob-cli");
    const kubeconfig = planeKubeconfig(folder);
    return { api, server, kubelet, url: http.url, token, kubeconfig, storageRoot, controller, startOperator, stop };
  } catch (error) {
    await stop();
    throw unusable(folder, error);
  }
}

/** What the file system said of the folder, with what to do; any other error as it is. */
function unusable(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StreamError || !("syscall" in error) || !("path" in error))
    return error;
  const code =
    "code" in error && ["ENOSPC", "EDQUOT"].includes(String(error.code)) ? "STORE_FULL" : "STORE_UNAVAILABLE";
  const remedy = "Free space or allow writing there, or set STREAMJOB_HOME to another folder.";
  const message = `the control plane cannot keep its files in ${folder}: ${error.message}. ${remedy}`;
  return new StreamError(code, message, { cause: error });
}
