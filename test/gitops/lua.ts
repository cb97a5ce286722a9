/**
 * Owns: running a health script as Argo CD does: its own Lua, the object in the global `obj`, and what the script returns.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export type Health = { readonly status: string; readonly message: string };

const run = promisify(execFile);
const SEPARATOR = "\u001f";

/** What the script says of each object, in order. Errors: it fails, or returns something else. */
export async function healthOf(glua: string, script: string, objects: readonly object[]): Promise<Health[]> {
  const program = [
    `local function health(obj)\n${script}\nend`,
    `local function quoted(text) return (tostring(text):gsub("\\n", "\\\\n")) end`,
    `for _, obj in ipairs(${luaValue(objects)}) do`,
    `  local found = health(obj)`,
    `  print(quoted(found.status) .. "${SEPARATOR}" .. quoted(found.message))`,
    `end`,
  ].join("\n");
  const folder = await mkdtemp(join(tmpdir(), "streamjob-lua-"));
  try {
    const path = join(folder, "health.lua");
    await writeFile(path, program);
    const { stdout } = await run(glua, [path], { maxBuffer: 16 * 1024 * 1024 });
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [status = "", message = ""] = line.split(SEPARATOR);
        return { status, message };
      });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A literal of Lua. A member that is null is absent, as in the tables that Argo CD makes. */
function luaValue(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaValue).join(",")}}`;
  if (typeof value === "string") return luaText(value);
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
    return `{${members.map(([name, member]) => `[${luaText(name)}]=${luaValue(member)}`).join(",")}}`;
  }
  return String(value ?? "nil");
}

function luaText(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, "0")}`);
  return `"${bytes.join("")}"`;
}
