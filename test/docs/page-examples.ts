/**
 * Owns: the examples of a page of docs/: each code block with a file name (```ts file=name.ts) as a file, type-checked and loaded.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../../", import.meta.url));

export class PageExamples {
  /** The whole page. */
  readonly text: string;
  readonly names: readonly string[];
  readonly #folder: string;

  /** `page`: relative to the repository. The files are removed after the test file. */
  constructor(page: string) {
    this.text = readFileSync(join(repository, page), "utf8");
    mkdirSync(join(repository, "tmp"), { recursive: true });
    // Inside of the repository, where the examples' imports and their types are found.
    const folder = mkdtempSync(join(repository, "tmp", `${basename(page, ".md")}-docs-`));
    after(() => rmSync(folder, { recursive: true }));
    const names: string[] = [];
    for (const [, name, code] of this.text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)) {
      const resolved = (code as string)
        .replaceAll(/from "streamjob\/connectors\/(\w+)"/g, 'from "../../runtime/connectors/$1/index.ts"')
        .replaceAll('from "streamjob/table"', 'from "../../runtime/table/index.ts"')
        .replaceAll('from "streamjob/testkit"', 'from "../../runtime/testkit/index.ts"')
        .replaceAll('from "streamjob"', 'from "../../runtime/api/index.ts"');
      writeFileSync(join(folder, name as string), resolved);
      names.push(name as string);
    }
    this.names = names;
    this.#folder = folder;
  }

  load(name: string): Promise<Record<string, unknown>> {
    return import(pathToFileURL(this.path(name)).href);
  }

  /** Of the file of an example. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** What the compiler says of the examples; empty when they compile. */
  async typeErrors(): Promise<string> {
    const project = { extends: "../../tsconfig.json", include: ["*.ts"] };
    writeFileSync(join(this.#folder, "tsconfig.json"), JSON.stringify(project));
    const compiler = fileURLToPath(import.meta.resolve("typescript/package.json"));
    const { bin } = JSON.parse(readFileSync(compiler, "utf8")) as { bin: { tsc: string } };
    const run = [join(compiler, "..", bin.tsc), "--noEmit", "-p", this.#folder];
    const { stdout } = await promisify(execFile)(process.execPath, run).catch((error: { stdout: string }) => error);
    const own = basename(this.#folder);
    return stdout
      .split("\n")
      .filter((line) => line.includes(own))
      .join("\n");
  }
}
