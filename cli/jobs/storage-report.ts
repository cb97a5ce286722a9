/**
 * Owns: places where state is stored, as a person and a program are shown them: what each is, what becomes of it, what a collection removes.
 * Called by: `streamjob storage`, of a location and of a StreamJob.
 */
import { formatTime } from "../../crds/index.ts";
import type { Removed, StoredPlace } from "../../runtime/checkpoint/index.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

const HEADINGS = ["STATE", "LOCATION", "JOB", "CHECKPOINTS", "NEWEST", "SIZE", "WHAT BECOMES OF IT"];
const WIDE_HEADINGS = [...HEADINGS.slice(0, 3), "JOB ID", "OBJECTS", ...HEADINGS.slice(3)];
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** How places are found and their garbage is removed. */
export type StorageAccess = {
  /** For a person: `below s3://…`. */
  readonly what: string;
  /** Whether who is not named by anybody here is named by nobody. */
  readonly areNamesKnown: boolean;
  readonly look: () => Promise<readonly StoredPlace[]>;
  readonly remove: (going: readonly GoingPlace[]) => Promise<readonly Removed[]>;
  /** Said before a person decides. */
  readonly notes: readonly string[];
};

/** One of which something goes. */
export type GoingPlace = StoredPlace & { readonly removal: NonNullable<StoredPlace["removal"]> };

export const goingOf = (places: readonly StoredPlace[]): readonly GoingPlace[] =>
  places.filter((place): place is GoingPlace => place.removal !== null);

export function showPlaces(
  terminal: Terminal,
  places: readonly StoredPlace[],
  { areNamesKnown, isWide }: Pick<StorageAccess, "areNamesKnown"> & { readonly isWide: boolean },
): void {
  const rows = places.map((place) => [
    stateText(place, areNamesKnown),
    place.uri,
    place.jobName ?? "-",
    ...(isWide ? [place.jobId ?? "-", String(place.objects)] : []),
    place.kind === "savepoint" ? "-" : String(place.checkpoints),
    place.newestMs === null ? "-" : `${formatTime(place.newestMs).slice(0, 19)}Z`,
    sizeText(place.bytes),
    [verdictText(place), ...namedText(place), ...removalText(place)].join("; "),
  ]);
  const headings = isWide ? WIDE_HEADINGS : HEADINGS;
  for (const line of formatTable([headings, ...rows], isWide ? null : terminal.columns)) terminal.out(line);
}

export function showGoing(terminal: Terminal, going: readonly GoingPlace[]): void {
  const rows = going.map(({ uri, jobName, removal, verdict }) => [
    uri,
    jobName ?? "-",
    String(removal.objects),
    sizeText(removal.bytes),
    removal.what === "leftovers"
      ? "files that no checkpoint refers to"
      : verdict.kind === "superseded"
        ? `its state; ${verdict.successor} went on from it, and has a checkpoint of its own or one after it has`
        : "the rest of its state, of which a part is deleted already",
  ]);
  const table = formatTable([["LOCATION", "JOB", "FILES", "SIZE", "WHAT GOES"], ...rows], terminal.columns);
  for (const line of table) terminal.out(line);
}

/** `removed` null: nothing is to be removed now. */
export function goingAsValue(going: readonly GoingPlace[], removed: readonly Removed[] | null): object {
  const outcomes = new Map((removed ?? []).map((each) => [each.uri, each]));
  return {
    dryRun: removed === null,
    items: going.map(({ uri, kind, jobName, jobId, removal }) => {
      const outcome = outcomes.get(uri);
      const failure = outcome === undefined ? null : outcome.failure;
      return { uri, kind, jobName, jobId, ...removal, removed: outcome !== undefined && failure === null, failure };
    }),
  };
}

export function totalText(places: readonly { readonly objects: number; readonly bytes: number }[]): string {
  const objects = places.reduce((sum, place) => sum + place.objects, 0);
  const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
  return `${objects} ${objects === 1 ? "file" : "files"}, ${sizeText(bytes)}`;
}

function stateText({ verdict, namedBy }: StoredPlace, areNamesKnown: boolean): string {
  if (verdict.kind !== "newest") return verdict.kind;
  if (namedBy.length > 0) return "in use";
  return areNamesKnown ? "orphaned" : "newest";
}

function verdictText({ verdict }: StoredPlace): string {
  switch (verdict.kind) {
    case "newest":
      return "kept: the newest state of its job";
    case "collected":
      return `kept, it is small: its state was deleted, and this fences late processes${after(verdict.successor)}`;
    case "superseded":
      return verdict.kept === null
        ? `superseded by ${verdict.successor}`
        : `superseded by ${verdict.successor}, and kept: ${verdict.kept}`;
    case "empty":
      return "kept: it holds no state; goes with its StreamJob if deletion.keepState is false";
    case "savepoint":
      return "kept until its StreamJobSnapshot is deleted";
    case "unreadable":
      return `kept: ${verdict.why}`;
  }
}

function namedText({ namedBy, verdict }: StoredPlace): readonly string[] {
  const isSaid = verdict.kind === "superseded" && verdict.kept !== null;
  return isSaid || namedBy.length === 0 ? [] : [`named by ${namedBy.join(", ")}`];
}

function removalText({ removal }: StoredPlace): readonly string[] {
  if (removal === null) return [];
  const { what, objects, bytes, uploads } = removal;
  const files = `${objects} ${objects === 1 ? "file" : "files"}, ${sizeText(bytes)}`;
  const unfinished = uploads === 0 ? "" : `, and ${uploads} unfinished uploads`;
  return [`gc removes ${what === "state" ? "its state" : "leftovers"}: ${files}${unfinished}`];
}

const after = (successor: string | null): string => (successor === null ? "" : `; ${successor} went on from it`);

function sizeText(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power]}`;
}
