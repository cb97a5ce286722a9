/**
 * Owns: what is done to values on their way from an operator to the next, whether or not they cross a process border: their
 *       type is checked, and they are frozen, so that what was emitted never changes.
 * Not here: the checks (type-check.ts), freezing (protected-value.ts).
 * Called by: taskmanager/chain for every record (hot path: one look at a flag).
 *
 * VG1 The type is checked of the first FIRST_VALUES values and of one for each batch after that, on every edge, local or not: a job that
 *     emits what does not fit fails at every parallelism. (At a border between threads every value is checked, by encoding.)
 * VG2 Frozen is every value that may be shared with something that changes later: of an operator that can emit what its state holds,
 *     and of a type that can hold more than flat data. The others, declared records of scalars, are frozen as often as they
 *     are checked: who reuses a row object meets the error with its second record.
 * VG3 With `pipeline.object-reuse` nothing is frozen; types are checked all the same.
 */
import { StreamError } from "../../base/index.ts";
import { remedyFor } from "./misfit.ts";
import { freezeValue } from "./protected-value.ts";
import { findMisfit } from "./type-check.ts";
import { describeType, type TypeKind, type ValueType } from "./value-type.ts";

/**
 * `sampled`: as VG1 and VG2 say. `all`: every value is checked and frozen: tests. `unfrozen`: VG3. `open`: all pass as they are, because
 * they were admitted before.
 */
export type GuardMode = "sampled" | "all" | "unfrozen" | "open";

const FIRST_VALUES = 1024;
/** Beside records in records. */
const HOLDERS: readonly TypeKind[] = ["any", "bytes", "list", "map", "date"];

export class ValueGuard {
  readonly #type: ValueType<unknown>;
  readonly #what: string;
  readonly #mode: GuardMode;
  readonly #freezesAll: boolean;
  #inspected = 0;
  /** The next value is to be checked. */
  #checksNext: boolean;
  /**
   * The next value has to be inspected; all that the usual record costs. Whoever asks for it itself passes a value that is not due on as it
   * is: with one variable for both V8 forgets what it knows of the value (about 8 ns a record).
   */
  isDue: boolean;

  /** `source` says who emits, for messages: `operator "x", uid "y",`; `emitsState`: it can emit what its state holds. */
  constructor(source: string, type: ValueType<unknown>, mode: GuardMode, emitsState = false) {
    this.#type = type;
    this.#what = `${source} emitted a record that`;
    this.#mode = mode;
    this.#freezesAll = mode === "all" || (mode === "sampled" && (emitsState || mayHoldMore(type)));
    this.#checksNext = mode !== "open";
    this.isDue = mode !== "open";
  }

  /** The value to go on with. Throws VALUE_NOT_SERIALIZABLE. */
  admit(value: unknown): unknown {
    return this.isDue ? this.inspect(value) : value;
  }

  /** The values of one batch, replaced in place by those to go on with. */
  admitRows(rows: unknown[]): void {
    this.checkNext();
    for (let row = 0; row < rows.length && this.isDue; row++) rows[row] = this.inspect(rows[row]);
  }

  /** The next value is checked: called once for each batch of records. */
  checkNext(): void {
    if (this.#mode === "open") return;
    this.#checksNext = true;
    this.isDue = true;
  }

  /** An admitted value for one more receiver: the same, but for what could not be frozen, of which each has its own. */
  share(value: unknown): unknown {
    return this.#freezesAll ? freezeValue(value, this.#what) : value;
  }

  /** `admit` of a value that is due. */
  inspect(value: unknown): unknown {
    const isSample = this.#checksNext;
    if (isSample) {
      this.#check(value);
      this.#inspected += 1;
      if (this.#inspected >= FIRST_VALUES && this.#mode !== "all") {
        this.#checksNext = false;
        this.isDue = this.#freezesAll;
      }
    }
    return this.#freezesAll || (isSample && this.#mode === "sampled") ? freezeValue(value, this.#what) : value;
  }

  #check(value: unknown): void {
    const found = findMisfit(this.#type, value);
    if (found === null) return;
    const { path, found: what, expected } = found;
    throw new StreamError(
      "VALUE_NOT_SERIALIZABLE",
      `${this.#what}${path === "" ? "" : ` at ${path}`} is ${what}, but the declared type is ${expected}${this.#declaration(expected)}; ${remedyFor(what, expected)}`,
      { destiny: "terminal" },
    );
  }

  #declaration(expected: string): string {
    const whole = describeType(this.#type);
    return whole === expected || this.#type.kind === "any" ? "" : ` (of ${whole})`;
  }
}

/** Whether a value of the type can hold something that is not looked at by freezing the value itself. */
function mayHoldMore(type: ValueType<unknown>): boolean {
  if (HOLDERS.includes(type.kind)) return true;
  return type.fields?.some((field) => field.type.kind === "record" || mayHoldMore(field.type)) ?? false;
}
