/**
 * Owns: what a run's kills were, and how long the job took to come back from them, as a table.
 *
 * KL1 Recovery is from the kill to the completion of the first checkpoint that was triggered after it: from then on nothing of
 *     what was lost will be lost again. A kill in the middle of a recovery counts to the recovery from the last one.
 */
export type Role = "JobManager" | "TaskManager";

export class KillLog {
  readonly #recoveries: { readonly role: Role; readonly ms: number }[] = [];
  readonly #counts = { JobManager: 0, TaskManager: 0 };

  killed(role: Role): void {
    this.#counts[role]++;
  }

  recovered(role: Role, ms: number): void {
    this.#recoveries.push({ role, ms });
  }

  get kills(): number {
    return this.#counts.JobManager + this.#counts.TaskManager;
  }

  table(): string {
    const rows = (["TaskManager", "JobManager"] as const).map((role) => {
      const sorted = this.#recoveries
        .flatMap((entry) => (entry.role === role ? [entry.ms] : []))
        .toSorted((a, b) => a - b);
      const seconds = (share: number): string =>
        sorted.length === 0 ? "-" : `${((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1)} s`;
      return [role, String(this.#counts[role]), String(sorted.length), seconds(0.5), seconds(1)];
    });
    const lines = [["killed", "kills", "recoveries", "p50", "max"], ...rows];
    return lines
      .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(12) : cell.padStart(11))).join(""))
      .join("\n");
  }
}
