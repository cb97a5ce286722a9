/**
 * Owns: the port of the memory and the files in which operators hold rows until a bounded input has ended.
 * Not here: how rows are held, sorted and joined (runtime/spill), where files are (taskmanager/spill-files.ts).
 *
 * SPP1 An operator whose factory says `spills` holds no more than `budgetBytes` of rows in memory; the rest goes into files.
 * SPP2 A file is of one task and ends with it, however the task ends: what is in it never outlives the process.
 */

export interface SpillSpace {
  /** Memory for the rows of this operator. */
  readonly budgetBytes: number;
  /** Errors: SPILL_FAILED. */
  create(): SpillFile;
}

export interface SpillFile {
  /** Appends; answers where it begins. Errors: SPILL_FAILED. */
  append(bytes: Uint8Array): number;
  /** Fills `into` with what is there from `offset` on. Errors: SPILL_FAILED, also where there is less. */
  read(offset: number, into: Uint8Array): void;
  /** Gives its space back. May be called again. */
  close(): void;
}
