/**
 * Owns: the answers of preflights for whoever asks again, as an operator does that had no patience for the first.
 * Not here: finding one out (preflight.ts). Called by incarnation.ts.
 *
 * PFA1 While an answer is found out, who asks the same waits for that one: the store is read once, however many ask.
 * PFA2 An answer that may have come too late for who asked is kept for a while. So a store, or a machine, that needs longer than an
 *     operator waits does not keep the question open for ever. An error is an answer, too: it says what the store's trouble is.
 */
import type { Clock } from "../../../base/index.ts";
import type { PreflightAnswer, RestoreMessage } from "../../../contract/index.ts";

/** Operators wait for longer than this: what comes sooner has been heard. */
const HEARD_WITHIN_MS = 500;
/** Several times as long as an operator needs to ask again; short enough for what has been mended to be seen. */
const KEPT_MS = 15_000;

type Found = {
  readonly question: string;
  readonly answer: Promise<PreflightAnswer>;
  /** Until when it is given again, by the monotonic clock; null: it is being found out. */
  keptUntilMs: number | null;
};

export class PreflightAnswers {
  readonly #clock: Clock;
  #last: Found | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer that there is, or what `find` finds. Errors: those of `find`. */
  ask(from: RestoreMessage, find: () => Promise<PreflightAnswer>): Promise<PreflightAnswer> {
    const question = JSON.stringify(from);
    const last = this.#last;
    const isKept = last?.keptUntilMs === null || this.#clock.monotonicMs() < (last?.keptUntilMs ?? 0);
    if (last?.question === question && isKept) return last.answer;
    return this.#begin(question, find);
  }

  #begin(question: string, find: () => Promise<PreflightAnswer>): Promise<PreflightAnswer> {
    const beganMs = this.#clock.monotonicMs();
    const found: Found = { question, answer: find(), keptUntilMs: null };
    const keep = (): void => {
      const nowMs = this.#clock.monotonicMs();
      found.keptUntilMs = nowMs - beganMs < HEARD_WITHIN_MS ? nowMs : nowMs + KEPT_MS;
    };
    found.answer.then(keep, keep);
    this.#last = found;
    return found.answer;
  }
}
