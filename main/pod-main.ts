/**
 * Owns: the entry of a pod's process: `pod-main.ts jobmanager | taskmanager`.
 *
 * POM1 Compiled code is kept before anything else is loaded, and only one program's rooms are loaded at all: a standby's start is a part
 *     of every upgrade, and a restarted process's a part of every recovery.
 */
import { enableCompileCache, getCompileCacheDir } from "node:module";

enableCompileCache();
const { setEnvironmentVariable } = await import("../base/index.ts");
const cacheFolder = getCompileCacheDir();
// For the slots' threads.
if (cacheFolder !== undefined) setEnvironmentVariable("NODE_COMPILE_CACHE", cacheFolder);
setEnvironmentVariable("STREAMJOB_LOG_STREAM", "stdout");

const [role] = process.argv.slice(2);
if (role === "jobmanager") await (await import("./pod-jobmanager.ts")).runJobManager();
else if (role === "taskmanager") await (await import("./pod-taskmanager.ts")).runTaskManager();
else {
  process.stderr.write(`This is the process of a pod: pod-main.ts jobmanager | taskmanager, not "${role ?? ""}".\n`);
  process.exit(2);
}
