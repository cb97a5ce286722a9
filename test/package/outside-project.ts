/**
 * Owns: a project of a user's, in a folder outside of the checkout, and running its commands to their end.
 * Called by: the tests of the package.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Registries are slow at times, and machines busy. */
const DEADLINE_MS = 240_000;

export type Finished = { readonly code: number; readonly output: string };

export class OutsideProject {
  readonly folder: string;

  /** `name`: of the folder; a new one is made around it. */
  constructor(name: string) {
    this.folder = join(mkdtempSync(join(tmpdir(), "streamjob-outside-")), name);
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a command in the project to its end, whatever that is. */
  run(command: string, ...args: string[]): Promise<Finished> {
    // A test run inside a test run would report to it; npm would take its settings from the npm that runs these tests.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_TEST_CONTEXT$)/.test(name));
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { ...Object.fromEntries(inherited), STREAMJOB_HOME: this.path(".home") },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: DEADLINE_MS,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (signal !== null) output += `\n${command} was ended by ${signal}`;
        resolve({ code: code ?? 1, output });
      });
    });
  }

  /** Runs a command that has to succeed; what it printed. */
  async ran(command: string, ...args: string[]): Promise<string> {
    const { code, output } = await this.run(command, ...args);
    assert.equal(code, 0, `${command} ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  }

  /** Bytes of a folder of the project, links not followed. */
  bytesOf(...names: string[]): number {
    const of = (path: string): number => {
      const stat = lstatSync(path);
      return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + of(join(path, name)), 0) : stat.size;
    };
    return of(this.path(...names));
  }

  remove(): void {
    rmSync(dirname(this.folder), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
