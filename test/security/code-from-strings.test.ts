import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { operatorNodeOptions } from "../environment/index.ts";

const root = join(import.meta.dirname, "..", "..");
const nodeOptions = operatorNodeOptions();

test("SEC-12 SEC-13 the operator's process makes no code from text and has no __proto__, and all of it loads and works so", () => {
  assert.match(nodeOptions, /^--disallow-code-generation-from-strings --disable-proto=delete /);
  const script = `
    await import(${JSON.stringify(join(root, "main/operator-process.ts"))});
    const { validateStreamJob } = await import(${JSON.stringify(join(root, "crds/index.ts"))});
    const job = { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name: "a", namespace: "b" }, spec: { job: { module: "/job.ts" } } };
    const tries = [() => eval("1"), () => new Function("return 1")(), () => Reflect.construct(async function () {}.constructor, ["1"]), () => setTimeout.constructor("return 1")()];
    const made = tries.map((make) => { try { make(); return "made"; } catch (error) { return error.name; } });
    const keys = { ...JSON.parse('{"__proto__": {"x": 1}}') };
    console.log(JSON.stringify({ made, proto: "__proto__" in {}, x: keys.x ?? null, valid: validateStreamJob(job).kind }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: nodeOptions },
  });
  assert.deepEqual(JSON.parse(stdout.trim() === "" ? `"${stderr.slice(-500)}"` : stdout), {
    made: ["EvalError", "EvalError", "EvalError", "EvalError"],
    proto: false,
    x: null,
    valid: "valid",
  });
});
