/**
 * Owns: a state to go on from, found and looked at: the newest of a log, or the one at a path.
 * Not here: which of them a job goes on from (startup.ts, latest-state.ts), whether it fits the job (graph-fit.ts).
 *
 * FO1 A damaged manifest is replaced by an older one only where no promise is broken by it (REST2), and loudly.
 */
import { StreamError } from "../../../base/index.ts";
import {
  type FencedBy,
  findDamage,
  type LogContents,
  type Manifest,
  manifestKey,
  readSavepoint,
  resolveRestore,
} from "../../checkpoint/index.ts";
import { openStore } from "../../storage/index.ts";
import { type InsistPorts, insist } from "./insist.ts";

export type FoundState = {
  readonly manifest: Manifest;
  /** The store that the manifest's files are in. */
  readonly storeUri: string;
  /** Its place in the job's own log; null: it is not in there. */
  readonly seq: number | null;
  /** In the job's own log, and its sinks may not have committed it. */
  readonly mustCommit: boolean;
  /** What a person gives to restore from it. */
  readonly location: string;
};

export type FindPorts = InsistPorts & {
  /** The job has no exactly-once sink (REST2). */
  readonly sinksAllowReplay: boolean;
};

/** The newest state of a log in which `epoch` has written its fence; null: there is none. Errors: CHECKPOINT_CORRUPT. */
export async function newestOf(
  log: { readonly contents: LogContents; readonly epoch: number },
  ports: FindPorts,
): Promise<FoundState | null | { readonly by: FencedBy }> {
  const { contents, epoch } = log;
  const damaged = new Map<number, string>();
  for (;;) {
    const decision = resolveRestore(contents, epoch, { sinksAllowReplay: ports.sinksAllowReplay, damaged });
    if (decision.kind === "none") return null;
    if (decision.kind === "fenced") return { by: decision.by };
    if (decision.kind === "corrupt" && decision.fallback === null) {
      throw corrupt(
        `the newest checkpoint of the job (${contents.storeUri}/${manifestKey(decision.seq)}) cannot be used: ${decision.what}; ` +
          `no older one is used: ${decision.reason}. Start a new job from a savepoint, or from a checkpoint you trust`,
      );
    }
    const manifest = decision.kind === "restore" ? decision.manifest : (decision.fallback as Manifest);
    const storeUri = manifest.storeUri ?? contents.storeUri;
    const damage = await damageOf(manifest, storeUri, ports);
    if (damage.length > 0) {
      damaged.set(manifest.seq, few(damage));
      continue;
    }
    if (decision.kind === "corrupt") {
      ports.logger.error(
        { seq: decision.seq, fallbackSeq: manifest.seq, reason: `${decision.what}; ${decision.reason}` },
        "the newest checkpoint cannot be used; restoring from an older one",
      );
    }
    const mustCommit = decision.kind === "restore" && decision.mustCommit;
    return { manifest, storeUri, seq: manifest.seq, mustCommit, location: locationOf(manifest, contents.storeUri) };
  }
}

/** The savepoint or checkpoint at a path. Errors: SAVEPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, OPTION_INVALID. */
export async function stateAt(path: string, ports: InsistPorts): Promise<FoundState> {
  const { manifest, storeUri } = await insist(ports, `read ${path}`, () => readSavepoint(path));
  const damage = await damageOf(manifest, storeUri, ports);
  if (damage.length > 0)
    throw corrupt(`cannot restore from ${path}: ${few(damage)}; restore from another savepoint or checkpoint`);
  return { manifest, storeUri, seq: null, mustCommit: false, location: path };
}

/** `logUri`: the store of the log that the manifest is in. */
export function locationOf(manifest: Manifest, logUri: string): string {
  return manifest.storeUri ?? `${logUri}/${manifestKey(manifest.seq)}`;
}

async function damageOf(manifest: Manifest, storeUri: string, ports: InsistPorts): Promise<readonly string[]> {
  const store = await openStore(storeUri);
  return insist(ports, `look at the files of checkpoint ${manifest.checkpointId}`, () => findDamage(store, manifest));
}

function few(damage: readonly string[]): string {
  return damage.slice(0, 3).join("; ") + (damage.length > 3 ? `; and ${damage.length - 3} more` : "");
}

function corrupt(message: string): StreamError {
  return new StreamError("CHECKPOINT_CORRUPT", message, { destiny: "terminal" });
}
