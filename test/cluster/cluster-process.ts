/**
 * Owns: a process that has a cluster of its own until it is killed. It prints one line of JSON once the cluster is up: what runs.
 * Called by: failures.test.ts.
 */
import { Environment, startCluster } from "../environment/index.ts";

const tell = (line: string): void => void process.stderr.write(`environment: ${line}\n`);
const environment = new Environment({ tell, isAlone: true });
await startCluster(environment, tell);
process.stdout.write(`${JSON.stringify(environment.running())}\n`);
setInterval(() => undefined, 2 ** 30);
