/** `kubectl streamjob` as a person uses it: kubectl finds it on the PATH, and its kubeconfig says which cluster. No operator runs there. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, kubectlBinary, testBinary, testPart } from "../environment/index.ts";

const server = await testPart(apiServerPart);
const kubectl = await testBinary(kubectlBinary);
const skip = server.skip === false ? kubectl.skip : server.skip;
const bin = fileURLToPath(new URL("../../bin", import.meta.url));

describe("kubectl streamjob", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "kubectl-plugin-"));
  let admin: ClusterAdmin;
  let namespace: string;

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("plugin");
  });
  after(() => {
    admin.close();
    rmSync(folder, { recursive: true });
  });

  const run = (...words: string[]): Promise<{ code: number; text: string }> =>
    new Promise((resolve) => {
      const path = [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter);
      const env = { ...process.env, PATH: path, KUBECONFIG: server.gives().kubeconfigs.admin };
      execFile(kubectl.path(), ["streamjob", ...words], { env }, (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, text: out + err }),
      );
    });

  it("applies, shows, compares and deletes StreamJobs of the cluster", async () => {
    const path = join(folder, "wc.yaml");
    const manifest = (parallelism: number): string =>
      JSON.stringify({
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJob",
        metadata: { name: "wc" },
        spec: { job: { module: "/opt/streamjob/job/job.ts" }, parallelism },
      });
    const place = ["-n", namespace];
    writeFileSync(path, manifest(2));
    const applied = await run("apply", "-f", path, ...place);
    assert.equal(applied.code, 0, applied.text);
    assert.match((await run("get", ...place)).text, /^wc /m);
    assert.match((await run("get", "-A")).text, new RegExp(`${namespace} +wc`));
    const described = await run("describe", "wc", ...place);
    assert.deepEqual([described.code, /Parallelism: +2/.test(described.text)], [0, true], described.text);
    assert.equal((await run("diff", path, ...place)).code, 0);
    writeFileSync(path, manifest(3));
    const differs = await run("diff", path, ...place);
    assert.deepEqual([differs.code, /parallelism/.test(differs.text)], [1, true], differs.text);
    assert.equal((await run("events", ...place)).code, 0);
    const removed = await run("delete", "wc", "--wait", ...place);
    assert.equal(removed.code, 0, removed.text);
    assert.match((await run("get", ...place)).text, /No StreamJobs in namespace/);
  });

  it("says what is wrong with the choice of a cluster, and with commands that are not about one", async () => {
    const unknown = await run("get", "--context", "prod");
    assert.deepEqual([unknown.code, /no context "prod"/.test(unknown.text)], [1, true], unknown.text);
    assert.equal((await run("up")).code, 2);
  });
});
