/**
 * Owns: `npm run env -- up [part …] | status | down [part …] | logs <part>`: real servers that stay until they are taken down.
 * Does not own: the parts (test/environment). Exit codes: 0 done, 1 a part could not be had, 2 bad usage.
 */
import { createReadStream, existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Environment, readStanding, standingLog, stopStanding } from "../test/environment/environment.ts";
import type { Part } from "../test/environment/part.ts";
import { parts } from "../test/environment/parts.ts";

const USAGE = `usage: npm run env -- up [part …] | status | down [part …] | logs <part>\nparts: ${parts.map((part) => part.name).join(", ")}\n`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function chosen(names: readonly string[]): readonly Part[] | null {
  if (names.length === 0) return parts;
  const found = names.map((name) => parts.find((part) => part.name === name));
  return found.every((part) => part !== undefined) ? found : null;
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

async function main([word, ...names]: readonly string[]): Promise<number> {
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
