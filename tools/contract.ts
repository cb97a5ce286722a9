/**
 * Owns: `npm run contract -- <url>`: the contract test of the API server, which the one in memory passes in `npm test`, on a real one.
 * It installs our CRDs there and makes a namespace for each test; nothing is taken away afterwards, so give it a cluster of its own.
 * Exit codes: that of the tests; 2 for bad usage.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { childEnvironment, findNode, repositoryRoot } from "./find-node.mjs";

const usage = `usage: npm run contract -- <url> [--token <token>] [--ca <file>] [--no-garbage-collector]

  <url>                    of a kube-apiserver that has nothing else to do, such as https://127.0.0.1:6443
  --token                  a bearer token of someone who may do everything
  --ca                     PEM file with the authority that signed the server's certificate
  --no-garbage-collector   kube-controller-manager does not run there: leaves out what only it does
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    token: { type: "string" },
    ca: { type: "string" },
    "no-garbage-collector": { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});

/** What the tests are told; null: bad usage. */
function environment(): Readonly<Record<string, string>> | null {
  const [url] = positionals;
  if (positionals.length !== 1 || url === undefined || !URL.canParse(url)) return null;
  const { token, ca } = values;
  const settings = {
    url,
    token: typeof token === "string" ? token : null,
    ca: typeof ca === "string" ? readFileSync(ca, "utf8") : null,
    collectsGarbage: values["no-garbage-collector"] !== true,
  };
  return { STREAMJOB_CONTRACT: JSON.stringify(settings) };
}

const told = environment();
if (values["help"] === true) process.stdout.write(usage);
else if (told === null) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const node = findNode();
  const child = spawn(
    node.path,
    ["--test", "--test-reporter=spec", "operator/kubernetes/conformance/real-api-server.ts"],
    {
      cwd: repositoryRoot,
      env: { ...childEnvironment(node), ...told },
      stdio: "inherit",
    },
  );
  const [exitCode] = (await once(child, "exit")) as [number | null];
  process.exitCode = exitCode ?? 1;
}
