/**
 * Owns: the entry of a process in a pod, and of the image: `pod-main.ts operator | jobmanager | taskmanager | storage | uninstall-check`.
 *
 * POM1 Compiled code is kept before anything else is loaded, and only one program's rooms are loaded at all: a standby's start is a part
 *     of every upgrade, and a restarted process's a part of every recovery.
 * POM2 SIGTERM ends the process also while it is loaded: as the first process of a container it would get the signal and ignore it.
 */
import { enableCompileCache, getCompileCacheDir } from "node:module";
import { hastenImports } from "../base/starting.ts";

const endNow = (): never => process.exit(0);
process.on("SIGTERM", endNow);

enableCompileCache();
hastenImports();
const { setEnvironmentVariable } = await import("../base/index.ts");
const cacheFolder = getCompileCacheDir();
// For the slots' threads.
if (cacheFolder !== undefined) setEnvironmentVariable("NODE_COMPILE_CACHE", cacheFolder);
setEnvironmentVariable("STREAMJOB_LOG_STREAM", "stdout");

/** Each loads a program; what it gives starts it. From then on signals are the program's own matter. */
const programs: Readonly<Record<string, () => Promise<() => Promise<void>>>> = {
  operator: async () => (await import("./operator-process.ts")).runOperator,
  jobmanager: async () => (await import("./pod-jobmanager.ts")).runJobManager,
  taskmanager: async () => (await import("./pod-taskmanager.ts")).runTaskManager,
  storage: async () => (await import("./pod-storage.ts")).runStorage,
  "uninstall-check": async () => (await import("./uninstall-check.ts")).runUninstallCheck,
};

const [name = ""] = process.argv.slice(2);
const load = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (load === undefined) {
  const known = Object.keys(programs).join(", ");
  const what = name === "" ? "no program is named" : `there is no program "${name}"`;
  process.stderr.write(`streamjob: ${what}. The first argument is one of ${known}; see docs/image.md.\n`);
  process.exit(2);
}
const run = await load();
const running = run();
// After the program has its own: a signal that came while it was loaded is told to whoever listens then, and to nobody if nobody does.
process.off("SIGTERM", endNow);
await running;
