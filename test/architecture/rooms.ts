/**
 * Owns: the rooms of the code and what each may import, as data. docs/architecture.md says why.
 * Does not own: the checks; see rules.ts.
 *
 * A room is a folder. What is not listed here (test/, bench/, tools/) is outside the rooms and may import anything.
 */

export interface Room {
  /** The room's folder, relative to the repository. Its name in messages too. */
  readonly folder: string;
  /** What is in it, in a few words; docs/architecture.md has the same. */
  readonly owns: string;
  /** Folders of the rooms it may import; each is in use. */
  readonly mayImport: readonly string[];
  /** What only its tests (`*.test.ts`, `*.test-support.ts`) may import beside the test kit; each is in use. */
  readonly testsMayImport?: readonly string[];
  /** Doors beside `index.ts`, as files in the room's folder. */
  readonly moreDoors?: readonly string[];
}

/** Folders whose direct children are rooms, or parents of rooms. A child that is neither is a violation. */
export const roomParents: readonly string[] = [
  "runtime",
  "runtime/connectors",
  "operator",
  "operator/kubernetes",
  "embedded",
];

/**
 * Files that put everything together and belong to no room's door: they lie in a room's folder but are rooms of their own.
 * examples/start.ts is what `npm start` runs: it starts and kills processes, which no example does.
 */
export const compositionRoots: readonly string[] = ["examples/start.ts", "examples/start"];

/** What tests of any room may import too. */
export const testKitFolder = "runtime/testkit";

const within = (parent: string, names: string): string[] => names.split(" ").map((name) => `${parent}/${name}`);
const inRuntime = (names: string): string[] => within("runtime", names);
const inOperator = (names: string): string[] => within("operator", names);

/** What both halves stand on. */
const foundation: readonly Room[] = [
  {
    folder: "base",
    owns: "errors, clock, randomness, ids, log, failpoints, health and metrics of a process",
    moreDoors: ["endpoints.ts", "starting.ts"],
    mayImport: [],
  },
  {
    folder: "contract",
    owns: "messages: the JobManager's REST, the incarnation's, what pods are told",
    moreDoors: ["variables.ts"],
    mayImport: [],
  },
  { folder: "settings", owns: "the settings of a job, as one table (pure)", mayImport: ["base"] },
  {
    folder: "crds",
    owns: "the kinds: types, defaults, validation, definitions",
    mayImport: ["base", "contract", "settings"],
  },
];

/** Who processes are to each other: both halves stand on it, too. */
const security: Room = {
  folder: "security",
  owns: "who a process of a job is: certificates in files, TLS connections",
  mayImport: ["base"],
  testsMayImport: ["operator/certificates", "operator/engine"],
};

const runtimeRooms: readonly Room[] = [
  { folder: "runtime/failures", owns: "what the runtime raises: error codes, failpoints", mayImport: ["base"] },
  { folder: "runtime/record", owns: "what flows: types, batches, keys, codecs", mayImport: ["base"] },
  { folder: "runtime/time", owns: "watermarks (pure)", mayImport: ["base", ...inRuntime("record")] },
  {
    folder: "runtime/ports",
    owns: "sources, sinks, operators, user functions, states: their types",
    mayImport: ["base", ...inRuntime("record")],
  },
  {
    folder: "runtime/metrics",
    owns: "metrics of the job's code: counters, gauges, histograms, meters",
    mayImport: ["base", ...inRuntime("ports")],
  },
  { folder: "runtime/storage", owns: "object stores", mayImport: ["base"] },
  {
    folder: "runtime/graph",
    owns: "stream graph, job graph, configuration (pure)",
    mayImport: ["base", "settings", ...inRuntime("record")],
  },
  {
    folder: "runtime/checkpoint",
    owns: "manifests, epochs, what may be restored and deleted",
    moreDoors: ["subtasks.ts"],
    mayImport: ["base", ...inRuntime("failures record storage")],
  },
  {
    folder: "runtime/state",
    owns: "state back ends, snapshots, redistribution",
    mayImport: ["base", ...inRuntime("record ports checkpoint")],
  },
  {
    folder: "runtime/exchange",
    owns: "channels, credit, barrier alignment",
    mayImport: ["base", "security", ...inRuntime("record")],
  },
  {
    folder: "runtime/operators",
    owns: "the stream operators, one a file",
    mayImport: ["base", ...inRuntime("failures record time ports")],
  },
  {
    folder: "runtime/connectors/kit",
    owns: "what connectors are made of; no package export",
    mayImport: ["base"],
  },
  {
    folder: "runtime/connectors/basic",
    owns: "collections, generators, print, discard",
    mayImport: ["base", ...inRuntime("record ports connectors/kit")],
  },
  {
    folder: "runtime/connectors/files",
    owns: "lines of text files; exactly-once part files",
    mayImport: ["base", ...inRuntime("record ports connectors/kit")],
  },
  {
    folder: "runtime/connectors/socket",
    owns: "lines from a TCP socket",
    mayImport: ["base", ...inRuntime("record ports connectors/kit")],
  },
  {
    folder: "runtime/connectors/kafka",
    owns: "topics of Kafka as sources and sinks",
    moreDoors: ["administration.ts"],
    mayImport: ["base", ...inRuntime("record ports connectors/kit")],
  },
  {
    folder: "runtime/connectors/mysql",
    owns: "rows of MySQL and MariaDB: exactly-once sinks, lookups",
    mayImport: ["base", ...inRuntime("record ports connectors/kit")],
  },
  {
    folder: "runtime/connectors/redis",
    owns: "values of Redis: lookups, a sink of writes that bear repetition",
    mayImport: ["base", ...inRuntime("ports connectors/kit")],
  },
  {
    folder: "runtime/api",
    owns: "the job API; `engine.ts` is the engine's door",
    mayImport: ["base", "settings", ...inRuntime("record time ports graph operators connectors/basic")],
    moreDoors: ["engine.ts"],
  },
  {
    folder: "runtime/spill",
    owns: "rows of bounded inputs that memory does not hold: in files, sorted, in parts",
    mayImport: ["base", ...inRuntime("record ports")],
  },
  {
    folder: "runtime/sql",
    owns: "SQL: text, syntax tree, types, what is wrong with it, plans, and the operators that run them",
    mayImport: ["base", ...inRuntime("record ports spill")],
  },
  {
    folder: "runtime/tables",
    owns: "tables of SQL and the world outside: connectors by name, their options, formats",
    mayImport: [
      "base",
      ...inRuntime(
        "record ports sql connectors/basic connectors/files connectors/kafka connectors/mysql connectors/redis",
      ),
    ],
    testsMayImport: inRuntime("operators"),
  },
  {
    folder: "runtime/table",
    owns: "SQL in jobs: streams as tables, plans as streams, scripts as jobs",
    moreDoors: ["engine.ts"],
    mayImport: ["base", ...inRuntime("record time ports graph operators connectors/basic api sql tables")],
  },
  {
    folder: "runtime/program",
    owns: "what is run: a job module or a script of SQL, found, loaded, built",
    mayImport: ["base", ...inRuntime("graph api table")],
  },
  {
    folder: "runtime/rpc",
    owns: "messages between JobManager and TaskManagers",
    moreDoors: ["checks.ts"],
    mayImport: ["base", "security", ...inRuntime("checkpoint metrics")],
  },
  {
    folder: "runtime/taskmanager",
    owns: "slots, tasks, chains",
    mayImport: [
      "base",
      "security",
      ...inRuntime("failures record time ports metrics graph checkpoint storage state exchange operators rpc program"),
    ],
    moreDoors: ["parts.ts"],
  },
  {
    folder: "runtime/jobmanager",
    owns: "one job's scheduling, checkpoints, failover",
    mayImport: ["base", "contract", "security", ...inRuntime("failures ports graph checkpoint storage rpc program")],
    moreDoors: ["parts.ts"],
  },
  {
    folder: "runtime/rest",
    owns: "a JobManager's HTTP face",
    mayImport: ["base", "contract", "security", ...inRuntime("jobmanager")],
  },
  {
    folder: "runtime/testkit",
    moreDoors: ["engine-tests.ts"],
    owns: "operators and jobs driven by hand, contracts for connectors",
    mayImport: [
      "base",
      ...inRuntime(
        "record ports metrics storage graph checkpoint state exchange operators api rpc taskmanager jobmanager",
      ),
    ],
    testsMayImport: inRuntime("time connectors/basic connectors/files"),
  },
];

const operatorRooms: readonly Room[] = [
  {
    folder: "operator/kubernetes/api",
    owns: "the port to an API server; objects, errors, paths",
    mayImport: ["base", "crds"],
  },
  {
    folder: "operator/kubernetes/client",
    owns: "the port over HTTP",
    mayImport: ["base", ...inOperator("kubernetes/api")],
  },
  {
    folder: "operator/kubernetes/machinery",
    owns: "watch cache, work queue, lease, write gate, events",
    mayImport: ["base", ...inOperator("kubernetes/api")],
  },
  {
    folder: "operator/kubernetes/conformance",
    owns: "the sentences every API server has to pass",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api kubernetes/client")],
  },
  {
    folder: "operator/engine",
    owns: "the port to a stream engine: view, calls, children and their names",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api")],
  },
  {
    folder: "operator/engine-native",
    owns: "our engine: its children, and the client of its JobManagers",
    mayImport: ["base", "contract", "settings", "security", "crds", ...inOperator("kubernetes/api engine")],
    testsMayImport: inOperator("certificates"),
  },
  {
    folder: "operator/certificates",
    owns: "certifies the processes of jobs, from the operator's one root",
    mayImport: ["base", "security", ...inOperator("kubernetes/api engine")],
  },
  {
    folder: "operator/reconcile",
    owns: "the decision (pure)",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api engine")],
    testsMayImport: inOperator("engine-native"),
  },
  {
    folder: "operator/rest",
    owns: "people's way to the REST of JobManagers, by bearer token",
    mayImport: ["base", "contract", "security", ...inOperator("kubernetes/api engine reconcile")],
    testsMayImport: ["crds", ...inOperator("certificates")],
  },
  {
    folder: "operator/observe",
    owns: "one look at the world",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api engine reconcile")],
  },
  {
    folder: "operator/apply",
    owns: "the only writer",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api kubernetes/machinery engine reconcile")],
  },
  {
    folder: "operator/controller",
    owns: "queue, looks, leadership, metrics, health",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api kubernetes/machinery engine observe reconcile apply")],
  },
];

/** The laptop's cluster: no part of the operator. */
const embeddedRooms: readonly Room[] = [
  {
    folder: "embedded/api-server",
    owns: "an API server in memory, its log, its HTTP face",
    mayImport: ["base", "crds", ...inOperator("kubernetes/api")],
    testsMayImport: inOperator("kubernetes/client kubernetes/conformance"),
  },
  {
    folder: "embedded/workloads",
    owns: "StatefulSets become pods",
    mayImport: ["base", ...inOperator("kubernetes/api kubernetes/machinery")],
    testsMayImport: within("embedded", "api-server kubelet"),
  },
  {
    folder: "embedded/kubelet",
    owns: "pods are child processes",
    mayImport: ["base", ...inOperator("kubernetes/api kubernetes/machinery")],
    testsMayImport: within("embedded", "api-server workloads"),
  },
];

/** Every room: the whole declared graph of imports. */
export const rooms: readonly Room[] = [
  ...foundation,
  security,
  ...runtimeRooms,
  ...operatorRooms,
  ...embeddedRooms,
  {
    folder: "main",
    owns: "processes: JobManager, TaskManager, pod, operator, control plane",
    moreDoors: ["control-plane/index.ts", "version.ts"],
    mayImport: [
      "base",
      "contract",
      "settings",
      "security",
      ...inRuntime("storage graph checkpoint taskmanager jobmanager rest"),
      ...inOperator("kubernetes/api kubernetes/client engine engine-native certificates rest controller"),
      ...within("embedded", "api-server workloads kubelet"),
    ],
  },
  {
    folder: "cli",
    owns: "the command `streamjob`: jobs, manifests, terminal",
    mayImport: [
      "base",
      "contract",
      "crds",
      "main",
      ...inRuntime("failures record graph checkpoint storage state connectors/kafka program sql table"),
      ...inOperator("kubernetes/api kubernetes/client kubernetes/machinery engine engine-native reconcile"),
      "embedded/api-server",
    ],
    testsMayImport: inRuntime("rest"),
  },
  // By the package's names alone, as users do.
  {
    folder: "examples",
    owns: "jobs to learn from; each is run by a test",
    mayImport: [],
  },
];

/** Names that say nothing about what is inside: no file and no folder of the code has one. */
export const forbiddenNames: readonly string[] = "util utils common helper helpers shared lib core".split(" ");

/** Where `npm test` looks for tests, as folders. */
export const testedFolders: readonly string[] = [
  "base",
  "contract",
  "settings",
  "security",
  "crds",
  "runtime",
  "operator",
  "embedded",
  "main",
  "cli",
  "examples",
  "tools",
  "test",
];

/** Longest file, in lines. */
export const FILE_LINES_MAX = 600;

/** The only file that may touch the real clock, real randomness, timers and the environment. */
export const systemFile = "base/system.ts";
