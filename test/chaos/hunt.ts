/**
 * Owns: planting a bug in a copy of the code, and running a suite of the chaos there until it is found.
 * Called by: the suites that run by seeds (exactly-once, sql). Their lines say `1/12  seed 7: …`, and end with FAILED when something is wrong.
 *
 * XOU1 Found is: a run says that something is wrong. That it would not say so without the bug is what all other runs show.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/index.ts";
import { textTable } from "../../bench/measure/text-table.ts";
import { applyMutant, type Mutant } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Links: they are large, or none of the job's. */
const LINKED = ["node_modules"];
const LEFT_OUT = new Set([".git", "dist", ...LINKED]);

type Hunt = {
  /** The program of the suite, from the root: it takes --runs, --seed, --only and --stop. */
  readonly program: string;
  readonly runs: string;
  readonly seed: string;
  readonly say: (line: string) => void;
};

/** Exit code: 0 when each was found. */
export async function huntMutants(mutants: readonly Mutant[], hunt: Hunt): Promise<0 | 1> {
  const rows = [["mutant", "found", "after runs", "seconds", "by"]];
  let missed = 0;
  for (const mutant of mutants) {
    hunt.say(`${mutant.name}: ${mutant.what}`);
    const startedMs = systemClock.monotonicMs();
    const found = await huntOne(mutant, hunt);
    const seconds = ((systemClock.monotonicMs() - startedMs) / 1000).toFixed(0);
    if (found === null) missed += 1;
    rows.push([mutant.name, found === null ? "NO" : "yes", String(found?.runs ?? hunt.runs), seconds, found?.by ?? ""]);
  }
  hunt.say(`\n${textTable(rows, ["left", "left", "right", "right", "left"])}`);
  return missed === 0 ? 0 : 1;
}

type Found = { readonly runs: number; readonly by: string };

/** null: it was not found. */
async function huntOne(mutant: Mutant, { program, runs, seed, say }: Hunt): Promise<Found | null> {
  const tree = mkdtempSync(join(tmpdir(), `streamjob-mutant-${mutant.name}-`));
  try {
    copyCode(tree);
    const path = join(tree, mutant.file);
    writeFileSync(path, applyMutant(mutant, readFileSync(path, "utf8")));
    const options = ["--runs", runs, "--seed", seed, "--only", mutant.plans, "--stop"];
    const child = spawn(process.execPath, [join(tree, program), ...options], {
      cwd: tree,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let by: string | null = null;
    let runCount = 0;
    const said: string[] = [];
    // The line after a run in which something is wrong says what.
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (/^\d+\/\d+ {2}seed/.test(line)) {
        runCount += 1;
        say(`  ${line}`);
      } else if (by === null && said.at(-2)?.endsWith("FAILED")) {
        by = line.trim();
        say(`  ${by}`);
      }
    }
    const [exitCode] = child.exitCode === null ? ((await once(child, "exit")) as [number | null]) : [child.exitCode];
    if (exitCode === 0) return null;
    if (by === null)
      throw new Error(`the chaos itself failed on ${mutant.name} (exit code ${exitCode}): ${said.join("\n")}`);
    return { runs: runCount, by: by.slice(0, 100) };
  } finally {
    rmSync(tree, { recursive: true, force: true, maxRetries: 5 });
  }
}

function copyCode(tree: string): void {
  for (const name of readdirSync(ROOT)) {
    if (LINKED.includes(name)) symlinkSync(join(ROOT, name), join(tree, name));
    else if (!LEFT_OUT.has(name))
      cpSync(join(ROOT, name), join(tree, name), {
        recursive: true,
        filter: (path) => basename(path) !== "node_modules",
      });
  }
}
