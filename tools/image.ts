/**
 * Owns: `npm run image`: the image as a docker-archive in the cache folder, and the same for tests that need it.
 * Does not own: what is in it (Dockerfile), the program that builds (image-builder.ts), bases without a registry (image-base.ts).
 *
 * IMG1 An archive's name and its image's tag are of what it is made from: it is built again only when that changed, and two of the
 *     same name are the same.
 * IMG2 An archive is in the cache whole or not at all; of several processes one builds.
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { cacheFolder, withLock } from "../test/environment/binary.ts";
import type { Tell } from "../test/environment/part.ts";
import { repositoryRoot } from "./find-node.mjs";
import {
  addBuildTools,
  type Architecture,
  librariesOf,
  nodeArchitectures,
  pinnedNode,
  writeBase,
} from "./image-base.ts";
import { type Builder, findBuilder } from "./image-builder.ts";
import { stagePackage } from "./package.ts";

const USAGE = `usage: npm run image -- [--arch amd64|arm64] [--base <image>] [--build-base <image>] [--local-base]
  --base, --build-base   instead of the official images of Node that the Dockerfile names
  --local-base           a base from this repository's Node and this machine's libraries: no image registry is needed
`;
/** Each has about 160 MB. */
const KEPT_ARCHIVES = 4;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

export type ImageOptions = {
  readonly architecture: Architecture;
  /** `local`: IMB1; null: what the Dockerfile says. */
  readonly base: "local" | { readonly base: string | null; readonly build: string | null };
};

export type ImageArchive = {
  /** Of the docker-archive. */
  readonly path: string;
  /** The image's name in it. */
  readonly reference: string;
};

export const ownArchitecture: Architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** The image of these sources, built where it is not in the cache yet. Errors: no builder, or what the build says. */
export async function imageArchive(tell: Tell, options: Partial<ImageOptions> = {}): Promise<ImageArchive> {
  const { architecture = ownArchitecture, base = "local" } = options;
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const hash = contentHash([architecture, JSON.stringify(base)]);
  const folder = join(cacheFolder(), "images");
  const path = join(folder, `streamjob-${version}-${hash}-${architecture}.tar`);
  const reference = `localhost/streamjob:${version}-${hash}`;
  mkdirSync(folder, { recursive: true });
  await withLock(join(folder, "lock"), async () => {
    if (!existsSync(path)) await build({ architecture, base }, { path, reference }, version, tell);
    utimesSync(path, new Date(), new Date());
    const archives = globSync(join(folder, "*.tar")).toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const old of archives.slice(KEPT_ARCHIVES)) rmSync(old);
  });
  return { path, reference };
}

/** IMG1. Of the files that become the image. */
function contentHash(words: readonly string[]): string {
  const sources = globSync("{base,contract,settings,crds,runtime,operator,embedded,main,cli}/**/*.{ts,yaml,json}", {
    cwd: repositoryRoot,
  }).filter((path) => !/\.test(?:-support)?\.ts$/.test(path));
  const own = ["Dockerfile", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.package.json"];
  const tools = globSync("tools/{image*,package}.ts", { cwd: repositoryRoot });
  const hash = createHash("sha256").update(words.join("\n"));
  for (const path of [...sources, ...own, ...tools].toSorted())
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(repositoryRoot, path)))
      .update("\n");
  return hash.digest("hex").slice(0, 12);
}

async function build(options: ImageOptions, target: ImageArchive, version: string, tell: Tell): Promise<void> {
  const builder = await findBuilder(tell);
  tell(`building the image for ${options.architecture} with ${builder.name}, a minute or two`);
  const scratch = mkdtempSync(join(tmpdir(), "streamjob-image-"));
  const beside = `${target.path}.${process.pid}.building`;
  try {
    const context = join(scratch, "context");
    mkdirSync(context);
    stagePackage(join(context, "dist", "package"));
    for (const name of ["Dockerfile", "package.json", "package-lock.json"])
      copyFileSync(join(repositoryRoot, name), join(context, name));
    const bases =
      options.base === "local"
        ? await localBases(builder, options.architecture, scratch)
        : { BASE: options.base.base, BUILD: options.base.build };
    const given = Object.entries(bases).filter((entry): entry is [string, string] => entry[1] !== null);
    await builder.build({
      context,
      tag: target.reference,
      platform: `linux/${options.architecture}`,
      args: { ...Object.fromEntries(given), VERSION: version },
    });
    await builder.save(target.reference, beside);
    renameSync(beside, target.path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(beside, { force: true });
  }
}

/** IMB1. The image's own base, and one with npm for the machine that builds. */
async function localBases(
  builder: Builder,
  architecture: Architecture,
  scratch: string,
): Promise<Readonly<Record<string, string>>> {
  const BASE = await localBase(builder, { architecture, canBuild: false, scratch });
  const BUILD = await localBase(builder, { architecture: ownArchitecture, canBuild: true, scratch });
  return { BASE, BUILD, NODE_EXTRA_CA_CERTS: CERTIFICATES };
}

async function localBase(
  builder: Builder,
  { architecture, canBuild, scratch }: { architecture: Architecture; canBuild: boolean; scratch: string },
): Promise<string> {
  const node = pinnedNode(architecture);
  if (node === undefined) throw new Error(`the package node-linux-${nodeArchitectures[architecture]} is not installed`);
  const text = readFileSync(new URL("./image-base.ts", import.meta.url));
  const version = `${node.version}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
  const name = canBuild ? "streamjob-build-base" : "streamjob-base";
  const tag = `localhost/${name}:${version}-${architecture}`;
  if (builder.has(tag)) return tag;
  const context = join(scratch, `${name}-${architecture}`);
  writeBase(join(context, "root"), node.path, librariesOf(node.path));
  if (canBuild) addBuildTools(join(context, "root"));
  const path = "/nodejs/bin:/usr/local/bin:/usr/bin:/bin";
  writeFileSync(join(context, "Dockerfile"), `FROM scratch\nCOPY root/ /\nENV PATH=${path}\n`);
  await builder.build({ context, tag, platform: `linux/${architecture}`, args: {} });
  return tag;
}

/**
 * The image of a job, built on the one of these sources from a folder with a Dockerfile such as that of examples/10-image, as a
 * docker-archive at `path`.
 */
export async function jobImageArchive(folder: string, reference: string, path: string, tell: Tell): Promise<void> {
  const archive = await imageArchive(tell);
  const builder = await findBuilder(tell);
  const scratch = mkdtempSync(join(tmpdir(), "streamjob-image-"));
  try {
    if (!builder.has(archive.reference)) await builder.load(archive.path);
    const BUILD = await localBase(builder, { architecture: ownArchitecture, canBuild: true, scratch });
    const args = { STREAMJOB: archive.reference, BUILD, NODE_EXTRA_CA_CERTS: CERTIFICATES };
    await builder.build({ context: folder, tag: reference, platform: `linux/${ownArchitecture}`, args });
    await builder.save(reference, path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      arch: { type: "string", default: ownArchitecture },
      base: { type: "string" },
      "build-base": { type: "string" },
      "local-base": { type: "boolean", default: false },
    },
  });
  if (!Object.hasOwn(nodeArchitectures, values.arch)) throw new TypeError(`there is no image for ${values.arch}`);
  const tell = (line: string): void => void process.stdout.write(`${line}\n`);
  const { path, reference } = await imageArchive(tell, {
    architecture: values.arch as Architecture,
    base: values["local-base"] ? "local" : { base: values.base ?? null, build: values["build-base"] ?? null },
  });
  tell(`${reference} is in ${path}, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
  tell(`docker load --input ${path}`);
  return 0;
}

// Not import.meta.main: the first releases of Node 24 do not have it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const isUsage = error instanceof TypeError;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${isUsage ? USAGE : ""}`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
