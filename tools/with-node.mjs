// @ts-check
/**
 * Owns: `node tools/with-node.mjs <script.ts> [args]` and `node tools/with-node.mjs --exec <command> [args]`, which every npm script goes
 * through: packages installed, Node 24 or later found, the script run by it. Plain JavaScript for Node 18 and later.
 * Does not own: how; see find-node.mjs.
 */
import {
  announceNode,
  childEnvironment,
  ensureInstalled,
  findNode,
  launch,
  runInTerminal,
  SetupError,
} from "./find-node.mjs";

/** kafkajs asks for a timer of a time that is past whenever nothing holds a request back, and Node says so each time. */
const QUIET = "--disable-warning=TimeoutNegativeWarning";

await launch(async () => {
  const words = process.argv.slice(2);
  const isCommand = words[0] === "--exec";
  const [command, ...args] = isCommand ? words.slice(1) : words;
  if (command === undefined) {
    throw new SetupError("usage: node tools/with-node.mjs <script.ts> [args]   or   --exec <command> [args]");
  }
  ensureInstalled();
  const node = findNode();
  announceNode(node);
  const [program, programArgs] = isCommand ? [command, args] : [node.path, [QUIET, command, ...args]];
  return runInTerminal(program, programArgs, childEnvironment(node));
});
