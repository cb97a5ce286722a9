/** Owns: where the server of a table of MySQL is, as its options say it. */
import type { TableOptions } from "../../options/table-options.ts";

/** Errors: TableError. */
export function serverUrl(options: TableOptions): string {
  const written = options.given("url").replace(/^jdbc:/, "");
  const url = URL.parse(written);
  if (url === null || url.protocol !== "mysql:" || url.pathname.length < 2)
    throw options.refuse(
      "url",
      "the option 'url' is not the address of a database",
      "Write 'mysql://host:3306/database'.",
    );
  if (url.username !== "" || url.password !== "")
    throw options.refuse(
      "url",
      "the option 'url' has a user in it",
      "Give 'username' and 'password' as options of their own.",
    );
  if (url.search !== "")
    throw options.refuse(
      "url",
      "the option 'url' has properties of JDBC behind its '?'",
      "Take them out: there is no Java here.",
    );
  const [user, password] = [options.given("username"), options.given("password")].map(encodeURIComponent);
  return `mysql://${user}:${password}@${url.host}${url.pathname}`;
}
