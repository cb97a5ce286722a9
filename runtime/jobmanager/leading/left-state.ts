/**
 * Owns: whether state that no operator of the job takes may be left behind, and what a person sets to allow it.
 * Called by: startup.ts, preflight.ts.
 *
 * LS1 A permission is for one restore: what a job has written itself since is never left behind by it, whichever code finds it.
 * LS2 The advice names what the front door has through which the job came: a field of the manifest, or an option of the command.
 */
import type { RestoreMessage } from "../../../contract/index.ts";

export type LeftState = {
  readonly isAllowed: boolean;
  /** What to do to have it left behind; follows "or". */
  readonly howToAllow: string;
};

/** LS2. Of an incarnation that starts from `from`; null: it goes on from its own checkpoints. */
export function leftStateOfIncarnation(from: RestoreMessage | null): LeftState {
  const field = from?.kind === "path" ? "restore.allowNonRestoredState" : "upgrade.allowNonRestoredState";
  const isAllowed = from !== null && from.kind !== "none" && from.allowNonRestoredState;
  return { isAllowed, howToAllow: `set ${field}: true in the manifest to leave that state behind` };
}

/** LS2. Of `streamjob run`. `isAllowed`: false when it goes on from its own checkpoints (LS1). */
export function leftStateOfRun({ isAllowed }: { readonly isAllowed: boolean }): LeftState {
  const howToAllow =
    "start with -s, the savepoint or checkpoint, and --allow-non-restored-state to leave that state behind";
  return { isAllowed, howToAllow };
}
