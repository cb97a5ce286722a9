/**
 * Owns: functions of URLs.
 *
 * SQUU1 Parts come as they are written, nothing is decoded, as by Java's URL; what is no URL of a protocol that Java knows has no parts.
 */
import { plain } from "./implementations.ts";
import type { ScalarFactory } from "./scalar-implementation.ts";

const protocols: ReadonlySet<string> = new Set(["http", "https", "ftp", "file", "jar"]);

const FORM =
  /^(?<protocol>[A-Za-z][A-Za-z0-9+.-]*):(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<reference>.*))?$/s;
const AUTHORITY = /^(?:(?<user>[^@]*)@)?(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d{0,5}))?$/;

function partOf(url: string, part: string): string | null {
  const parts = FORM.exec(url.trim())?.groups;
  if (parts === undefined || !protocols.has((parts["protocol"] ?? "").toLowerCase())) return null;
  const { authority, path = "", query, reference } = parts;
  const host = AUTHORITY.exec(authority ?? "")?.groups;
  if (host === undefined) return null;
  switch (part) {
    case "PROTOCOL":
      return (parts["protocol"] ?? "").toLowerCase();
    case "AUTHORITY":
      return authority ?? null;
    case "USERINFO":
      return host["user"] ?? null;
    case "HOST":
      return host["host"] ?? "";
    case "PATH":
      return path;
    case "QUERY":
      return query ?? null;
    case "REF":
      return reference ?? null;
    case "FILE":
      return query === undefined ? path : `${path}?${query}`;
    default:
      return null;
  }
}

/** With a key: the first value of it in the query. */
function parseUrl(url: string, part: string, key?: string): string | null {
  if (key === undefined) return partOf(url, part);
  if (part !== "QUERY") return null;
  const found = partOf(url, part)
    ?.split("&")
    .find((pair) => pair.startsWith(`${key}=`));
  return found === undefined ? null : found.slice(key.length + 1);
}

/** As Java's URLEncoder does it for forms: a blank is +, and *-._ stay. */
const encoded = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll("%20", "+")
    .replaceAll(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

export const urlFunctions: Readonly<Record<string, ScalarFactory>> = {
  PARSE_URL: plain(parseUrl),
  URL_ENCODE: plain(encoded),
  URL_DECODE: plain(decoded),
};
