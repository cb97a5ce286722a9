#!/usr/bin/env node
/**
 * Owns: `npm create streamjob [folder]`: copies the template into a new folder and says what to do next. It installs nothing.
 * Environment: STREAMJOB_PACKAGE, what the new package.json names as its `streamjob`; default: this package's own version.
 */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const template = fileURLToPath(new URL("./template", import.meta.url));
const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8"));

function fail(message) {
  process.stderr.write(`create-streamjob: ${message}\n`);
  process.exitCode = 2;
}

function create(folder) {
  const target = resolve(folder);
  const name = basename(target).toLowerCase();
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    return fail(
      `"${basename(target)}" cannot name a job: use letters, digits and hyphens, 40 at most. Give another folder.`,
    );
  if (existsSync(target) && readdirSync(target).length > 0)
    return fail(`${target} is not empty. Give a folder that does not exist yet.`);
  cpSync(template, target, { recursive: true });
  // npm leaves a .gitignore out of packages.
  renameSync(join(target, "gitignore"), join(target, ".gitignore"));
  for (const file of ["package.json", "README.md", "job.yaml"]) {
    const path = join(target, file);
    const text = readFileSync(path, "utf8")
      .replaceAll("{{name}}", name)
      .replaceAll("{{streamjob}}", process.env.STREAMJOB_PACKAGE ?? version);
    writeFileSync(path, text);
  }
  const shown = relative(process.cwd(), target) || ".";
  process.stdout.write(
    `Created a stream job in ${target}.\n\n  cd ${shown}\n  npm install\n  npm test     # the job with a savepoint in the middle, in milliseconds\n  npm start    # counts words until Ctrl-C; README.md says what to change first\n`,
  );
}

const [folder, ...more] = process.argv.slice(2);
if (folder?.startsWith("-") || more.length > 0) fail("usage: npm create streamjob [folder]");
else create(folder ?? "my-stream-job");
