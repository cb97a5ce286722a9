/** Owns: where the server of a table of Redis is, as its options say it. */
import type { TableOptions } from "../../options/table-options.ts";

/** Errors: TableError. */
export function serverUrl(options: TableOptions): string {
  const url = URL.parse(options.given("url"));
  if (url === null || !/^rediss?:$/.test(url.protocol))
    throw options.refuse(
      "url",
      "the option 'url' is not the address of a Redis server",
      "Write 'redis://host:6379/0'.",
    );
  if (url.username !== "" || url.password !== "")
    throw options.refuse(
      "url",
      "the option 'url' has a user in it",
      "Give 'username' and 'password' as options of their own.",
    );
  const [user = "", password = ""] = [options.text("username"), options.text("password")].map((each) =>
    encodeURIComponent(each ?? ""),
  );
  const login = user === "" && password === "" ? "" : `${user}:${password}@`;
  return `${url.protocol}//${login}${url.host}${url.pathname}`;
}
