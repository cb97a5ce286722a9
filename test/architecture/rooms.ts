/**
 * Owns: the rooms of the code and what each may import, as data. docs/architecture.md says why.
 * Does not own: the checks; see rules.ts.
 *
 * A room is a folder. What is not listed here (test/, bench/, tools/) is outside the rooms and may import anything.
 */

export interface Room {
  /** The room's folder, relative to the repository. Its name in messages too. */
  readonly folder: string;
  /** Folders of the rooms it may import; `everything` only for composition roots. */
  readonly mayImport: readonly string[] | "everything";
}

/** Folders whose direct children are rooms. A child that is not listed in `rooms` is a violation. */
export const roomParents: readonly string[] = ["runtime", "operator"];

/**
 * Files that put everything together and belong to no room's door: they lie in a room's folder but are rooms of their own.
 * examples/start.ts is what `npm start` runs: it starts and kills processes, which no example does.
 */
export const compositionRoots: readonly string[] = ["examples/start.ts", "examples/start"];

/** What tests of any room may import too. */
export const testKitFolder = "runtime/testkit";

const inRuntime = (names: string): string[] => names.split(" ").map((name) => `runtime/${name}`);
const inOperator = (names: string): string[] => names.split(" ").map((name) => `operator/${name}`);

const runtimeRooms: readonly Room[] = [
  { folder: "runtime/base", mayImport: [] },
  { folder: "runtime/record", mayImport: inRuntime("base") },
  { folder: "runtime/contract", mayImport: inRuntime("base") },
  { folder: "runtime/memory", mayImport: inRuntime("base") },
  { folder: "runtime/storage", mayImport: inRuntime("base") },
  { folder: "runtime/graph", mayImport: inRuntime("base record") },
  { folder: "runtime/time", mayImport: inRuntime("base record") },
  { folder: "runtime/checkpoint", mayImport: inRuntime("base record storage") },
  { folder: "runtime/state", mayImport: inRuntime("base record memory storage checkpoint") },
  { folder: "runtime/exchange", mayImport: inRuntime("base record memory") },
  { folder: "runtime/operators", mayImport: inRuntime("base record time state memory") },
  { folder: "runtime/connectors", mayImport: inRuntime("base record time state storage operators") },
  { folder: "runtime/rpc", mayImport: inRuntime("base graph checkpoint") },
  { folder: "runtime/api", mayImport: inRuntime("base record time graph operators connectors") },
  { folder: "runtime/sql", mayImport: inRuntime("base record graph time operators connectors api") },
  {
    folder: "runtime/taskmanager",
    mayImport: inRuntime(
      // api: loading the job module
      "base record graph time state checkpoint storage memory exchange operators connectors rpc api",
    ),
  },
  {
    folder: "runtime/jobmanager",
    mayImport: inRuntime("base graph checkpoint storage connectors operators rpc contract api"),
  },
  { folder: "runtime/rest", mayImport: inRuntime("base contract jobmanager") },
  {
    folder: "runtime/testkit",
    mayImport: inRuntime(
      "base record contract memory storage graph time checkpoint state exchange operators connectors rpc api sql " +
        "jobmanager taskmanager",
    ),
  },
  { folder: "runtime/cli", mayImport: "everything" },
];

const operatorRooms: readonly Room[] = [
  { folder: "crds", mayImport: inRuntime("base") },
  // Stands before the room around it: a path belongs to the first that fits.
  {
    folder: "operator/kubernetes/contract",
    mayImport: [...inRuntime("base"), "crds", ...inOperator("kubernetes")],
  },
  { folder: "operator/kubernetes", mayImport: [...inRuntime("base"), "crds"] },
  // kubernetes: the types of objects
  {
    folder: "operator/resources",
    mayImport: [...inRuntime("base contract"), "crds", ...inOperator("kubernetes")],
  },
  // resources: a JobManager's host name
  { folder: "operator/jobmanager", mayImport: [...inRuntime("base contract"), "crds", ...inOperator("resources")] },
  {
    folder: "operator/reconcile",
    mayImport: [...inRuntime("base contract"), "crds", ...inOperator("kubernetes resources")],
  },
  {
    folder: "operator/observe",
    mayImport: [...inRuntime("base contract"), "crds", ...inOperator("kubernetes jobmanager resources reconcile")],
  },
  {
    folder: "operator/apply",
    mayImport: [...inRuntime("base contract"), "crds", ...inOperator("kubernetes jobmanager resources reconcile")],
  },
  {
    folder: "operator/controller",
    mayImport: [...inRuntime("base"), "crds", ...inOperator("kubernetes jobmanager observe reconcile apply")],
  },
  {
    folder: "operator/local",
    // contract: its tests
    mayImport: [...inRuntime("base"), "crds", ...inOperator("kubernetes kubernetes/contract")],
  },
];

/** Every room: the whole declared graph of imports. */
export const rooms: readonly Room[] = [
  ...runtimeRooms,
  ...operatorRooms,
  // What a user may import.
  { folder: "examples", mayImport: inRuntime("api sql connectors testkit") },
];

/** Names that say nothing about what is inside: no file and no folder of the code has one. */
export const forbiddenNames: readonly string[] = "util utils common helper helpers shared lib core".split(" ");

/** Where `npm test` looks for tests, as folders. */
export const testedFolders: readonly string[] = ["runtime", "operator", "crds", "tools", "test"];

/** Longest file, in lines. */
export const FILE_LINES_MAX = 600;

/** The only file that may touch the real clock, real randomness, timers and the environment. */
export const systemFile = "base/system.ts";
