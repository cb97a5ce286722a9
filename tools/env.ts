/**
 * Owns: `npm run env -- up [part …] | status | down [part …] | logs <part> | kubectl … | helm … | helm4 …`: real servers that stay until
 * they are taken down, and clients at the cluster among them.
 * Does not own: the parts (test/environment). Exit codes: 0 done, 1 a part could not be had, 2 bad usage.
 */
import { createReadStream, existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { findBinary } from "../test/environment/binary.ts";
import { Environment, readStanding, standingLog, stopStanding } from "../test/environment/environment.ts";
import { type ApiServer, apiServerPart } from "../test/environment/kubernetes/api-server.ts";
import { clusterClients } from "../test/environment/kubernetes/clients.ts";
import type { Binary, Part } from "../test/environment/part.ts";
import { partGroups, parts, usualParts } from "../test/environment/parts.ts";
import { runInTerminal } from "./find-node.mjs";

const USAGE = `usage: npm run env -- up [part …] | status | down [part …] | logs <part> | kubectl … | helm … | helm4 …
parts: ${parts.map((part) => part.name).join(", ")}
several together: ${Object.keys(partGroups).join(", ")}; cluster has two nodes and needs root
`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `none`: for no names. */
function chosen(names: readonly string[], none: readonly Part[]): readonly Part[] | null {
  if (names.length === 0) return none;
  const found = names.map((name) => partGroups[name] ?? parts.filter((part) => part.name === name));
  return found.every((each) => each.length > 0) ? found.flat() : null;
}

const aboutPart = (part: Part, gives: unknown): string =>
  `${part.name}: ${part.summary === undefined ? JSON.stringify(gives) : part.summary(gives)}`;

/** Builds one after the other, which uses all processors anyhow, and then starts what could be had at the same time. */
async function up(wanted: readonly Part[]): Promise<number> {
  const environment = new Environment({ tell: say, isStanding: true });
  let failed = 0;
  const tried = async (part: Part, act: () => Promise<void>): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      failed++;
      say(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  for (const part of wanted) await tried(part, async () => part.assertPossible?.());
  if (failed > 0) return 1;
  const had: Part[] = [];
  for (const part of wanted) if (await tried(part, () => environment.prepare([part]))) had.push(part);
  await Promise.all(had.map((part) => tried(part, async () => say(aboutPart(part, await environment.start(part))))));
  return failed === 0 ? 0 : 1;
}

async function status(): Promise<number> {
  for (const part of parts) {
    const standing = await readStanding(part.name);
    say(standing === null ? `${part.name}: down` : `${aboutPart(part, standing.gives)} (up)`);
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

/** A client of the cluster that is up, as its admin. */
async function client(binary: Binary, args: readonly string[]): Promise<number> {
  const standing = await readStanding(apiServerPart.name);
  if (standing === null) {
    say("there is no cluster: start it by npm run env -- up cluster (or kube: no nodes)");
    return 1;
  }
  const { kubeconfigs } = standing.gives as ApiServer;
  return runInTerminal(await findBinary(binary, say), args, { ...process.env, KUBECONFIG: kubeconfigs.admin });
}

async function main([word = "", ...names]: readonly string[]): Promise<number> {
  const binary = clusterClients[word];
  if (binary !== undefined) return client(binary, names);
  const wanted = chosen(names, word === "up" ? usualParts : parts);
  const [one] = names.length === 1 ? (wanted ?? []) : [];
  if (wanted !== null && word === "up") return up(wanted);
  if (word === "status" && names.length === 0) return status();
  if (wanted !== null && word === "down") return down(wanted);
  if (one !== undefined && word === "logs") return logs(one);
  process.stderr.write(USAGE);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
