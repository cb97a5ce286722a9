/**
 * Loaded before a pod's program, on a real cluster: the next process of its role takes the failpoints that a test has laid out, once. None
 * gets further than this while a test wants none to start.
 */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";

const path = process.env.STREAMJOB_TEST_ARMORY;
if (isMainThread && path !== undefined) {
  if (existsSync(join(dirname(path), "start-none"))) process.exit(1);
  const own = `${path}.${process.pid}.${Date.now()}`;
  try {
    renameSync(path, own);
    process.env.STREAMJOB_FAILPOINTS = readFileSync(own, "utf8");
  } catch {
    // Nothing is laid out.
  }
}
