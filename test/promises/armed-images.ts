/**
 * Owns: programs for the embedded kubelet of which the next one that is started dies at a failpoint; and images that are not there.
 */
import type { ImageTable, Programs } from "../../embedded/kubelet/index.ts";
import { localPrograms } from "../../main/control-plane/index.ts";

export type ArmedRole = "jobmanager" | "taskmanager";

export class ArmedImages {
  /** Images that cannot be pulled. */
  readonly missing = new Set<string>();
  readonly #armed = new Map<ArmedRole, string>();
  #isArmed = false;
  #startsNone = false;
  #onStartNone: ((startsNone: boolean) => void) | null = null;
  #onArm: ((role: ArmedRole, failpoints: string) => void) | null = null;

  /** The next process of that role is started with these failpoints; those after it without. */
  arm(role: ArmedRole, failpoints: string): void {
    this.#isArmed = true;
    if (this.#onArm !== null) return this.#onArm(role, failpoints);
    this.#armed.set(role, failpoints);
  }

  /** Whether any program was ever armed. */
  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** For a cluster whose images are not this table: it arms them itself. */
  onArm(arm: (role: ArmedRole, failpoints: string) => void): void {
    this.#onArm = arm;
  }

  /** From now on no process starts, of whatever image; false: again they do. Those that run do not notice. */
  startNone(startsNone: boolean): void {
    this.#startsNone = startsNone;
    this.#onStartNone?.(startsNone);
  }

  /** As `onArm`. */
  onStartNone(startNone: (startsNone: boolean) => void): void {
    this.#onStartNone = startNone;
  }

  get table(): ImageTable {
    return (image) => (this.#startsNone || this.missing.has(image) ? null : this.#programs());
  }

  #programs(): Programs {
    const plain = localPrograms();
    return Object.fromEntries(Object.entries(plain).map(([role, program]) => [role, this.#armable(role, program)]));
  }

  #armable(role: string, program: Programs[string] & object): Programs[string] & object {
    const take = (): Readonly<Record<string, string>> => {
      const failpoints = this.#armed.get(role as ArmedRole);
      this.#armed.delete(role as ArmedRole);
      return { ...program.env, ...(failpoints === undefined ? {} : { STREAMJOB_FAILPOINTS: failpoints }) };
    };
    return {
      command: program.command,
      args: program.args,
      // Read once at each start.
      get env() {
        return take();
      },
    };
  }
}
