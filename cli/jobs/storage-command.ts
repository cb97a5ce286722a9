/**
 * Owns: `streamjob storage list` and `gc`: what is there, what becomes of it, and deleting what nothing can need.
 * Not here: what that is (runtime/checkpoint, GAR1 to GAR3), how the stores of a StreamJob are reached (manifests/storage-of-job.ts).
 *
 * SGC1 Nothing is deleted before a person has seen what goes and said yes, or has said so by `--yes`; and nothing but that.
 */
import { StreamError } from "../../base/index.ts";
import { historyIn } from "../../main/index.ts";
import { collectGarbage, takeInventory } from "../../runtime/checkpoint/index.ts";
import { storeUriOf } from "../../runtime/storage/index.ts";
import type { ClusterChoice, ListFormat } from "../manifests/manifest-command.ts";
import { openCluster, openControlPlane } from "../manifests/open-control-plane.ts";
import { accessOfJob } from "../manifests/storage-of-job.ts";
import { showAsValue } from "../terminal/report.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import type { HomeFolder } from "./home-folder.ts";
import { namesKnownHere } from "./storage-names.ts";
import {
  type GoingPlace,
  goingAsValue,
  goingOf,
  showGoing,
  showPlaces,
  type StorageAccess,
  totalText,
} from "./storage-report.ts";

export type StorageCommand = {
  readonly kind: "storage";
  readonly verb: "list" | "gc";
  readonly place:
    | { readonly kind: "location"; readonly location: string }
    | { readonly kind: "job"; readonly job: string };
  /** Of the StreamJob, or of those that are asked; null: not said. */
  readonly namespace: string | null;
  readonly output: ListFormat;
  /** Of gc: shows what would go. */
  readonly isDryRun: boolean;
  /** Of gc: it is not asked. */
  readonly isApproved: boolean;
  /** Absent: none was named. */
  readonly cluster?: ClusterChoice;
};

const CLUSTERS_UNKNOWN =
  "No cluster was asked: if a StreamJob of one may restore from a checkpoint there, repeat this with --context.";

/** Errors: OPTION_INVALID, STORE_UNAVAILABLE, CONFIRMATION_MISSING, those of namesKnownHere. */
export async function storageCommand(home: HomeFolder, terminal: Terminal, command: StorageCommand): Promise<ExitCode> {
  const { place, cluster, namespace, verb } = command;
  const carryOut = (access: StorageAccess): Promise<ExitCode> =>
    verb === "list" ? list(terminal, access, command) : collect(terminal, access, command);
  if (place.kind === "location") return carryOut(await accessByLocation(home, terminal, command, place.location));
  const opened = cluster === undefined ? openControlPlane(home, terminal) : await openCluster(cluster, terminal);
  try {
    return await carryOut(await accessOfJob({ ...opened, terminal }, place.job, namespace ?? opened.namespace));
  } finally {
    opened.close();
  }
}

async function accessByLocation(
  home: HomeFolder,
  terminal: Terminal,
  { cluster, namespace }: StorageCommand,
  location: string,
): Promise<StorageAccess> {
  const ask = () => namesKnownHere(home, terminal, cluster ?? null, namespace);
  const { named, asked } = await ask();
  return {
    what: `below ${location}`,
    areNamesKnown: cluster !== undefined || isIn(home.controlPlane, location),
    look: () => takeInventory([location], { named, historyIn }),
    remove: async (going) => {
      const approved = new Set(going.map(({ uri }) => uri));
      // A person may have thought for long.
      const now = await ask();
      return collectGarbage([location], { named: now.named, historyIn, approved, clock: terminal.clock });
    },
    notes: [
      `Asked what their StreamJobs name: ${asked.length === 0 ? "nobody, for there is no control plane here" : asked.join("; ")}.`,
      ...(cluster === undefined ? [CLUSTERS_UNKNOWN] : []),
    ],
  };
}

/** Only StreamJobs of this machine have their state there. */
const isIn = (folder: string, location: string): boolean =>
  `${storeUriOf(location)}/`.startsWith(`${storeUriOf(folder)}/`);

async function list(terminal: Terminal, access: StorageAccess, { output }: StorageCommand): Promise<ExitCode> {
  const places = await access.look();
  if (await showAsValue(terminal, output, () => ({ items: places }))) return 0;
  if (places.length === 0) terminal.out(`There is no store and no savepoint ${access.what}.`);
  else showPlaces(terminal, places, { ...access, isWide: output === "wide" });
  return 0;
}

/** SGC1 */
async function collect(terminal: Terminal, access: StorageAccess, command: StorageCommand): Promise<ExitCode> {
  const { output, isDryRun, isApproved } = command;
  const going = goingOf(await access.look());
  if (output === "text" || output === "wide") {
    if (going.length === 0) terminal.out(`There is nothing to remove ${access.what}.`);
    else showGoing(terminal, going);
    for (const note of access.notes) terminal.say(note);
  }
  if (isDryRun || going.length === 0) {
    if (!(await showAsValue(terminal, output, () => goingAsValue(going, isDryRun ? null : []))) && going.length > 0)
      terminal.out(`Nothing was deleted: ${totalText(going.map(({ removal }) => removal))} would go.`);
    return 0;
  }
  if (!isApproved && !(await isAgreed(terminal, going, access))) {
    terminal.say("Nothing was deleted.");
    return 1;
  }
  const removed = await access.remove(going);
  const failures = removed.flatMap(({ uri, failure }) => (failure === null ? [] : [`${uri}: ${failure}`]));
  if (!(await showAsValue(terminal, output, () => goingAsValue(going, removed)))) {
    terminal.out(`Deleted: ${totalText(removed)}.`);
    for (const failure of failures) terminal.out(`Not deleted, try again: ${failure}`);
  }
  return failures.length === 0 ? 0 : 1;
}

function isAgreed({ ask }: Terminal, going: readonly GoingPlace[], { what }: StorageAccess): Promise<boolean> {
  if (ask !== undefined) return ask(`Delete ${totalText(going.map(({ removal }) => removal))} ${what}?`);
  throw new StreamError(
    "CONFIRMATION_MISSING",
    `nothing was deleted ${what}: there is no terminal to ask; look at it with --dry-run, then say --yes`,
    { destiny: "terminal" },
  );
}
