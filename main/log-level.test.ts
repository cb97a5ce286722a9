import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { podProgram } from "./pod-program.ts";
import { exitCodes } from "./process-messages.ts";

const operatorProgram = fileURLToPath(new URL("./operator-main.ts", import.meta.url));
const processes = [[podProgram, "jobmanager"], [podProgram, "taskmanager"], [operatorProgram]];

for (const args of processes) {
  test(`LOG4 ${args[1] ?? "operator"} refuses to start with an unknown LOG_LEVEL, and says which there are`, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env: { ...process.env, LOG_LEVEL: "loud" },
    });
    assert.equal(status, exitCodes.refused);
    assert.match(stdout + stderr, /LOG_LEVEL is \\"loud\\"; use one of trace, debug, info, warn, error, fatal, silent/);
  });
}
