/**
 * Owns: what the operators of one task still have to emit for a record that is not complete, and going on with it.
 * Not here: emitting (operators/stepped-emission.ts), when the task goes on (task.ts).
 *
 * EMD1 The deepest operator of the chain goes on first: what it holds came out of those before it, so order is kept, and nothing
 *     piles up before it.
 * EMD2 `drain` goes on without regard to room: for what must not overtake a record (watermarks that an operator makes itself, what
 *     an operator emits at a barrier or at the end of its data).
 */
import type { Clock } from "../../base/index.ts";
import type { EmissionDesk } from "../ports/index.ts";

/** Whether the task is to stop after the present record, and when its turn is over (monotonic). */
export class TaskPause {
  isSet = false;
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isTimeUp(): boolean {
    return this.#clock.monotonicMs() >= this.deadlineMs;
  }
}

/** Values, or timers, between two looks at the clock. */
const LOOK_EVERY = 32;

type Resume = () => boolean;

export class TaskEmissions {
  readonly pause: TaskPause;
  /** Index = operator of the chain. */
  readonly #waiting: (Resume | undefined)[] = [];
  #count = 0;
  #isDraining = false;
  #looks = 0;

  constructor(pause: TaskPause) {
    this.pause = pause;
  }

  /** True while a record is not complete: nothing else may be taken. */
  get isPending(): boolean {
    return this.#count > 0;
  }

  /** The desk of one operator. */
  deskOf(index: number): EmissionDesk {
    return new OperatorDesk(this, index);
  }

  /** True when the task had better go on later: something wants it to stop, or its turn is over. */
  isFull(): boolean {
    if (this.#isDraining) return false;
    const { pause } = this;
    if (pause.isSet) return true;
    this.#looks += 1;
    if (this.#looks < LOOK_EVERY) return false;
    this.#looks = 0;
    if (pause.isTimeUp) pause.isSet = true;
    return pause.isSet;
  }

  defer(index: number, resume: Resume): void {
    if (this.#waiting[index] === undefined) this.#count += 1;
    this.#waiting[index] = resume;
    this.pause.isSet = true;
  }

  /** Goes on until all is emitted or there is no room. */
  goOn(): void {
    while (this.#count > 0 && !this.pause.isSet) this.#resumeDeepest(0);
  }

  /** Emits all that operators from `first` on hold, room or not (EMD2). */
  drain(first = 0): void {
    if (this.#count === 0) return;
    const wasDraining = this.#isDraining;
    this.#isDraining = true;
    while (this.#resumeDeepest(first));
    this.#isDraining = wasDraining;
  }

  /** False when there is none from `first` on. */
  #resumeDeepest(first: number): boolean {
    for (let index = this.#waiting.length - 1; index >= first; index--) {
      const resume = this.#waiting[index];
      if (resume === undefined) continue;
      this.#waiting[index] = undefined;
      this.#count -= 1;
      if (!resume()) this.defer(index, resume);
      return true;
    }
    return false;
  }
}

class OperatorDesk implements EmissionDesk {
  readonly #emissions: TaskEmissions;
  readonly #pause: TaskPause;
  readonly #index: number;

  constructor(emissions: TaskEmissions, index: number) {
    this.#emissions = emissions;
    this.#pause = emissions.pause;
    this.#index = index;
  }

  get isPaused(): boolean {
    return this.#pause.isSet;
  }

  isFull(): boolean {
    return this.#emissions.isFull();
  }

  defer(resume: Resume): void {
    this.#emissions.defer(this.#index, resume);
  }
}
