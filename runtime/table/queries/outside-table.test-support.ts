/**
 * Owns: the users once more, as a table that is looked up in.
 */
import type { Data } from "./data.test-support.ts";

/** `lives` and `twice` are computed, so that conditions are on what no server knows. `server`: a Redis with a key for each user; null: the rows stand in the statement. */
export function outsideTable(
  { users }: Pick<Data, "users">,
  server: { readonly url: string; readonly prefix: string } | null = null,
): string {
  const columns = "id INT, name STRING, city STRING, level INT, twice AS level * 2, lives AS COALESCE(city, 'nowhere')";
  if (server !== null)
    return `CREATE TABLE outside (${columns}, PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'redis', 'url' = '${server.url}', 'format' = 'json', 'key-prefix' = '${server.prefix}')`;
  const rows = JSON.stringify(users).replaceAll("'", "''");
  return `CREATE TABLE outside (${columns}) WITH ('connector' = 'collection', 'rows' = '${rows}')`;
}
