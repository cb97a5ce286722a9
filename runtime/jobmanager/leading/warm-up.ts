/**
 * Owns: having every TaskManager load the job before there is anything to deploy, so that an activation only restores and opens.
 * Not here: loading (slots: `prepare`), connections (task-manager-links.ts).
 *
 * WU1 A TaskManager is ready when each of its slots has said so since it registered; a slot's last word counts.
 * WU2 A slot that cannot load the job is told of, and holds up nothing: a deployment tries again and fails with the same reason.
 */
import type { ErrorInfo, TaskManagerId } from "../../../base/index.ts";

/** `said`: the last word of each slot; null: it has loaded the job. */
type Guest = { readonly slots: number; readonly said: Map<number, ErrorInfo | null> };

export class WarmUp {
  readonly #guests = new Map<TaskManagerId, Guest>();
  readonly #send: (to: TaskManagerId) => void;

  /** `send` asks a TaskManager to prepare. */
  constructor(send: (to: TaskManagerId) => void) {
    this.#send = send;
  }

  get registered(): number {
    return this.#guests.size;
  }

  get ready(): number {
    const isReady = ({ slots, said }: Guest): boolean =>
      [...said.values()].filter((error) => error === null).length === slots;
    return [...this.#guests.values()].filter(isReady).length;
  }

  /** Why one of them could not load the job. */
  get error(): ErrorInfo | null {
    for (const { said } of this.#guests.values()) for (const error of said.values()) if (error !== null) return error;
    return null;
  }

  admitted(id: TaskManagerId, slots: number): void {
    this.#guests.set(id, { slots, said: new Map() });
    this.#send(id);
  }

  prepared(id: TaskManagerId, slot: number, error: ErrorInfo | null): void {
    const guest = this.#guests.get(id);
    if (guest === undefined || slot >= guest.slots) return;
    guest.said.set(slot, error);
  }

  lost(id: TaskManagerId): void {
    this.#guests.delete(id);
  }
}
