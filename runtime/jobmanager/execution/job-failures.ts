/**
 * Owns: the failures of a job: their history, what the restart strategy remembers of them, how often the job was restarted, and the one
 * that ended it.
 * Not here: what a failure leads to (failure-decision.ts), carrying it out (failover.ts).
 */
import type { Clock, ErrorInfo, Random } from "../../../base/index.ts";
import type { RestartStrategy } from "../../graph/index.ts";
import type { ExceptionEntry } from "../control.ts";
import { ExceptionHistory } from "./exception-history.ts";
import { type Task, taskName } from "./execution.ts";
import { decideFailure, type FailureDecision, type FailureFacts } from "./failure-decision.ts";
import { NO_FAILURES, type RestartMemory } from "./restart-strategy.ts";

type Known = "error" | "strategy" | "memory" | "nowMs" | "chance";

export class JobFailures {
  readonly #strategy: RestartStrategy;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #history = new ExceptionHistory();
  #memory: RestartMemory = NO_FAILURES;
  #restarts = 0;
  /** Why the job failed; null: it has not. */
  last: ErrorInfo | null = null;

  constructor(strategy: RestartStrategy, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#strategy = strategy;
    this.#clock = clock;
    this.#random = random;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Newest first. */
  view(): readonly ExceptionEntry[] {
    return this.#history.view();
  }

  /** A failure that no task is to blame for. */
  note(error: ErrorInfo): void {
    this.#history.add(this.#entryOf(error, null));
  }

  /** Decides what it leads to, and remembers it. `task`: null when none is to blame. */
  decide(error: ErrorInfo, task: Task | null, facts: Omit<FailureFacts, Known>): FailureDecision {
    const decision = decideFailure({
      ...facts,
      error,
      strategy: this.#strategy,
      memory: this.#memory,
      nowMs: this.#clock.monotonicMs(),
      chance: this.#random.next(),
    });
    if (decision.kind === "ignore") return decision;
    const entry = this.#entryOf(error, task);
    if (decision.kind === "echo") {
      this.#history.addEcho(entry);
      return decision;
    }
    this.#history.add(entry);
    this.#memory = decision.memory;
    if (decision.kind === "commitAgain" || (decision.kind === "restart" && !decision.isMerged)) this.#restarts++;
    return decision;
  }

  #entryOf(error: ErrorInfo, task: Task | null): ExceptionEntry {
    const timeMs = this.#clock.nowMs();
    if (task === null) return { error, timeMs, taskName: null, taskManagerId: null };
    return { error, timeMs, taskName: taskName(task), taskManagerId: task.location?.taskManagerId ?? null };
  }
}
