/**
 * Owns: the cluster that all files of a test run share: node:test calls this module once, before the first file and after the last.
 *
 * Each file has its own namespaces there; one that breaks the cluster takes a cluster of its own (`isOwn`).
 */
import {
  CLUSTER_MISSING,
  Environment,
  isInCi,
  type MachineSettings,
  machineSettings,
  startCluster,
  untilNothingIsLeft,
} from "../environment/index.ts";

const tell = (line: string): void => void process.stderr.write(`environment: ${line}\n`);
const environment = new Environment({ tell });
let unshare: (() => Promise<void>) | undefined;
let settings: MachineSettings = {};

export async function globalSetup(): Promise<void> {
  if ((process.env["STREAMJOB_E2E"] ?? "") !== "") return;
  settings = await machineSettings();
  try {
    await startCluster(environment, tell);
  } catch (error) {
    await environment.stop();
    if (isInCi()) throw error;
    // The files say which tests are left out.
    process.env[CLUSTER_MISSING] = error instanceof Error ? error.message : String(error);
    return;
  }
  unshare = await environment.share();
}

/** The run fails when the cluster has left anything on this machine. Said and not thrown: node:test would begin again, and never end. */
export async function globalTeardown(): Promise<void> {
  const running = environment.started();
  await environment.stop();
  await unshare?.();
  try {
    await untilNothingIsLeft(running, settings);
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  }
}
