/**
 * Owns: which tables a lookup reads whole, by their connectors' names: the others are asked for each row.
 * Does not own: reading and asking (runtime/tables); runtime/table/lookup-streams.ts asserts that both say the same.
 */
import type { CatalogTable } from "./catalog.ts";

const CONNECTORS: ReadonlySet<string> = new Set(["filesystem", "collection"]);

export const isReadWhole = ({ definition }: CatalogTable): boolean =>
  definition.options.some(({ key, value }) => key === "connector" && CONNECTORS.has(value.toLowerCase()));
