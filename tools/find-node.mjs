// @ts-check
/**
 * Owns: finding a Node that can run this repository's TypeScript, installing the locked packages when they are not there,
 * and running a child with that Node. Plain JavaScript for Node 18 and later, and no package: it runs before anything is installed.
 * Does not own: what is run.
 * Called by: tools/with-node.mjs (the npm scripts) and bin/streamjob.
 *
 * FIN1  Installed packages that match package-lock.json are never touched; a stamp only saves comparing them again.
 * FIN2  The child's exit code is the exit code; a child that died by signal n gives 128 + n.
 * FIN3  Only a child gets a changed environment; nothing outside node_modules is written.
 * FIN4  A signal reaches the child once: what the terminal sends to the whole foreground group is not sent again.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder, absolute. */
export const repositoryRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest major version that runs TypeScript by itself the way this repository needs it. */
export const oldestMajor = 24;

/** Set for children, so that a chain of commands says only once which Node it uses. */
const announcedVariable = "STREAMJOB_NODE_ANNOUNCED";

const stampName = ".streamjob-lock-sha256";

/** A reason to stop that the user can act on: shown as one message, without a stack. */
export class SetupError extends Error {}

/**
 * @typedef {{ path: string, version: string, pinned: boolean }} FoundNode
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 */

/**
 * Installs the locked packages unless they are there already.
 * @param {{ root?: string, exact?: boolean, say?: (line: string) => void }} [options] `exact` (default true): packages that do not
 *   match package-lock.json are replaced; with false any node_modules folder will do (a production install has no development packages).
 * @returns {"present" | "installed"}
 * @throws {SetupError} when npm is missing or fails
 */
export function ensureInstalled({ root = repositoryRoot, exact = true, say = sayOnStderr } = {}) {
  const lockPath = join(root, "package-lock.json");
  const modules = join(root, "node_modules");
  if (!existsSync(lockPath)) return "present"; // not a checkout: whoever installed this package installed what it needs
  if (!exact && existsSync(modules)) return "present";
  const lockText = readFileSync(lockPath, "utf8");
  const lockHash = createHash("sha256").update(lockText).digest("hex");
  const stampPath = join(modules, stampName);
  if (readIfThere(stampPath)?.trim() === lockHash) return "present";
  const difference = differenceFromLock(lockText, readIfThere(join(modules, ".package-lock.json")));
  if (difference !== undefined) {
    say(`Installing the packages of package-lock.json with npm (${difference}) …`);
    const startedMs = Date.now();
    runNpmInstall(root);
    say(`Packages installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s.`);
  }
  try {
    writeFileSync(stampPath, `${lockHash}\n`);
  } catch {
    // A read-only checkout: without the stamp the next run compares again, which costs milliseconds.
  }
  return difference === undefined ? "present" : "installed";
}

/**
 * Says in words how the installed packages differ from the lock file, or undefined when they match.
 * Compares with the hidden lock file that npm leaves in node_modules; packages for other machines (`optional`) may be absent.
 * @param {string} lockText
 * @param {string | undefined} installedText
 * @returns {string | undefined}
 */
export function differenceFromLock(lockText, installedText) {
  if (installedText === undefined) return "there is no node_modules yet";
  const locked = packagesOf(lockText);
  const installed = packagesOf(installedText);
  for (const [path, wanted] of Object.entries(locked)) {
    if (path === "") continue;
    const found = installed[path];
    if (found === undefined) {
      if (wanted.optional === true) continue;
      return `${path} is missing`;
    }
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) {
      return `${path} is ${found.version}, the lock file says ${wanted.version}`;
    }
  }
  return undefined;
}

/**
 * Finds a Node of version 24 or later: the running one, else the one that came as a package.
 * @param {{ root?: string, running?: { path: string, version: string }, platform?: string, arch?: string }} [options]
 * @returns {FoundNode}
 * @throws {SetupError} when there is none
 */
export function findNode({
  root = repositoryRoot,
  running = { path: process.execPath, version: process.versions.node },
  platform = process.platform,
  arch = process.arch,
} = {}) {
  const packaged = packagedNodePath(root, `node-${platform}-${arch}`);
  if (majorOf(running.version) >= oldestMajor) {
    return { ...running, pinned: running.path === packaged };
  }
  const wanted = `StreamJob needs Node ${oldestMajor} or later, and this is Node ${running.version}.`;
  if (packaged === undefined) {
    throw new SetupError(
      `${wanted} The package node-${platform}-${arch}, which brings one, is not installed. ` +
        `Install Node ${oldestMajor} (https://nodejs.org), or on Linux x64 and arm64 run: npm install --no-save --ignore-scripts --include=optional`,
    );
  }
  const probe = spawnSync(packaged, ["--version"], { encoding: "utf8" });
  const version = (probe.stdout ?? "").trim().replace(/^v/, "");
  if (probe.status !== 0 || majorOf(version) < oldestMajor) {
    const why = probe.error?.message ?? (probe.stderr.trim() || `it says it is version "${version}"`);
    throw new SetupError(
      `${wanted} The one at ${packaged} cannot be used: ${why}. Install Node ${oldestMajor} (https://nodejs.org).`,
    );
  }
  return { path: packaged, version, pinned: true };
}

/**
 * Says once for a chain of commands that the pinned Node is used and not the one the user has.
 * @param {FoundNode} node
 * @param {(line: string) => void} [say]
 */
export function announceNode(node, say = sayOnStderr) {
  if (!node.pinned || process.env[announcedVariable] !== undefined) return;
  say(`Using Node ${node.version} from ${dirname(dirname(node.path))} (StreamJob needs ${oldestMajor} or later).`);
}

/**
 * The environment of a child: the found Node and the repository's commands come first on the PATH.
 * @param {FoundNode} node
 * @param {string} [root]
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnvironment(node, root = repositoryRoot) {
  const first = [dirname(node.path), join(root, "node_modules", ".bin")];
  const rest = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "" && !first.includes(folder));
  return {
    // Node keeps compiled code here: every later process starts in half the time.
    NODE_COMPILE_CACHE: join(
      process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
      "streamjob",
      "node-compile-cache",
    ),
    ...process.env,
    PATH: [...first, ...rest].join(delimiter),
    [announcedVariable]: "1",
  };
}

/**
 * Runs a command in the terminal of this process, passes signals on, and gives the exit code (FIN2).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 * @throws {SetupError} when the command cannot be started
 */
export function runInTerminal(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env });
    /** @type {NodeJS.Signals[]} */
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    /** @type {(signal: NodeJS.Signals) => void} */
    const forward = (signal) => {
      // Ctrl-C in a terminal, or closing it, reaches the whole foreground group: sending it again would count as a second Ctrl-C.
      if (signal !== "SIGTERM" && isInForeground()) return;
      child.kill(signal);
    };
    for (const signal of signals) process.on(signal, forward);
    const settled = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.once("error", (error) => {
      settled();
      reject(new SetupError(`Cannot start ${command}: ${error.message}. Check that it is installed and executable.`));
    });
    child.once("exit", (code, signal) => {
      settled();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

/**
 * Whether this process is in the foreground group of a terminal, wherever its own streams lead (`streamjob run job.ts < /dev/null`).
 * @param {() => string} [readStat] the text of /proc/self/stat
 * @returns {boolean}
 */
export function isInForeground(readStat = () => readFileSync("/proc/self/stat", "latin1")) {
  try {
    const stat = readStat();
    // `42 (name) S ppid pgrp session tty tpgid …`: the name may hold anything, so the fields are counted behind it.
    const [, , group, , tty, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return tty !== "0" && group === foreground;
  } catch {
    // No /proc: any stream that is the terminal says so.
    return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY === true);
  }
}

/**
 * The whole of a launcher: runs the action, shows a SetupError as one message, sets the exit code.
 * @param {() => Promise<number>} action
 */
export async function launch(action) {
  try {
    process.exitCode = await action();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    sayOnStderr(error.message);
    process.exitCode = 1;
  }
}

/** @param {string} line */
function sayOnStderr(line) {
  process.stderr.write(`streamjob: ${line}\n`);
}

/** @param {string} root */
function runNpmInstall(root) {
  // Not npm ci: it refuses a lock file without the packages for other machines, which npm writes where the registry in use lacks
  // those. This one takes the locked versions too, checks their integrity, and leaves package.json and the lock file as they are.
  const args = ["install", "--no-save", "--ignore-scripts", "--include=dev", "--include=optional"];
  args.push("--no-audit", "--no-fund", "--loglevel=error");
  // Inside an npm script npm says which file it is; that one fits the running Node even where PATH has another.
  const own = process.env.npm_execpath;
  const viaNode = own !== undefined && basename(own).startsWith("npm") && existsSync(own);
  const command = viaNode ? process.execPath : "npm";
  const done = spawnSync(command, viaNode ? [own, ...args] : args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.error !== undefined) {
    throw new SetupError(`Cannot run npm: ${done.error.message}. Install npm and run this again.`);
  }
  if (done.status !== 0) {
    const how = done.signal === null ? `exit code ${done.status}` : `signal ${done.signal}`;
    throw new SetupError(
      `npm install failed (${how}); its message is above. Check the network and the registry setting, then run this again.`,
    );
  }
}

/**
 * @param {string} root
 * @param {string} name
 * @returns {string | undefined}
 */
function packagedNodePath(root, name) {
  try {
    // Resolved as a package, because as a dependency of another project it is hoisted out of this folder.
    const manifest = createRequire(join(root, "package.json")).resolve(`${name}/package.json`);
    const path = join(dirname(manifest), "bin", "node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined; // not installed: the caller says what to do
  }
}

/**
 * @param {string} text
 * @returns {Record<string, LockedPackage>}
 */
function packagesOf(text) {
  return JSON.parse(text).packages ?? {};
}

/** @param {string} version */
function majorOf(version) {
  const major = Number.parseInt(version, 10);
  return Number.isNaN(major) ? 0 : major;
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // absent or unreadable: both mean "compare, and install if need be"
  }
}
