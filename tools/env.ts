/**
 * Owns: `npm run env -- up [part …] | status | down [part …] | logs <part> | kubectl …`: real servers that stay until they are taken
 * down, and kubectl at the cluster among them.
 * Does not own: the parts (test/environment). Exit codes: 0 done, 1 a part could not be had, 2 bad usage.
 */
import { createReadStream, existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Environment, readStanding, standingLog, stopStanding } from "../test/environment/environment.ts";
import { type ApiServer, apiServerPart } from "../test/environment/kubernetes/api-server.ts";
import type { Part } from "../test/environment/part.ts";
import { partGroups, parts } from "../test/environment/parts.ts";
import { runInTerminal } from "./find-node.mjs";

const USAGE = `usage: npm run env -- up [part …] | status | down [part …] | logs <part> | kubectl …
parts: ${parts.map((part) => part.name).join(", ")}
several together: ${Object.keys(partGroups).join(", ")}
`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function chosen(names: readonly string[]): readonly Part[] | null {
  if (names.length === 0) return parts;
  const found = names.map((name) => partGroups[name] ?? parts.filter((part) => part.name === name));
  return found.every((each) => each.length > 0) ? found.flat() : null;
}

/** Builds one after the other, which uses all processors anyhow. */
async function up(wanted: readonly Part[]): Promise<number> {
  const environment = new Environment({ tell: say, isStanding: true });
  let failed = 0;
  for (const part of wanted) {
    try {
      say(`${part.name}: ${JSON.stringify(await environment.start(part))}`);
    } catch (error) {
      failed++;
      say(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}

async function status(): Promise<number> {
  for (const { name } of parts) {
    const standing = await readStanding(name);
    say(`${name}: ${standing === null ? "down" : `up, ${JSON.stringify(standing.gives)}`}`);
  }
  return 0;
}

async function down(wanted: readonly Part[]): Promise<number> {
  for (const { name } of wanted.toReversed()) say(`${name}: ${(await stopStanding(name)) ? "stopped" : "was not up"}`);
  return 0;
}

async function logs(part: Part): Promise<number> {
  const path = standingLog(part.name);
  if (!existsSync(path)) {
    say(`${part.name} has no log: start it by npm run env -- up ${part.name}`);
    return 1;
  }
  await pipeline(createReadStream(path), process.stdout, { end: false });
  return 0;
}

/** The machine's kubectl, as admin of the cluster that is up. */
async function kubectl(args: readonly string[]): Promise<number> {
  const standing = await readStanding(apiServerPart.name);
  if (standing === null) {
    say("there is no cluster: start it by npm run env -- up kube");
    return 1;
  }
  const { kubeconfigs } = standing.gives as ApiServer;
  return runInTerminal("kubectl", args, { ...process.env, KUBECONFIG: kubeconfigs.admin });
}

async function main([word, ...names]: readonly string[]): Promise<number> {
  if (word === "kubectl") return kubectl(names);
  const wanted = chosen(names);
  const [one] = names.length === 1 ? (wanted ?? []) : [];
  if (wanted !== null && word === "up") return up(wanted);
  if (word === "status" && names.length === 0) return status();
  if (wanted !== null && word === "down") return down(wanted);
  if (one !== undefined && word === "logs") return logs(one);
  process.stderr.write(USAGE);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
