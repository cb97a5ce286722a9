/**
 * Owns: `streamjob storage list`: stores and savepoints below a location, and what becomes of each.
 */
import { formatTime } from "../../crds/index.ts";
import { type StoredPlace, takeInventory } from "../../runtime/checkpoint/index.ts";
import type { ReportFormat } from "../manifests/manifest-command.ts";
import { showAsValue } from "../terminal/report.ts";
import { formatTable } from "../terminal/table.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";

const HEADINGS = ["KIND", "LOCATION", "JOB", "CHECKPOINTS", "NEWEST", "SIZE", "WHAT BECOMES OF IT"];
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Errors: OPTION_INVALID, STORE_UNAVAILABLE. */
export async function storageListCommand(
  terminal: Terminal,
  { location, output }: { readonly location: string; readonly output: ReportFormat },
): Promise<ExitCode> {
  const places = await takeInventory(location);
  if (await showAsValue(terminal, output, () => ({ items: places }))) return 0;
  if (places.length === 0) {
    terminal.out(`There is no store and no savepoint below ${location}.`);
    return 0;
  }
  const rows = places.map((place) => [
    place.kind,
    place.uri,
    place.jobName ?? "-",
    place.kind === "savepoint" ? "-" : String(place.checkpoints),
    place.newestMs === null ? "-" : `${formatTime(place.newestMs).slice(0, 19)}Z`,
    sizeText(place.bytes),
    verdictText(place),
  ]);
  for (const line of formatTable([HEADINGS, ...rows], terminal.columns)) terminal.out(line);
  return 0;
}

function verdictText({ verdict }: StoredPlace): string {
  switch (verdict.kind) {
    case "newest":
      return "kept: the newest state of its job";
    case "collected":
      return `kept, it is small: its state was deleted, and this fences late processes${after(verdict.successor)}`;
    case "superseded":
      return `${sizeText(verdict.bytes)} go when ${verdict.successor} is stable, which has taken it over, unless a StreamJob names a checkpoint in it`;
    case "empty":
      return "kept: it holds no state; goes with its StreamJob if deletion.keepState is false";
    case "savepoint":
      return "kept until its StreamJobSnapshot is deleted";
    case "unreadable":
      return `kept: ${verdict.why}`;
  }
}

const after = (successor: string | null): string => (successor === null ? "" : `; ${successor} went on from it`);

function sizeText(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}
