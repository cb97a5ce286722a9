/**
 * Owns: the process of the command `streamjob`, and of `kubectl streamjob`.
 * Called by: bin/streamjob, bin/kubectl-streamjob.
 *
 * MN1 Help, the version and bad usage load the words alone (CLI2 of command-line.ts): perform.ts comes when there is a command.
 */
import { type ParsedCommand, parseCommandLine } from "./command-line.ts";
import { readVersion } from "../main/version.ts";

/** Resolves when what was written before has reached the other side: an exit cuts off what a pipe has not taken yet. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

const unread = Promise.withResolvers<void>();
// A reader that went away (streamjob list | head) is no failure of the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" && stream === process.stdout) unread.resolve();
    // Anything else, such as a full disk: what is told there is lost, the jobs of this process are not.
  });
}

async function perform(real: Exclude<ParsedCommand, { readonly kind: "exit" }>): Promise<number> {
  (await import("../base/starting.ts")).hastenImports();
  return (await import("./perform.ts")).perform(real, unread.promise);
}

const args = process.argv.slice(2);
/** What bin/kubectl-streamjob puts before the words of a person. */
const isPlugin = args[0] === "--kubectl-plugin";
const output = {
  out: (piece: string) => void process.stdout.write(piece),
  err: (piece: string) => void process.stderr.write(piece),
};
const command = await parseCommandLine(isPlugin ? args.slice(1) : args, readVersion(), output, isPlugin);
const exitCode = command.kind === "exit" ? command.exitCode : await perform(command);
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// A job module that was loaded here may have left timers or sockets behind.
process.exit(exitCode);
