import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "../command-line.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type TxnsCommand, txnsCommand } from "./txns-command.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

const nobody = "127.0.0.1:1";

async function parsed(...args: string[]): Promise<TxnsCommand> {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const command = await parseCommandLine(["txns", ...args], "1", { out: say, err: say });
  assert.equal(command.kind, "txns", said.join(""));
  return command as TxnsCommand;
}

const terminal = (): Terminal => testTerminal([], [], { out: () => assert.fail("nothing is shown") });

test("the words of `streamjob txns`", async () => {
  const list = await parsed("list", "--brokers", "a:1,b:2", "--prefix", "orders-", "--all", "-o", "json");
  assert.deepEqual([list.verb, list.access.brokers, list.prefix, list.isAll], ["list", "a:1,b:2", "orders-", true]);
  assert.deepEqual([list.ids, list.output, list.isApproved], [[], "json", false]);
  const sasl = ["--sasl", "scram-sha-512", "--username", "admin", "--tls-ca", "ca.pem"];
  const commit = await parsed(
    "commit",
    "orders-0-1",
    "orders-1-0",
    "--brokers",
    "a:1",
    "--store",
    "./state",
    "-y",
    ...sasl,
  );
  assert.deepEqual([commit.ids, commit.store, commit.isApproved], [["orders-0-1", "orders-1-0"], "./state", true]);
  const { sasl: mechanism, username, tlsCa, tls } = commit.access;
  assert.deepEqual([mechanism, username, tlsCa, tls], ["scram-sha-512", "admin", "ca.pem", false]);
  assert.deepEqual((await parsed("abort", "--brokers", "a:1")).ids, []);
});

test("TXC4 what is missing for a login, and a file that cannot be read, are said before anybody is asked", async () => {
  const login = await parsed("list", "--brokers", nobody, "--sasl", "plain", "--username", "admin");
  await assert.rejects(txnsCommand(terminal(), login), /password in the environment variable STREAMJOB_KAFKA_PASSWORD/);
  const file = await parsed("list", "--brokers", nobody, "--tls-ca", "/no/such/file");
  await assert.rejects(txnsCommand(terminal(), file), /the file \/no\/such\/file cannot be read/);
  await assert.rejects(txnsCommand(terminal(), await parsed("list", "--brokers", "nonsense")), {
    code: "OPTION_INVALID",
  });
});

test("a broker that does not answer is said, with what to do", async () => {
  const list = await parsed("list", "--brokers", nobody);
  await assert.rejects(txnsCommand(terminal(), list), (error: Error & { code?: string }) => {
    assert.equal(error.code, "KAFKA_FAILED");
    assert.match(error.message, /^127\.0\.0\.1:1: cannot connect: .*Check that a broker runs/);
    return true;
  });
});
