/**
 * Owns: the servers that all files of this group share, MariaDB, Redis and Kafka: node:test calls this module once, before the first file
 * and after the last. A file finds them by `testPart(mariadbPart)` and the like; where it runs alone, that starts what it asks for.
 *
 * Each file has its own names there (database, prefix of keys, topics); one that breaks a server takes one of its own (`isOwn`).
 */
import { Environment, isInCi, kafkaPart, mariadbPart, redisPart } from "../environment/index.ts";

const tell = (line: string): void => void process.stderr.write(`environment: ${line}\n`);
const environment = new Environment({ tell });
let unshare: (() => Promise<void>) | undefined;

export async function globalSetup(): Promise<void> {
  for (const part of [mariadbPart, redisPart, kafkaPart]) {
    try {
      await environment.start<unknown>(part);
    } catch (error) {
      if (!isInCi()) continue; // The files that need it say that they are left out.
      await environment.stop();
      throw error;
    }
  }
  unshare = await environment.share();
}

export async function globalTeardown(): Promise<void> {
  await environment.stop();
  await unshare?.();
}
