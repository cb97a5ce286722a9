/** Every HTTP server of the product is guarded: no request ends its process (RQG1). */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSources } from "./repository.ts";
import { splitSource } from "./source-text.ts";

/** Servers whose requests nobody guards, in one source. */
function unguarded(source: string): string[] {
  const { code, strings } = splitSource(source);
  const from = (module: string): RegExp =>
    new RegExp(`import\\s*\\{([^}]*)\\}\\s*from\\s*"${strings.indexOf(module)}"`);
  const http = ["node:http", "node:https", "node:http2"].flatMap((module) => from(module).exec(code)?.[1] ?? "");
  const problems: string[] = [];
  if (/\bcreateAdaptorServer\b|\bserve\s*\(\s*\{/.test(code)) problems.push("makes a server that takes no guard");
  if (!http.some((names) => /\bcreate(?:Secure)?Server\b/.test(names))) return problems;
  const calls = code.match(/\bcreate(?:Secure)?Server\s*\(/g)?.length ?? 0;
  const guards = code.match(/\bguardRequests\s*\(/g)?.length ?? 0;
  return calls > guards ? [...problems, `${calls} servers, ${guards} guards`] : problems;
}

describe("servers", () => {
  const servers = readSources().filter(
    ({ path }) => /^(?:runtime|operator)\//.test(path) && !path.endsWith(".test.ts"),
  );
  it("of node:http get their requests through guardRequests", () => {
    const found = servers.flatMap(({ path, text }) => unguarded(text).map((problem) => `${path}: ${problem}`));
    assert.deepEqual(found, []);
  });

  it("an unguarded one is found", () => {
    const bare =
      'import { createServer, type Server } from "node:http";\nconst s = createServer((q, r) => void face(q, r));';
    assert.equal(unguarded(bare).length, 1);
    assert.equal(
      unguarded('import { createAdaptorServer } from "@hono/node-server";\ncreateAdaptorServer({});').length,
      1,
    );
    assert.deepEqual(unguarded('import { createServer } from "node:net";\ncreateServer(() => {});'), []);
  });
});
