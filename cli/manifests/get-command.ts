/**
 * Owns: `streamjob get`: objects as a table, as YAML or JSON; with --watch each change as a line.
 */
import { stringify } from "yaml";
import type { StreamJob, StreamJobSnapshot } from "../../crds/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import { silentLog } from "../../base/index.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { liveFactsOf } from "./live-facts.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed, listAll, readable } from "./named-objects.ts";
import { jobHeadings, jobRow, snapshotHeadings, snapshotRow, type TableOptions } from "./object-table.ts";
import { untilInterrupted } from "./interruption.ts";

const ASKED_AT_ONCE = 16;

type Shown = StreamJob | StreamJobSnapshot;
type GetCommand = JobCommand<"get">;

/** Errors: OBJECT_NOT_FOUND for a name. */
export async function getCommand(context: CommandContext, command: GetCommand): Promise<ExitCode> {
  const { out, say } = context.terminal;
  const objects = await find(context, command);
  if (command.watch) return watch(context, command);
  if (command.output === "yaml" || command.output === "json") {
    const value = command.name === null ? listOf(objects) : readable(objects[0] as Shown);
    out(command.output === "json" ? JSON.stringify(value, null, 2) : stringify(value, { lineWidth: 0 }).trimEnd());
    return 0;
  }
  if (command.output === "name") {
    for (const object of objects) out(nameOf(object));
    return 0;
  }
  if (objects.length === 0) {
    const where = command.namespace === null ? "in any namespace" : `in namespace ${command.namespace}`;
    say(`No ${command.what === "jobs" ? "StreamJobs" : "snapshots"} ${where}.`);
    return 0;
  }
  const rows: string[][] = [];
  // Each asks a JobManager: some at a time.
  for (let start = 0; start < objects.length; start += ASKED_AT_ONCE) {
    const some = objects.slice(start, start + ASKED_AT_ONCE);
    rows.push(...(await Promise.all(some.map((each) => row(each, command, context)))));
  }
  for (const line of formatTable([headings(command, context), ...rows])) out(line);
  return 0;
}

async function find({ api }: CommandContext, { what, name, namespace }: GetCommand): Promise<readonly Shown[]> {
  const kind = what === "jobs" ? "StreamJob" : "StreamJobSnapshot";
  if (name !== null) return [await getNamed(api, kind, name, namespace ?? "default")];
  const all = await listAll(api, kind, { namespace });
  return all.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

async function watch(context: CommandContext, command: GetCommand): Promise<ExitCode> {
  const { api, terminal } = context;
  const { clock, random, out } = terminal;
  const kind = command.what === "jobs" ? "StreamJob" : "StreamJobSnapshot";
  const cache = new WatchCache(api, kind, { clock, random, log: silentLog, namespace: command.namespace });
  // Widths grow with what comes and never shrink, so that rows stay below each other.
  let widths: number[] = [];
  const print = (cells: readonly string[]): void => {
    widths = cells.map((cell, column) => Math.max(widths[column] ?? 0, cell.length));
    out(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  };
  let last = "";
  const failed = Promise.withResolvers<never>();
  let printed: Promise<void> = Promise.resolve();
  const show = async (object: Shown, isGone: boolean): Promise<void> => {
    const cells = await row(object, command, context);
    if (isGone) cells[cells.length - (command.output === "wide" ? 1 : 2)] = "deleted";
    // A status changes more often than what a row shows of it.
    const shown = cells.join("\t").replace(/\t\d+[smhd]\w*\??/g, "");
    if (shown !== last) print(cells);
    last = shown;
  };
  cache.subscribe(({ kind: change, object }) => {
    if (command.name !== null && object.metadata.name !== command.name) return;
    if (command.output === "yaml") return out(`---\n${stringify(readable(object), { lineWidth: 0 }).trimEnd()}`);
    if (command.output === "json") return out(JSON.stringify(readable(object)));
    if (command.output === "name") return out(nameOf(object));
    // One after the other: each asks for what its row shows.
    printed = printed.then(() => show(object, change === "deleted")).catch(failed.reject);
  });
  if (command.output === "table" || command.output === "wide") print(headings(command, context));
  cache.start();
  try {
    await Promise.race([untilInterrupted(context), failed.promise]);
  } finally {
    await cache.stop();
  }
  return 0;
}

function tableOptions({ output, namespace }: GetCommand, { terminal }: CommandContext): TableOptions {
  return { isWide: output === "wide", hasNamespace: namespace === null, nowMs: terminal.clock.nowMs() };
}

function headings(command: GetCommand, context: CommandContext): string[] {
  const options = tableOptions(command, context);
  return command.what === "jobs" ? jobHeadings(options) : snapshotHeadings(options);
}

async function row(object: Shown, command: GetCommand, context: CommandContext): Promise<string[]> {
  const options = tableOptions(command, context);
  if (object.kind !== "StreamJob") return snapshotRow(object, options);
  return jobRow(object, await liveFactsOf(context, object), options);
}

function listOf(objects: readonly Shown[]): object {
  return { apiVersion: "v1", kind: "List", items: objects.map(readable) };
}

/** As kubectl and the other commands take it. */
const nameOf = ({ kind, metadata }: Shown): string => `${kind.toLowerCase()}/${metadata.name}`;

const placeOf = ({ metadata }: Shown): string => `${metadata.namespace}/${metadata.name}`;
