/**
 * Owns: building Flux's controllers from the Go module beside this file, each with the definitions of its kinds in `crds` beside it.
 *
 * FBI1 What is built is what go.mod and go.sum say. They are not made by `go mod tidy`, which wants what only tests of dependencies need and
 *      the module proxy does not have; another version: change go.mod, then `go get` and `go build -mod=mod` there.
 */
import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { goBuild } from "../go-install.ts";
import type { Binary } from "../part.ts";

const VERSION = "1.9.6";
const moduleFolder = fileURLToPath(new URL("./module", import.meta.url));
const run = promisify(execFile);

function controller(command: string): Binary {
  return {
    command,
    version: VERSION,
    mayBeOnPath: false,
    build: async (folder, tell) => {
      tell(`building ${command} ${VERSION}, once: about 5 minutes on two cores`);
      const program = `github.com/fluxcd/${command}`;
      const output = join(folder, command);
      const args = ["build", "-v", "-trimpath", "-mod=readonly", "-ldflags", "-s -w", "-o", output, program];
      await goBuild({ command, args, env: { GOWORK: "off" }, cwd: moduleFolder, tell });
      const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", program], { cwd: moduleFolder });
      await cp(join(stdout.trim(), "config", "crd", "bases"), join(folder, "crds"), { recursive: true });
    },
  };
}

export const sourceControllerBinary = controller("source-controller");
export const kustomizeControllerBinary = controller("kustomize-controller");
