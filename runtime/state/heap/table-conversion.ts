/**
 * Owns: bringing all values of a restored table to an evolved type (SP-12).
 * Called by: restore, and the declaration of a restored state whose type has changed; it takes about 100 ns a value, once.
 */
import type { Entry, Group, MapSlot, Table } from "./table.ts";
import { keepBeforeReplace } from "./versions.ts";

/** Replaces every value; a snapshot that is not written yet keeps the old ones, which fit the type it was taken with. */
export function convertTable(table: Table<unknown>, convert: (value: unknown) => unknown): void {
  for (const group of table.groups) {
    if (group === undefined) continue;
    if (table.meta.kind === "map") {
      for (const { key, cells } of (group as Group<MapSlot>).entries.values()) {
        for (const cell of cells.values()) {
          keepBeforeReplace(table.context, group, cell, { key, userKey: cell.key });
          cell.value = convert(cell.value);
        }
      }
      continue;
    }
    for (const entry of (group as Group<Entry>).entries.values()) {
      keepBeforeReplace(table.context, group, entry, { key: entry.key, userKey: null });
      entry.value = table.meta.kind === "list" ? (entry.value as unknown[]).map(convert) : convert(entry.value);
    }
  }
}
