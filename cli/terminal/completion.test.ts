import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseCommandLine } from "../command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "streamjob-completion-"));
after(() => rmSync(folder, { recursive: true }));

async function script(shell: string): Promise<string> {
  let out = "";
  await parseCommandLine(["completion", shell], "1", { out: (text) => (out += text), err: () => {} });
  return out;
}

describe("completion in bash", () => {
  before(async () => {
    writeFileSync(join(folder, "completion.bash"), await script("bash"));
    // What the names of jobs are asked of.
    const program = join(folder, "streamjob");
    const answers = `case "$*" in
  "get -o name"*prod*"-n shop") printf 'streamjob/wares\\n' ;;
  "get -o name"*) printf 'streamjob/words\\nstreamjob/orders\\n' ;;
esac`;
    writeFileSync(program, `#!/bin/sh\n${answers}\n`);
    chmodSync(program, 0o755);
    const kubectl = join(folder, "kubectl");
    const ofKubectl = `case "$*" in
  "config get-contexts -o name "*) printf 'prod\\ntest\\n' ;;
  "get namespaces -o name --context prod"*) printf 'namespace/shop\\nnamespace/bank\\n' ;;
esac`;
    writeFileSync(kubectl, `#!/bin/sh\n${ofKubectl}\n`);
    chmodSync(kubectl, 0o755);
  });

  /** What bash offers for the last of the words. */
  function offered(...words: readonly string[]): string[] {
    const line = words.map((word) => `'${word}'`).join(" ");
    const text = `source completion.bash; COMP_WORDS=(streamjob ${line}); COMP_CWORD=${words.length}; _streamjob; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const PATH = `${folder}${delimiter}${process.env["PATH"]}`;
    const { stdout, stderr, error } = spawnSync("bash", ["--norc", "--noprofile", "-c", text], {
      cwd: folder,
      env: { PATH },
      encoding: "utf8",
    });
    assert.equal(error, undefined);
    assert.equal(stderr, "");
    return stdout.split("\n").filter((word) => word !== "");
  }

  const cases: Record<string, { readonly words: readonly string[]; readonly offers: readonly string[] }> = {
    commands: { words: ["su"], offers: ["suspend"] },
    "commands of one beginning": { words: ["re"], offers: ["resume", "restart"] },
    "flags of a command": { words: ["run", "--task"], offers: ["--task-managers"] },
    "values of a flag": { words: ["get", "-o", ""], offers: ["table", "wide", "name", "yaml", "json"] },
    "names of jobs": { words: ["suspend", "w"], offers: ["words"] },
    "names of jobs of the cluster and namespace that the line names": {
      words: ["--context", "prod", "suspend", "-n", "shop", "w"],
      offers: ["wares"],
    },
    "contexts of kubectl": { words: ["get", "--context", "p"], offers: ["prod"] },
    "namespaces of the context's cluster": { words: ["get", "--context", "prod", "-n", ""], offers: ["shop", "bank"] },
    "flags that choose a cluster": { words: ["--con"], offers: ["--context"] },
    "nothing for a module, so that files are": { words: ["run", "x"], offers: [] },
  };
  for (const [name, { words, offers }] of Object.entries(cases)) {
    it(`offers ${name}`, () => assert.deepEqual(offered(...words).toSorted(), offers.toSorted()));
  }
});

describe("completion scripts", () => {
  it("name every command in each shell, with flags (COM1)", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const text = await script(shell);
      for (const command of ["run", "up", "explain", "list", "savepoint", "get", "rollback", "completion"]) {
        assert.match(text, new RegExp(`\\b${command}\\b`), `${shell}: ${command}`);
      }
      assert.match(text, /all-namespaces/);
    }
  });

  it("are well formed for fish where a text has a quote", async () => {
    assert.match(await script("fish"), /-l name -r -d 'the job\\'s name'/);
  });
});
