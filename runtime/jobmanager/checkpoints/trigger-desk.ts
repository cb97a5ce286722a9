/**
 * Owns: taking requests for savepoints, stops and checkpoints: whether one may be taken now, and where a savepoint goes.
 * Not here: taking it (checkpoint-coordinator.ts), what became of it (trigger-registry.ts).
 *
 * TRD1 An id seen before is accepted and starts nothing new (TR1).
 * TRD2 A savepoint goes into a fresh folder in the directory given, or exactly where the caller says (`targetPath`); there whatever a
 *     failed one left stays, since an earlier process's files and a later one's cannot be told apart.
 */
import { type JobId, type Random, StreamError, toErrorInfo } from "../../../base/index.ts";
import { newSavepointUri } from "../../checkpoint/index.ts";
import { storeUriOf } from "../../storage/index.ts";
import type { JobStatus, SavepointRequest, TriggerAnswer } from "../control.ts";
import type { CheckpointRequest } from "./pending-checkpoint.ts";
import { assertSavepointPlace } from "./savepoint-places.ts";
import type { TriggerRegistry } from "./trigger-registry.ts";

export type DeskFacts = {
  readonly status: JobStatus;
  /** Tasks were told to finish. */
  readonly isFinishing: boolean;
  /** A stop or drain is under way. */
  readonly isStopping: boolean;
  /** null: nothing is deployed yet. */
  readonly request: ((request: CheckpointRequest) => void) | null;
};

export type DeskOptions = {
  readonly jobId: JobId;
  readonly random: Random;
  readonly triggers: TriggerRegistry;
  /** The job's default; null: none. */
  readonly savepointDirectory: string | null;
  /** Where savepoints may be; null: anywhere (SVP2). */
  readonly savepointPrefixes: readonly string[] | null;
  readonly facts: () => DeskFacts;
};

type Target = { readonly uri: string; readonly isExact: boolean };

export class TriggerDesk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  savepoint(request: SavepointRequest): TriggerAnswer {
    return this.#open(request.kind, request.triggerId, () => this.#targetOf(request));
  }

  checkpoint(triggerId: string | null): TriggerAnswer {
    return this.#open("checkpoint", triggerId, () => null);
  }

  #open(kind: CheckpointRequest["kind"], triggerId: string | null, targetOf: () => Target | null): TriggerAnswer {
    const { triggers, facts } = this.#options;
    if (triggerId !== null && triggers.get(triggerId) !== null) return { kind: "accepted", triggerId };
    try {
      const { status, isFinishing, isStopping, request } = facts();
      if (request === null || status !== "RUNNING" || isFinishing) {
        throw new StreamError(
          "JOB_STATE_CONFLICT",
          `the job is ${isFinishing ? "finishing" : status}: savepoints and checkpoints can only be taken of a RUNNING job`,
        );
      }
      if (isStopping) throw new StreamError("JOB_STATE_CONFLICT", "the job is already being stopped with a savepoint");
      const target = targetOf();
      const id = triggers.open(triggerId);
      request({ kind, triggerId: id, target: target?.uri ?? null, isExactTarget: target?.isExact ?? false });
      return { kind: "accepted", triggerId: id };
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      return { kind: "refused", error: toErrorInfo(error) };
    }
  }

  #targetOf({ targetDirectory, targetPath = null }: SavepointRequest): Target {
    const { jobId, random, savepointDirectory, savepointPrefixes } = this.#options;
    const given = targetPath ?? targetDirectory ?? savepointDirectory;
    if (given === null) {
      throw new StreamError(
        "SAVEPOINT_NO_TARGET",
        "a savepoint needs a directory: specify one in the request, or set state.savepoints.dir",
      );
    }
    assertSavepointPlace(given, savepointPrefixes);
    const isExact = targetPath !== null;
    const uri = isExact ? storeUriOf(given).replace(/\/_metadata$/, "") : newSavepointUri(given, jobId, random);
    if (!uri.startsWith("memory:")) return { uri, isExact };
    throw new StreamError(
      "OPTION_INVALID",
      `a savepoint in ${given} would be lost when the process ends; specify a folder`,
    );
  }
}
