/**
 * Owns: the operator as a process: its settings, its ports to API server and JobManagers, its end.
 * Called by: operator-main.ts.
 */
import { z } from "zod";
import { startController } from "../operator/controller/index.ts";
import { openJobAuthority, operatorIdentities } from "../operator/certificates/index.ts";
import { certificatePolicy } from "../operator/engine/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../operator/engine-native/index.ts";
import { connectKubernetes } from "../operator/kubernetes/client/index.ts";
import {
  checkFailpoints,
  checkLogLevel,
  createLog,
  environmentVariable,
  StreamError,
  systemClock,
  systemRandom,
} from "../base/index.ts";
import { remoteAddressOf } from "./control-plane/remote-addresses.ts";
import { startRest } from "./operator-rest.ts";
import { exitCodes } from "./process-messages.ts";

/** Names of the operator's variables. */
export const operatorVariables = {
  /** Paths of kubeconfigs, as kubectl takes them. Not set: the service account of the pod. */
  kubeconfig: "KUBECONFIG",
  /** JSON of OperatorSettings. */
  settings: "STREAMJOB_OPERATOR",
} as const;

const ms = z.int().min(1);

const operatorSettingsSchema = z.strictObject({
  /** Where checkpoints go when a StreamJob names nothing: a store URI. */
  storageRoot: z.string().min(1),
  /** Where savepoints may be, beside `<storageRoot>/<namespace>/savepoints`: store URIs, these and below. null: anywhere. */
  savepointPrefixes: z.array(z.string().min(1)).nullable().default(null),
  /** When a StreamJob names no image. */
  defaultImage: z.string().min(1),
  /** null: StreamJobs of all namespaces. Each is watched by itself, so that a Role in each is enough. */
  namespaces: z.array(z.string().min(1)).min(1).nullable().default(null),
  /** `dns`: by the names of pods. `api`: the embedded control plane is asked where they are. */
  addresses: z.enum(["dns", "api"]).default("dns"),
  /** null: this is the only operator there can be. */
  election: z
    .strictObject({
      lease: z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) }),
      leaseDurationMs: ms.optional(),
      renewDeadlineMs: ms.optional(),
      retryPeriodMs: ms.optional(),
    })
    .nullable()
    .default({ lease: { namespace: "default", name: "streamjob-operator" } }),
  /** The Secret with the root of all certificates; made when it is not there. */
  rootSecret: z
    .strictObject({ namespace: z.string().min(1), name: z.string().min(1) })
    .default({ namespace: "default", name: "streamjob-operator-root" }),
  /** The endpoint for people and tools, by bearer token; null: none. It goes to JobManagers by their names, so with `addresses: "dns"` alone. */
  rest: z
    .strictObject({
      host: z.string().min(1).optional(),
      port: z.int().min(0).max(65_535),
      /** One of these a token has to be meant for. */
      audiences: z.array(z.string().min(1)).min(1).default(["streamjob.dev"]),
      /** DNS names in its certificate. */
      names: z.array(z.string().min(1)).min(1).default(["localhost"]),
      /** The ConfigMap with the certificate of its authority, which the operator writes. */
      authority: z.strictObject({ namespace: z.string().min(1), name: z.string().min(1) }),
    })
    .nullable()
    .default(null),
  /** Metrics and health; null: none. */
  endpoints: z
    .strictObject({ host: z.string().min(1).optional(), port: z.int().min(0).max(65_535) })
    .nullable()
    .default(null),
});
export type OperatorSettings = z.input<typeof operatorSettingsSchema>;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Resolves when the operator is started; the process ends by a signal. */
export async function runOperator(): Promise<void> {
  const identity = `${environmentVariable("HOSTNAME") ?? "operator"}-${process.pid}-${systemRandom.hex(4)}`;
  const log = createLog({ process: "operator", pid: process.pid });
  const crash = (error: unknown): void => {
    log.error({ err: error }, "the process crashed");
    process.exit(exitCodes.crashed);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  try {
    checkFailpoints();
    checkLogLevel();
    await start(identity, log);
  } catch (error) {
    log.error({ err: error }, "the process could not start");
    process.exit(exitCodes.refused);
  }
}

async function start(identity: string, log: ReturnType<typeof createLog>): Promise<void> {
  const clock = systemClock;
  // Process 1 of a container ignores a signal that has no handler.
  const endEarly = (): never => process.exit(exitCodes.done);
  for (const signal of SIGNALS) process.on(signal, endEarly);
  const settings = readSettings();
  const { storageRoot, savepointPrefixes, defaultImage, addresses, election, endpoints, rootSecret } = settings;
  const namespaces = settings.namespaces === null ? null : [...new Set(settings.namespaces)];
  const connection = await connectKubernetes({ clock, fieldManager: "streamjob-operator" });
  const { api, baseUrl, credentials } = connection;
  const authority = await openJobAuthority(api, rootSecret, systemRandom);
  const jobManagers = createHttpJobManagerApi({
    clock,
    identityOf: operatorIdentities(authority, certificatePolicy, clock),
    addressOf:
      addresses === "dns"
        ? (host, port) => `https://${host}:${port}`
        : remoteAddressOf({ baseUrl, credentials, clock }),
  });
  const controller = await startController({
    api,
    jobManagers,
    certificates: { authority, policy: certificatePolicy },
    settings: {
      storageRoot,
      defaultImage,
      engine: nativeEngine,
      ...(savepointPrefixes === null ? {} : { savepointPrefixes }),
    },
    clock,
    random: systemRandom,
    log,
    identity,
    namespaces,
    election: election === null ? null : withoutUndefined(election),
    endpoints: endpoints === null ? null : withoutUndefined(endpoints),
  });
  const rest =
    settings.rest === null ? null : await startRest(settings.rest, { connection, authority, namespaces, log });
  let isEnding = false;
  const end = (signal: string): void => {
    if (isEnding) return;
    isEnding = true;
    log.info({ signal }, "the process is shutting down; jobs keep running");
    void Promise.all([rest?.close(), controller.stop()]).then(() => {
      jobManagers.close();
      connection.close();
      process.exit(exitCodes.done);
    });
  };
  for (const signal of SIGNALS) process.on(signal, () => end(signal)).off(signal, endEarly);
  log.info({ apiServer: baseUrl, context: connection.context }, "the API server is known");
  log.info({ identity, port: controller.port, isElected: election !== null }, "the operator runs");
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Optional members that were not given are absent. */
function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

function readSettings(): z.output<typeof operatorSettingsSchema> {
  const name = operatorVariables.settings;
  let json: unknown;
  try {
    json = JSON.parse(variable(name));
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw invalid(`the variable ${name} is not JSON`, cause);
  }
  const parsed = operatorSettingsSchema.safeParse(json);
  if (parsed.success && parsed.data.rest !== null && parsed.data.addresses !== "dns") {
    throw invalid(`the variable ${name}: field "rest": JobManagers are reached by it with addresses "dns" only`);
  }
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`the variable ${name}: field "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`);
}

function variable(name: string): string {
  const value = environmentVariable(name);
  if (value !== undefined && value !== "") return value;
  throw invalid(`the variable ${name} is not set`);
}

function invalid(what: string, cause?: unknown): StreamError {
  const text = `${what}; the operator's process is told its settings in variables, see main/operator-process.ts`;
  return new StreamError("OPTION_INVALID", text, { destiny: "terminal", cause });
}
