/**
 * Owns: which warnings of the processes the person sees: those that the story does not tell anyway.
 * Not here: the log files, which have everything.
 *
 * WF1 A warning waits HOLD_MS: a failure often reaches a process's log before it reaches the JobManager, which tells it with
 *     its task and its place in the job module. If it is told by then, the warning says nothing new and is dropped.
 */
import type { Clock } from "../../base/index.ts";

const HOLD_MS = 250;
/** What was told counts for warnings that come this long after it. */
const REMEMBER_MS = 5000;
const REMEMBERED_MAX = 64;

export class WarningFilter {
  readonly #clock: Clock;
  readonly #show: (text: string, isError: boolean) => void;
  #told: { readonly text: string; readonly atMs: number }[] = [];
  readonly #held = new Set<() => void>();

  constructor(clock: Clock, show: (text: string, isError: boolean) => void) {
    this.#clock = clock;
    this.#show = show;
  }

  /** The story has said, or is about to say, this; warnings that contain it, or that it contains, are dropped. */
  tell(text: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#told = this.#told.filter(({ atMs }) => nowMs - atMs < REMEMBER_MS).slice(1 - REMEMBERED_MAX);
    this.#told.push({ text, atMs: nowMs });
  }

  /** `source`: the process; `text`: what it says; `isEcho`: asked later, whether it only repeats what is known. */
  take(source: string, text: string, isError: boolean, isEcho: () => boolean = () => false): void {
    const decide = (): void => {
      timer.cancel();
      this.#held.delete(decide);
      if (!this.#isTold(text) && !isEcho()) this.#show(`${source}: ${text}`, isError);
    };
    const timer = this.#clock.after(HOLD_MS, decide);
    this.#held.add(decide);
  }

  /** Decides about all that wait, now. */
  flush(): void {
    for (const decide of this.#held) decide();
  }

  #isTold(warning: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    return this.#told.some(
      ({ text, atMs }) =>
        nowMs - atMs < REMEMBER_MS && text !== "" && (warning.includes(text) || text.includes(warning)),
    );
  }
}
