/**
 * Owns: what the operators of one task still have to emit for a record that is not complete, and going on with it.
 * Not here: emitting (operators/stepped-emission.ts), when the task goes on (task.ts).
 *
 * EMD1 The deepest operator of the chain goes on first: what it holds came out of those before it, so order is kept, and nothing
 *     piles up before it.
 * EMD2 `drain` goes on without regard to room: for what must not overtake a record (watermarks that an operator makes itself, what
 *     an operator emits at a barrier or at the end of its data).
 * EMD3 What operators before one that takes no input hold waits for that one, which goes on itself.
 * EMD4 An error of what an operator left for later names that operator, and not the one at whose record it came up.
 */
import type { Clock } from "../../base/index.ts";
import type { EmissionDesk } from "../ports/index.ts";
import { blaming, type Operator } from "./code-owner.ts";

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
  /** Of each operator of the chain two places: what it has not taken of its input, and what it still has to emit of what it took. */
  readonly #waiting: (Resume | undefined)[] = [];
  #count = 0;
  #isDraining = false;
  #looks = 0;
  /** Operators that take no input. */
  readonly #holding = new Set<number>();
  /** The deepest of them; -1: none. */
  #heldBefore = -1;

  constructor(pause: TaskPause) {
    this.pause = pause;
  }

  /** True while a record is not complete: nothing else may be taken. */
  get isPending(): boolean {
    return this.#count > 0;
  }

  /** True while an operator takes no input (EMD3). */
  get isHeld(): boolean {
    return this.#heldBefore >= 0;
  }

  /** True when what is pending would go on now, as far as this task's operators are concerned (EMD3). */
  get canGoOn(): boolean {
    return this.#waiting.findLastIndex((resume) => resume !== undefined) >= this.#heldBefore * 2 + 1;
  }

  /** An operator takes no input, or takes it again. */
  hold(index: number, isHeld: boolean): void {
    if (isHeld) {
      this.#holding.add(index);
      this.pause.isSet = true;
    } else {
      this.#holding.delete(index);
    }
    this.#heldBefore = Math.max(-1, ...this.#holding);
  }

  /** The desk of one operator: what goes wrong when it goes on is the operator's (EMD4). */
  deskOf(index: number, operator: Operator): EmissionDesk {
    return new OperatorDesk(this, index, operator);
  }

  /** True when the operator at `index` had better go on later: something wants the task to stop, or its turn is over. */
  isFull(index: number): boolean {
    if (this.#isDraining) return false;
    const { pause } = this;
    if (pause.isSet || index < this.#heldBefore) return true;
    this.#looks += 1;
    if (this.#looks < LOOK_EVERY) return false;
    this.#looks = 0;
    if (pause.isTimeUp) pause.isSet = true;
    return pause.isSet;
  }

  /** The same between steps that take long: it looks at the clock each time. */
  isFullAfterStep(index: number): boolean {
    this.#looks = LOOK_EVERY;
    return this.isFull(index);
  }

  defer(index: number, resume: Resume): void {
    this.#put(index * 2 + 1, resume);
  }

  /** The operator at `index` has not taken all of its input: `resume` gives it more, when what it emitted before is gone. */
  deferInput(index: number, resume: Resume): void {
    this.#put(index * 2, resume);
  }

  /** Goes on until all is emitted or there is no room. */
  goOn(): void {
    while (this.#count > 0 && !this.pause.isSet && this.canGoOn) this.#resumeDeepest(0);
  }

  /** Emits all that operators from `first` on hold, room or not (EMD2). */
  drain(first = 0): void {
    if (this.#count === 0) return;
    const wasDraining = this.#isDraining;
    this.#isDraining = true;
    while (this.#resumeDeepest(first * 2));
    this.#isDraining = wasDraining;
  }

  #put(place: number, resume: Resume): void {
    if (this.#waiting[place] === undefined) this.#count += 1;
    this.#waiting[place] = resume;
    this.pause.isSet = true;
  }

  /** False when there is none from `first` on. */
  #resumeDeepest(first: number): boolean {
    for (let place = this.#waiting.length - 1; place >= first; place--) {
      const resume = this.#waiting[place];
      if (resume === undefined) continue;
      this.#waiting[place] = undefined;
      this.#count -= 1;
      if (!resume()) this.#put(place, resume);
      return true;
    }
    return false;
  }
}

class OperatorDesk implements EmissionDesk {
  readonly #emissions: TaskEmissions;
  readonly #pause: TaskPause;
  readonly #index: number;
  readonly #operator: Operator;

  constructor(emissions: TaskEmissions, index: number, operator: Operator) {
    this.#operator = operator;
    this.#emissions = emissions;
    this.#pause = emissions.pause;
    this.#index = index;
  }

  get isPaused(): boolean {
    return this.#pause.isSet;
  }

  isFull(): boolean {
    return this.#emissions.isFull(this.#index);
  }

  isFullAfterStep(): boolean {
    return this.#emissions.isFullAfterStep(this.#index);
  }

  defer(resume: Resume): void {
    this.#emissions.defer(this.#index, blaming(this.#operator, resume));
  }
}
