/**
 * Owns: `npm run package`: the packages that users install, as tarballs in `dist/`: `streamjob` (JavaScript, declarations, source maps) and
 * `create-streamjob` (a first job).
 * Does not own: what is compiled (tsconfig.package.json), publishing.
 *
 * PAC1  The package has the folders of the repository, so that a path relative to a source is the same relative to what it became.
 * PAC2  Nothing in it names a TypeScript source: specifiers and entries of workers and processes end in `.js`.
 * PAC3  It brings no Node: who installs it has one. Its dependencies are those of package.json, at the same exact versions.
 * PAC4  The client library of Kubernetes is larger than all the rest together, and jobs do not need it: who speaks with a cluster
 *       installs it beside StreamJob, and is told so.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repositoryRoot } from "./find-node.mjs";

const DIST = join(repositoryRoot, "dist");
const STAGE = join(DIST, "package");

type Manifest = {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
} & Readonly<Record<string, unknown>>;

/** PAC4. */
const KUBERNETES_CLIENT = "@kubernetes/client-node";

/** The manifest of the package, from that of the repository (PAC3). */
export function packageManifest(own: Manifest): object {
  const compiled = (source: string): { types: string; default: string } => ({
    types: source.replace(/\.ts$/, ".d.ts"),
    default: source.replace(/\.ts$/, ".js"),
  });
  const kept = ["name", "version", "description", "license", "type", "engines"].map((name) => [name, own[name]]);
  return {
    ...Object.fromEntries(kept),
    bin: { streamjob: "./bin/streamjob.js", "kubectl-streamjob": "./bin/kubectl-streamjob.js" },
    exports: {
      ...Object.fromEntries(Object.entries(own.exports).map(([name, source]) => [name, compiled(source)])),
      "./package.json": "./package.json",
    },
    dependencies: Object.fromEntries(Object.entries(own.dependencies).filter(([name]) => name !== KUBERNETES_CLIENT)),
    peerDependencies: { [KUBERNETES_CLIENT]: own.dependencies[KUBERNETES_CLIENT] },
    peerDependenciesMeta: { [KUBERNETES_CLIENT]: { optional: true } },
  };
}

/** What a compiled file says about other files, with the endings that they have in the package (PAC2). */
export function withCompiledNames(path: string, text: string): string {
  return path.endsWith(".d.ts")
    ? text.replace(/((?:from|import)\s*\(?\s*"\.[^"]*)\.ts"/g, '$1.js"')
    : text.replace(/(new URL\(["`]\.[^"`]*)\.ts(["`], import\.meta\.url\))/g, "$1.js$2");
}

/** The command of the package: looks at the Node that runs it, and becomes the command line. */
const LAUNCHER = `#!/usr/bin/env node
const oldestMajor = 24;
if (Number(process.versions.node.split(".")[0]) < oldestMajor) {
  process.stderr.write(
    "streamjob: StreamJob needs Node " + oldestMajor + " or later, and this is Node " + process.versions.node + ". Install it from https://nodejs.org.\\n",
  );
  process.exitCode = 1;
} else {
  const [{ enableCompileCache }, { homedir }, { join }] = await Promise.all([
    import("node:module"),
    import("node:os"),
    import("node:path"),
  ]);
  // Compiled code is kept, also for the processes of jobs: every later start takes half the time.
  process.env.NODE_COMPILE_CACHE ??= join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    "streamjob",
    "node-compile-cache",
  );
  enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import("../cli/main.js");
}
`;

/** The same for the cluster of kubectl, which finds it by its name. */
const PLUGIN = `#!/usr/bin/env node
process.argv.splice(2, 0, "--kubectl-plugin");
await import("./streamjob.js");
`;

function run(command: string, args: readonly string[], folder: string): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with exit code ${status}:\n${stdout}`);
  return stdout;
}

/** Writes the package's files into `target`, which need not exist. */
export function stagePackage(target: string): void {
  const compiler = join(repositoryRoot, "node_modules", ".bin", "tsc");
  run(compiler, ["-p", "tsconfig.package.json", "--outDir", target], repositoryRoot);
  for (const path of globSync("**/*.{js,d.ts}", { cwd: target })) {
    const file = join(target, path);
    writeFileSync(file, withCompiledNames(path, readFileSync(file, "utf8")));
  }
  const own = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as Manifest;
  writeFileSync(join(target, "package.json"), `${JSON.stringify(packageManifest(own), null, 2)}\n`);
  mkdirSync(join(target, "bin"));
  writeFileSync(join(target, "bin", "streamjob.js"), LAUNCHER, { mode: 0o755 });
  writeFileSync(join(target, "bin", "kubectl-streamjob.js"), PLUGIN, { mode: 0o755 });
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md"])
    copyFileSync(join(repositoryRoot, name), join(target, name));
  cpSync(join(repositoryRoot, "crds", "generated"), join(target, "crds", "generated"), { recursive: true });
}

/** A folder of a package that is not compiled, with the version of this repository. */
function stageTemplate(name: string): string {
  const target = join(DIST, name);
  cpSync(join(repositoryRoot, name), target, { recursive: true });
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as Manifest;
  const path = join(target, "package.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"0.0.0"', JSON.stringify(version)));
  return target;
}

/** Builds both packages; their tarballs' paths. */
export function buildPackages(): { readonly streamjob: string; readonly create: string } {
  rmSync(DIST, { recursive: true, force: true });
  stagePackage(STAGE);
  const pack = (folder: string): string => {
    const [made] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", DIST], folder)) as [
      { readonly filename: string; readonly entryCount: number; readonly unpackedSize: number },
    ];
    process.stdout.write(
      `${made.filename}: ${made.entryCount} files, ${(made.unpackedSize / 1e6).toFixed(1)} MB unpacked\n`,
    );
    return join(DIST, made.filename);
  };
  return { streamjob: pack(STAGE), create: pack(stageTemplate("create-streamjob")) };
}

// Not import.meta.main: the first releases of Node 24 do not have it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { streamjob, create } = buildPackages();
  process.stdout.write(`${streamjob}\n${create}\n`);
}
