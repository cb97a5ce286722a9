/**
 * Owns: what nothing can need of the stores below a location, derived from their objects and from who names them. Pure.
 * Not here: reading them (inventory.ts), deleting (garbage-collection.ts), what a leader deletes of its own store (retention.ts).
 *
 * GAR1 The state of a superseded store goes only when an incarnation that came after it has a checkpoint of its own, with all of its files.
 *     Its fence alone is no proof: until then it starts from this very store, however often. What has begun to go (COLL2) goes on.
 * GAR2 What somebody names stays: a StreamJob or snapshot (given), and an incarnation without a checkpoint of its own, by its activation.
 *     A store that cannot be read may name any other: then no state goes.
 * GAR3 Of any other store only files go that no manifest of its log refers to, of checkpoints that can no longer complete: of an epoch
 *     before that of its head, or not newer than its newest checkpoint. Whoever leads it may be writing all the others now. Never by clock.
 */
import type { JobId } from "../../base/index.ts";
import type { ObjectInfo } from "../storage/index.ts";
import { type CollectionMark, deletable } from "./collection.ts";
import { parseDataKey } from "./layout.ts";
import { type LogContents, successorFence } from "./log-contents.ts";
import { isOver } from "./retention.ts";

/** A place that must stay, and for whom. */
export type NamedPlace = { readonly location: string; readonly by: string };

/** What is known of one store. */
export type StoreFacts = {
  readonly uri: string;
  readonly objects: readonly ObjectInfo[];
  readonly contents: LogContents;
  readonly mark: CollectionMark | null;
  /** Where its incarnation starts from as long as it has no checkpoint of its own. */
  readonly origins: readonly string[];
  /** Its incarnation has completed a checkpoint or savepoint, and the newest of them can be read, with all of its files. */
  readonly hasOwnState: boolean;
};

export type Fate =
  | { readonly kind: "goes" }
  /** `why` completes a sentence that says that it is kept. */
  | { readonly kind: "stays"; readonly why: string };

const goes: Fate = { kind: "goes" };
const stays = (why: string): Fate => ({ kind: "stays", why });

/** The incarnation that has taken the store over for good; null: nobody has. */
export function successorOf(contents: LogContents): JobId | null {
  const fence = successorFence(contents);
  return fence !== null && contents.entries.at(-1)?.seq === fence.seq ? fence.jobId : null;
}

/** Whose store it is: by what its own JobManagers wrote, else by its folder; null: nothing says it. */
export function ownerOf({ uri, contents }: Pick<StoreFacts, "uri" | "contents">): string | null {
  const own = contents.entries.find((entry) => entry.kind === "manifest" && entry.manifest.successor === undefined);
  if (own?.kind === "manifest") return own.manifest.jobId;
  return jobIdIn(uri);
}

/** The job id that a store's folder is named after; null: it has another name. */
const jobIdIn = (uri: string): string | null => /\/([0-9a-f]{32})$/.exec(uri)?.[1] ?? null;

/** Of the state in each store that is superseded, or marked. `unreadable`: a store that may name others (GAR2). */
export function deriveFates(
  stores: readonly StoreFacts[],
  named: readonly NamedPlace[],
  unreadable: string | null,
): ReadonlyMap<string, Fate> {
  const family = new Family(stores);
  const allNamed = [...named, ...stores.flatMap((store) => originsNeededBy(store, family))];
  const fates = new Map<string, Fate>();
  for (const store of stores) {
    if (store.mark === null && successorOf(store.contents) === null) continue;
    const [by] = namersOf(store.uri, allNamed);
    if (by !== undefined) fates.set(store.uri, stays(`${by} needs it`));
    else if (store.mark !== null) fates.set(store.uri, goes);
    else if (unreadable !== null) fates.set(store.uri, stays(`${unreadable} cannot be read, and may need it`));
    else fates.set(store.uri, family.proofOf(store));
  }
  return fates;
}

/** Who names the store, or something in it. A store is known by its job id, too, however people write the way there. */
export function namersOf(uri: string, named: readonly NamedPlace[]): readonly string[] {
  const id = jobIdIn(uri);
  const isIn = (location: string): boolean =>
    location === uri || location.startsWith(`${uri}/`) || (id !== null && location.split("/").includes(id));
  return [...new Set(named.filter(({ location }) => isIn(location)).map(({ by }) => by))];
}

/** Which files of a store that stays go (GAR3). */
export function deriveLeftovers({
  contents,
  objects,
}: Pick<StoreFacts, "contents" | "objects">): readonly ObjectInfo[] {
  const isLeft = leftoverTest(contents);
  return objects.filter(({ key }) => parseDataKey(key) !== null && isLeft(key));
}

/** GAR3: also of an upload that has not come to its end. */
export function leftoverTest(contents: LogContents): (key: string) => boolean {
  const head = contents.entries.at(-1);
  if (head?.kind !== "manifest") return () => false;
  const { epoch, kind, checkpointId } = head.manifest;
  const newestId = kind === "fence" ? 0 : checkpointId;
  const reachable = new Set<string>();
  for (const entry of contents.entries) {
    // It may refer to anything.
    if (entry.kind === "corrupt") return () => false;
    if (entry.manifest.storeUri === null) for (const file of entry.manifest.files) reachable.add(file.key);
  }
  return (key) => isOver(key, epoch, newestId) && !reachable.has(key);
}

/** What of a store's state goes, when it does. */
export const stateOf = ({ objects, contents, mark }: StoreFacts): readonly ObjectInfo[] =>
  mark?.why === "deleted" ? objects : deletable(objects, contents);

/** GAR2: as long as a later incarnation has not made it needless, too. */
function originsNeededBy(store: StoreFacts, family: Family): readonly NamedPlace[] {
  if (store.mark !== null || family.hasOwnState(store)) return [];
  if (successorOf(store.contents) !== null && family.proofOf(store).kind === "goes") return [];
  const by = `${ownerOf(store) ?? store.uri}, which starts from it and has no checkpoint of its own,`;
  return store.origins.map((location) => ({ location, by }));
}

class Family {
  readonly #byOwner = new Map<string, StoreFacts[]>();

  constructor(stores: readonly StoreFacts[]) {
    for (const store of stores) {
      const owner = ownerOf(store) ?? "";
      this.#byOwner.set(owner, [...(this.#byOwner.get(owner) ?? []), store]);
    }
  }

  hasOwnState({ mark, hasOwnState }: StoreFacts): boolean {
    return mark === null && hasOwnState;
  }

  /** GAR1 */
  proofOf(store: StoreFacts, before: readonly StoreFacts[] = []): Fate {
    const passed = [...before, store];
    const successor = successorOf(store.contents);
    const later = successor === null ? [] : (this.#byOwner.get(successor) ?? []);
    const [next] = later;
    if (successor === null) return stays("no other incarnation has taken it over");
    if (next === undefined)
      return stays(`the store of ${successor}, which has taken it over, is not below this location`);
    if (later.length > 1) return stays(`${successor}, which has taken it over, has several stores below this location`);
    if (passed.includes(next)) return stays(`${successor}, which has taken it over, comes before it, too`);
    if (this.hasOwnState(next)) return goes;
    if (successorOf(next.contents) !== null) return this.proofOf(next, passed);
    return stays(`${successor}, which has taken it over, has no whole checkpoint of its own`);
  }
}
