/**
 * Builds the Apache Flink peer of the word-count bench with Maven, in a cache folder.
 *
 * Owns: finding java and mvn, the copy of the project in the cache, its build, and the check of its generator against
 * vectors.json. Does not own: running the job and reading its result (README.md has the command line). Called by the
 * bench's command, and by hand: `node bench/flink/build.ts [cacheDir]`.
 *
 * B1: nothing is written beside the sources; the folder in the cache is named by a hash of them.
 * B2: that folder appears under its name only when built and checked (by rename), so one that is there is usable, and
 *     two builds at the same time do not disturb each other.
 * REB3: a machine that cannot build (no Java, no Maven, no network) is an expected outcome, `missing`; a generator that
 *     differs from vectors.json is a mistake in this repository and throws.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A peer that can be run: `java` is the executable, `classpath` the value of its `-cp`. */
export type FlinkBuild = { readonly classpath: string; readonly java: string };

/** Why there is no peer on this machine, in a sentence for the person who runs the bench. */
export type FlinkMissing = { readonly missing: string };

type Finished = { readonly exitCode: number | null; readonly stdout: string; readonly output: string };

const PROJECT = import.meta.dirname;
const SOURCES = ["pom.xml", "src"];
const JAVA_VERSION_MIN = 17;
const OUTPUT_CHARS_MAX = 1 << 20;
const PROBE_TIMEOUT_MS = 30_000;
/** The first build fetches about 80 MB of jars. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

/** `$XDG_CACHE_HOME/streamjob`, or `~/.cache/streamjob` where that is not set. */
export function defaultCacheDir(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "streamjob");
}

/**
 * Builds the peer under `cacheDir` unless these very sources are built there already; progress goes to stderr.
 * The first build takes about a minute and needs Maven Central, later calls under a second. Throws when the generator
 * differs from vectors.json.
 */
export async function buildFlink(cacheDir: string = defaultCacheDir()): Promise<FlinkBuild | FlinkMissing> {
  const java = findJava();
  const javaProblem = await probeJava(java);
  if (javaProblem !== undefined) return { missing: javaProblem };
  const home = join(cacheDir, `flink-word-count-${await hashSources()}`);
  if (await exists(home)) {
    say(`built already: ${home}`);
    return { java, classpath: classpathOf(home) };
  }
  await mkdir(cacheDir, { recursive: true });
  const building = await mkdtemp(join(cacheDir, "flink-word-count-building-"));
  try {
    const problem = await buildIn(building);
    if (problem !== undefined) return { missing: problem };
    await checkVectors(java, classpathOf(building));
    await renameUnlessThere(building, home);
    say(`built: ${home}`);
    return { java, classpath: classpathOf(home) };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

function classpathOf(home: string): string {
  return [join(home, "target", "flink-word-count.jar"), join(home, "target", "dependency", "*")].join(delimiter);
}

function findJava(): string {
  const javaHome = process.env["JAVA_HOME"];
  return javaHome ? join(javaHome, "bin", "java") : "java";
}

/** What is wrong with this Java, or undefined when nothing is. */
async function probeJava(java: string): Promise<string | undefined> {
  const probe = await run(java, ["-XshowSettings:properties", "-version"], PROJECT, PROBE_TIMEOUT_MS);
  if (probe === undefined) return `no Java: '${java}' does not start; install a JDK ${JAVA_VERSION_MIN} or newer`;
  const version = Number(/java\.specification\.version = (\d+)/.exec(probe.output)?.[1] ?? 0);
  if (version >= JAVA_VERSION_MIN) return undefined;
  return `Java ${version || "of unknown version"} ('${java}') is too old; install a JDK ${JAVA_VERSION_MIN} or newer`;
}

/** Hash of the names and bytes of all sources, as 16 hex digits. */
async function hashSources(): Promise<string> {
  const entries = await readdir(join(PROJECT, "src"), { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = [...sources, join(PROJECT, "pom.xml"), join(PROJECT, "vectors.json")].sort();
  const hash = createHash("sha256");
  for (const file of files) {
    const content = await readFile(file);
    hash.update(`${file.slice(PROJECT.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

/** Copies the project to `home` and builds it there; what went wrong, or undefined when nothing did. */
async function buildIn(home: string): Promise<string | undefined> {
  say("building Apache Flink's word count with Maven; the first time this fetches about 80 MB of jars");
  for (const source of SOURCES) await cp(join(PROJECT, source), join(home, source), { recursive: true });
  const build = await run("mvn", ["-q", "-B", "package", "dependency:copy-dependencies"], home, BUILD_TIMEOUT_MS);
  if (build === undefined) return "no Maven: 'mvn' does not start; install Maven 3.8 or newer";
  if (build.exitCode === 0) return undefined;
  const errors = build.output.split("\n").filter((line) => line.startsWith("[ERROR]"));
  const reason = errors.slice(0, 3).join(" ") || build.output.slice(-500) || "it said nothing";
  const ended = build.exitCode === null ? "was ended by a signal or the time limit" : `ended with ${build.exitCode}`;
  return `mvn ${ended} (is Maven Central reachable, and is this a JDK?): ${reason}`;
}

async function checkVectors(java: string, classpath: string): Promise<void> {
  const printed = await run(java, ["-cp", classpath, "Lines"], PROJECT, PROBE_TIMEOUT_MS);
  assert(printed?.exitCode === 0, `Lines printed no vectors: ${printed?.output ?? "java does not start"}`);
  const expected: unknown = JSON.parse(await readFile(join(PROJECT, "vectors.json"), "utf8"));
  assert.deepEqual(
    JSON.parse(printed.stdout),
    expected,
    "Lines.java and vectors.json differ: mend the one that is wrong",
  );
}

/** Moves `from` to `to`; when another build was first its result stays (B2). */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(await exists(to))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** Runs a program to its end; undefined when it does not start, exit code null when a signal or the limit ended it. */
function run(program: string, args: string[], cwd: string, timeoutMs: number): Promise<Finished | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    // Not spawn's own `timeout`: its timer lives on, and keeps the process alive, when the program does not start.
    const limit = setTimeout(() => child.kill(), timeoutMs);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-OUTPUT_CHARS_MAX);
      output = (output + text).slice(-OUTPUT_CHARS_MAX);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARS_MAX);
    });
    child.on("error", () => {
      clearTimeout(limit);
      resolve(undefined);
    });
    child.on("close", (exitCode) => {
      clearTimeout(limit);
      resolve({ exitCode, stdout, output });
    });
  });
}

function say(text: string): void {
  process.stderr.write(`flink: ${text}\n`);
}

if (import.meta.main) {
  const built = await buildFlink(process.argv[2]);
  process.stdout.write(`${JSON.stringify(built)}\n`);
  if ("missing" in built) process.exitCode = 1;
}
