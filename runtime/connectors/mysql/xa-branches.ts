/**
 * Owns: prepared branches as the server knows them: listing, committing and rolling back those of another connection, and ending that.
 *
 * XA1 While the connection that prepared a branch lives, the server answers XAER_NOTA to everybody else, as if there were no such branch. So a
 *     branch that is listed and not known is a zombie's: its connection is killed, and the branch is asked for again.
 * XA2 A connection is killed only when its branch is listed: after a restart of the server ids begin anew, and branches have no connection.
 */
import { sleep, StreamError } from "../../../base/index.ts";
import { codeOf } from "./mysql-error.ts";
import type { SinkSession } from "./sink-session.ts";
import type { Session } from "./session.ts";
import { branchOf, type BranchName, type RecoveredBranch, xidText } from "./xid.ts";

const ROLL_BACK_ATTEMPTS = 100;
const ROLL_BACK_PAUSE_MS = 100;

/** Those of ours that are prepared, of every job on the server. */
export async function preparedBranches(session: Session): Promise<BranchName[]> {
  const found = (await session.rows("xa recover")) as readonly unknown[] as readonly RecoveredBranch[];
  return found.map((each) => branchOf(each)).filter((branch) => branch !== null);
}

export async function isPrepared(session: Session, { globalId }: BranchName): Promise<boolean> {
  return (await preparedBranches(session)).some((branch) => branch.globalId === globalId);
}

/** Ends a connection; nothing when it has ended. */
export async function killConnection(session: Session, connectionId: number): Promise<void> {
  try {
    await session.run(`kill ${connectionId}`);
  } catch (error) {
    if (codeOf(error) !== "ER_NO_SUCH_THREAD") throw error;
  }
}

/** True when it did; false when the server answers that there is no such branch (XA1). */
export async function settledBranch(
  session: Session,
  verb: "commit" | "rollback",
  branch: BranchName,
): Promise<boolean> {
  try {
    await session.run(`xa ${verb} ${xidText(branch)}`);
    return true;
  } catch (error) {
    if (codeOf(error) === "ER_XAER_NOTA") return false;
    throw error;
  }
}

/** Rolls back a branch that is in no checkpoint, whoever holds it. */
export async function rollBack<T>(to: SinkSession<T>, branch: BranchName): Promise<void> {
  for (let attempt = 1; attempt <= ROLL_BACK_ATTEMPTS; attempt++) {
    const session = await to.session();
    if (await settledBranch(session, "rollback", branch)) return;
    if (!(await isPrepared(session, branch))) return;
    await killConnection(session, branch.connectionId);
    await sleep(to.context.clock, ROLL_BACK_PAUSE_MS);
  }
  throw new StreamError(
    "SINK_FAILED",
    `${to.who}: the XA transaction ${branch.globalId} of an earlier attempt cannot be rolled back: connection ${branch.connectionId} holds it and does not end; kill it, the restart tries again`,
  );
}
