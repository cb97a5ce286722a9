/** The commands of the pages about clusters: each is of a program that a reader has there, or named with what is done instead (PCM1). */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseCommandLine } from "../../cli/command-line.ts";
import { repositoryRoot } from "../../tools/find-node.mjs";
import { clusterPages, commandsOf, elsewhereOf, onCluster, unusedExceptions } from "./page-commands.ts";

/** Words as a shell splits them, for commands without variables. */
const wordsOf = (text: string): string[] =>
  (text.replaceAll("\\\n", " ").match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""));

async function assertParsed(text: string): Promise<void> {
  const words = wordsOf(text);
  const isPlugin = words[0] === "kubectl";
  let said = "";
  const tell = (piece: string): void => void (said += piece);
  const parsed = await parseCommandLine(words.slice(isPlugin ? 2 : 1), "0", { out: tell, err: tell }, isPlugin);
  assert.notEqual(parsed.kind, "exit", `${text}: ${said}`);
}

describe("the commands of the pages about clusters", () => {
  it("are in the pages that are known here", () => {
    const pages = readdirSync(join(repositoryRoot, "docs"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`)
      .filter((page) => commandsOf(page).some(({ text }) => /^(kubectl|helm) /.test(text)));
    for (const page of pages) assert.ok((clusterPages as readonly string[]).includes(page), `${page} is not run`);
    for (const page of clusterPages) assert.notEqual(commandsOf(page).length, 0, page);
    assert.deepEqual(unusedExceptions(), []);
  });

  for (const page of clusterPages) {
    it(`that are not run there are taken by the command line: ${page}`, async () => {
      for (const command of commandsOf(page))
        if (elsewhereOf(page, command)?.how === "parse") await assertParsed(command.text);
    });

    it(`that it has within its text are taken by the command line: ${page}`, async () => {
      const text = readFileSync(join(repositoryRoot, page), "utf8").replaceAll(/^```[^]*?^```/gm, "");
      // One word more is the name of a command, and no call of it.
      for (const [, command = ""] of text.matchAll(/`((?:kubectl |bin\/)?streamjob [a-z]\w+ [^`|…]*)[`|]/g))
        await assertParsed(command.replaceAll(/[[\]<>]/g, ""));
    });
  }

  it("are otherwise of programs that a reader of a cluster has", () => {
    for (const page of clusterPages)
      for (const { text } of onCluster(page)) assert.match(text, /^(until )?(kubectl|helm|cp|sed) /, page);
  });

  it("name files that are there", () => {
    for (const page of clusterPages)
      for (const { text } of onCluster(page))
        for (const [path] of text.matchAll(/\b(?:examples|crds|helm)\/[\w./-]+/g))
          assert.ok(existsSync(join(repositoryRoot, path)), `${page}: ${path}`);
  });
});
