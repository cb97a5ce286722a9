/**
 * Owns: building a program from the Go module registry, with what it does shown.
 *
 * EGO1 The module's sum is compared with the pin before anything of it is compiled.
 */
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { once } from "node:events";
import { join } from "node:path";
import { rename } from "node:fs/promises";
import type { Binary, Tell } from "./part.ts";
import type { GoPin } from "./pins.ts";

const TELL_EVERY_MS = 20_000;
const run = promisify(execFile);

/** A program that `go install` makes; `about`: how long that takes on two cores, in words. */
export function goBinary(command: string, pin: GoPin, about: string): Binary {
  return { command, version: pin.version, build: (folder, tell) => install({ command, pin, about }, folder, tell) };
}

type Wanted = { readonly command: string; readonly pin: GoPin; readonly about: string };

async function install({ command, pin, about }: Wanted, folder: string, tell: Tell): Promise<void> {
  const { module, version } = pin;
  tell(`building ${command} ${version} with go install, once: about ${about}`);
  await checkSum(pin);
  const program = pin.program === undefined ? module : `${module}/${pin.program}`;
  const variables = Object.entries(pin.variables ?? {}).map(([name, value]) => ` -X ${name}=${value}`);
  await goBuild({
    command,
    args: ["install", "-v", "-trimpath", "-ldflags", `-s -w${variables.join("")}`, `${program}@${version}`],
    env: { GOBIN: folder },
    tell,
  });
  const made = program.split("/").at(-1) as string;
  if (made !== command) await rename(join(folder, made), join(folder, command));
}

/** EGO1 */
async function checkSum({ module, version, sum }: GoPin): Promise<void> {
  let answer: string;
  try {
    answer = (await run("go", ["mod", "download", "-json", `${module}@${version}`])).stdout;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new Error(isMissing ? "there is no go command on the PATH" : `go mod download: ${String(error)}`, {
      cause: error,
    });
  }
  const { Sum: actual } = JSON.parse(answer) as { readonly Sum?: string };
  if (actual !== sum) throw new Error(`${module}@${version} has the sum ${actual}, and not ${sum} as pinned`);
}

/** One run of go, told about as it goes on. `cwd`: for a module of our own. Errors: its last lines. */
export async function goBuild(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly tell: Tell;
}): Promise<void> {
  const child = spawn("go", options.args, {
    cwd: options.cwd,
    env: { ...process.env, CGO_ENABLED: "0", ...options.env },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const startedMs = Date.now();
  const lines: string[] = [];
  let compiled = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n").filter((one) => one !== "")) {
      if (/^[\w./-]+$/.test(line)) compiled++;
      lines.push(line);
    }
    lines.splice(0, Math.max(0, lines.length - 20));
  });
  const telling = setInterval(() => {
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    options.tell(`building ${options.command}: ${compiled} packages compiled, ${seconds} s`);
  }, TELL_EVERY_MS);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`go ${options.args.join(" ")} ended with ${code}:\n${lines.join("\n")}`);
  } finally {
    clearInterval(telling);
  }
}
