/**
 * Owns: the program that builds images: docker, podman or buildah, whichever works here, behind one face.
 * Does not own: what is built (image.ts), getting buildah (buildah.ts).
 *
 * IBU1 buildah keeps its images in the cache folder and isolates by chroot: it needs root, and neither daemon nor kernel features.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, findBinary } from "../test/environment/binary.ts";
import type { Tell } from "../test/environment/part.ts";
import { buildahBinary } from "./buildah.ts";

export type Build = {
  /** Folder with the Dockerfile and what it copies. */
  readonly context: string;
  readonly tag: string;
  /** `linux/…` */
  readonly platform: string;
  readonly args: Readonly<Record<string, string>>;
  /** A file with settings for npm, for the secret `npmrc`. */
  readonly npmrc?: string;
};

export type Builder = {
  readonly name: string;
  /** Whether it has an image of this name. */
  has(tag: string): boolean;
  build(build: Build): Promise<void>;
  /** Takes the image of a docker-archive, under the name that it has there. */
  load(path: string): Promise<void>;
  /** Writes a docker-archive. */
  save(tag: string, path: string): Promise<void>;
};

/** Errors: none of the three works here; with what to install. */
export async function findBuilder(tell: Tell): Promise<Builder> {
  if (works("docker", ["version"])) return daemonless("docker", ["save", "--output"]);
  if (works("podman", ["info"])) return daemonless("podman", ["save", "--format", "docker-archive", "--output"]);
  return buildah(await findBinary(buildahBinary, tell), tell);
}

function works(command: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(command, args, { stdio: "ignore", timeout: 30_000 });
  return error === undefined && status === 0;
}

const buildArguments = ({ context, tag, platform, args, npmrc }: Build): string[] => [
  "--platform",
  platform,
  "--tag",
  tag,
  ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
  ...(npmrc === undefined ? [] : ["--secret", `id=npmrc,src=${npmrc}`]),
  context,
];

/** docker and podman take the same words. */
function daemonless(command: string, save: readonly string[]): Builder {
  return {
    name: command,
    has: (tag) => works(command, ["image", "inspect", tag]),
    build: async (build) => run(command, ["build", ...buildArguments(build)]),
    load: async (path) => run(command, ["load", "--input", path]),
    save: async (tag, path) => run(command, [...save, path, tag]),
  };
}

/** IBU1 */
function buildah(command: string, tell: Tell): Builder {
  const folder = join(cacheFolder(), "buildah");
  mkdirSync(folder, { recursive: true });
  const policy = join(folder, "policy.json");
  writeFileSync(policy, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  const storage = (driver: string): string[] => [
    "--storage-driver",
    driver,
    "--root",
    join(folder, driver),
    "--runroot",
    join(folder, `${driver}-run`),
  ];
  // The plainer one copies a root filesystem for every step.
  const driver = works(command, [...storage("overlay"), "info"]) ? "overlay" : "vfs";
  if (driver === "vfs") tell("buildah cannot use overlay here; building takes longer with vfs");
  const signatures = ["--signature-policy", policy];
  return {
    name: "buildah",
    has: (tag) => works(command, [...storage(driver), "inspect", "--type", "image", tag]),
    build: async (build) => {
      const how = [...signatures, "--isolation", "chroot", "--layers"];
      await run(command, [...storage(driver), "build", ...how, ...buildArguments(build)]);
    },
    load: async (path) =>
      run(command, [...storage(driver), "pull", ...signatures, "--quiet", `docker-archive:${path}`]),
    save: async (tag, path) =>
      run(command, [...storage(driver), "push", ...signatures, "--quiet", tag, `docker-archive:${path}:${tag}`]),
  };
}

/** Errors: it failed; with the last lines that it wrote. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (piece: Buffer): void => void (output = (output + piece.toString()).slice(-20_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with exit code ${code}:\n${output}`);
}
